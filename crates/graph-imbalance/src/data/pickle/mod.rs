//! Reading Python pickles of arrays, sparse matrices and adjacency lists, and nothing else.
//!
//! A pickle is a program for a stack machine that may call any function of Python. This machine knows
//! the few opcodes and names that the files of Planetoid use, in the form of Python 2 and in that in
//! which Python 3 writes the same objects (protocols 2 to 4). Everything else is an error with its
//! byte offset. Nothing is executed.
//!
//! # Bounds
//! Objects lie in one list and refer to each other by number, so that neither building nor dropping
//! them recurses. An opcode makes at most one object and nothing is copied before it is asked for, so
//! memory grows with the number of bytes, whatever they say; views go to a fixed depth.

mod call;
mod cursor;
mod global;
mod machine;
mod object;
#[cfg(test)]
mod tests;
mod view;

use std::path::Path;

use crate::Result;

pub(super) use view::Pickle;

/// The objects of the pickle in `bytes`, a file that errors call `path`.
///
/// # Errors
/// [`Error::Core`](crate::Error::Core) with the byte offset, where an opcode or a global is not among
/// those that are read, the stack or the memo lacks what an opcode needs, or the bytes end too early
/// or go on after the last opcode.
pub(super) fn load<'a>(bytes: &'a [u8], path: &'a Path) -> Result<Pickle<'a>> {
    let (nodes, root) = machine::run(bytes).map_err(|fault| fault.in_file(path))?;
    Ok(Pickle::new(bytes, path, nodes, root))
}
