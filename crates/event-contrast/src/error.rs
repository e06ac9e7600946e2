//! What can go wrong.

use std::path::{Path, PathBuf};

use crate::penman::Fault;

/// A mistake in what a function was given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A graph in PENMAN notation that cannot be read.
    #[error("{}:{line}:{column}: {}{fault}", origin.display(), named(id))]
    Penman {
        /// The file, or what the text was called.
        origin: PathBuf,
        /// The graph's `::id`, where it has one.
        id: Option<String>,
        /// Line in the input, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// What is wrong there.
        fault: Fault,
    },
    /// Comment lines of a graph (nodes, edges, tokens, alignments) that contradict each other or the
    /// graph.
    #[error("{}:{line}: {}{reason}", origin.display(), named(id))]
    Annotation {
        /// The file, or what the text was called.
        origin: PathBuf,
        /// The graph's `::id`, where it has one.
        id: Option<String>,
        /// First line of the graph's block, from 1.
        line: usize,
        /// What is wrong, with the value at fault.
        reason: String,
    },
    /// A graph that has no PENMAN notation.
    #[error("the graph cannot be written: {what} {reason}")]
    Unwritable {
        /// The variable, role or constant at fault.
        what: String,
        /// Why it cannot be written, and what to do.
        reason: &'static str,
    },
    /// Triples that make no graph.
    #[error("the triples make no graph: {what} {reason}")]
    Triples {
        /// The variable at fault.
        what: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A file, a document, a tensor or a setting that `plm-core` refuses.
    #[error(transparent)]
    Core(#[from] plm_core::Error),
}

impl Error {
    /// An argument `what` whose value is out of its domain.
    pub(crate) fn invalid(what: impl Into<String>, reason: impl Into<String>) -> Self {
        plm_core::Error::invalid(what, reason).into()
    }

    /// A setting `key` of `origin` that is out of its domain.
    pub(crate) fn config(
        origin: impl Into<String>,
        key: impl Into<String>,
        reason: impl Into<String>,
    ) -> Self {
        plm_core::Error::config(origin, key, reason).into()
    }

    /// Line `line` (from 1) of a file that cannot be read.
    pub(crate) fn line(path: impl AsRef<Path>, line: usize, reason: impl Into<String>) -> Self {
        plm_core::Error::line(path, line, reason).into()
    }

    /// A file that is not what its name or header says.
    pub(crate) fn format(path: impl AsRef<Path>, reason: impl Into<String>) -> Self {
        plm_core::Error::format(path, reason).into()
    }

    /// A file that cannot be read or written.
    pub(crate) fn io(path: impl AsRef<Path>, source: std::io::Error) -> Self {
        plm_core::Error::io(path, source).into()
    }
}

/// Result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// `graph ID: `, or nothing.
fn named(id: &Option<String>) -> String {
    id.as_ref()
        .map_or_else(String::new, |id| format!("graph {id}: "))
}

/// What a step tells `plm-core`'s trainer, which speaks of its own errors only.
pub(crate) fn to_core(error: Error) -> plm_core::Error {
    match error {
        Error::Core(error) => error,
        other => plm_core::Error::invalid("event data", other.to_string()),
    }
}
