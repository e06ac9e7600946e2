//! The crate's error type.

use std::path::Path;

/// What every fallible function of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A mistake in a graph, its files or a setting. Each text names the place, the value and the limit.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file, a matrix, a tensor or a setting that `plm-core` refuses.
    #[error(transparent)]
    Core(#[from] plm_core::Error),
    /// A class without a labeled training node.
    #[error("class {class} of {n_classes} has no labeled training node")]
    EmptyClass {
        /// The class.
        class: usize,
        /// The number of classes.
        n_classes: usize,
    },
    /// An iteration did not come close enough to its solution.
    #[error(
        "{solver}: residual {residual:e} after {iterations} iterations, wanted at most {tolerance:e}"
    )]
    NotConverged {
        /// Which solver.
        solver: &'static str,
        /// The largest relative residual of a column.
        residual: f64,
        /// Iterations done.
        iterations: usize,
        /// What was asked for.
        tolerance: f64,
    },
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

    /// A file that is not what its name or header says.
    pub(crate) fn format(path: impl AsRef<Path>, reason: impl Into<String>) -> Self {
        plm_core::Error::format(path, reason).into()
    }

    /// A file that cannot be read or written.
    pub(crate) fn io(path: impl AsRef<Path>, source: std::io::Error) -> Self {
        plm_core::Error::io(path, source).into()
    }

    /// One line of a text file that cannot be read.
    pub(crate) fn line(path: impl AsRef<Path>, line: usize, reason: impl Into<String>) -> Self {
        plm_core::Error::line(path, line, reason).into()
    }
}
