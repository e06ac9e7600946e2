//! What lies on the machine's stack.

use std::ops::Range;
use std::path::Path;

use super::global::Global;
use crate::Error;

/// The number of an object.
pub(super) type Id = usize;

/// An object and the opcode that made it.
#[derive(Debug)]
pub(super) struct Node {
    /// The offset of the opcode.
    pub(super) at: usize,
    /// The object.
    pub(super) object: Object,
}

/// An object of a pickle. Text and bytes stay in the file.
#[derive(Debug)]
pub(super) enum Object {
    None,
    Bool(bool),
    Int(i64),
    /// A string of Python 2 or bytes of Python 3.
    Bytes(Range<usize>),
    /// A string of Python 3, which is UTF-8.
    Text(Range<usize>),
    /// Bytes written as the characters of this text.
    Encoded(Id),
    Tuple(Vec<Id>),
    List(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    Global(Global),
    /// The name of an element type, and its state once it was set.
    ElementType(Id, Option<Id>),
    /// The state of an array, once it was set.
    Array(Option<Id>),
    /// The state of a sparse matrix, once it was set.
    Matrix(Option<Id>),
}

impl Object {
    /// What it is, for errors.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Bool(_) => "a truth value",
            Self::Int(_) => "a number",
            Self::Bytes(_) | Self::Encoded(_) => "a byte string",
            Self::Text(_) => "a string",
            Self::Tuple(_) => "a tuple",
            Self::List(_) => "a list",
            Self::Dict(_) => "a dictionary",
            Self::Global(_) => "a global",
            Self::ElementType(..) => "an element type",
            Self::Array(_) => "an array",
            Self::Matrix(_) => "a sparse matrix",
        }
    }
}

/// What is wrong with a pickle, and where.
#[derive(Debug)]
pub(super) struct Fault {
    at: usize,
    reason: String,
}

impl Fault {
    /// A fault of the opcode at `at`.
    pub(super) fn new(at: usize, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self { at, reason }
    }

    /// The crate's error for it.
    pub(super) fn in_file(self, path: &Path) -> Error {
        Error::format(path, format!("byte {}: {}", self.at, self.reason))
    }
}
