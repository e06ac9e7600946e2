//! The crate's error type.

use std::path::{Path, PathBuf};

/// What every fallible function of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A mistake in data, files or settings. Each text names the place, the value and the limit.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Reading or writing a file failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A file is not what its name or header says.
    #[error("{}: {reason}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// One line of a text file cannot be read.
    #[error("{}:{line}: {reason}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Line number, from 1.
        line: usize,
        /// What is wrong with the line.
        reason: String,
    },
    /// A setting is missing, of the wrong type or out of range.
    #[error("{origin}: `{key}` {reason}")]
    Config {
        /// Where the setting comes from: a file's path or a type's name.
        origin: String,
        /// The setting.
        key: String,
        /// Its value and what is allowed.
        reason: String,
    },
    /// A checkpoint does not hold what the model needs.
    #[error("{}: {reason}", path.display())]
    Checkpoint {
        /// The checkpoint file or directory.
        path: PathBuf,
        /// The tensors at fault.
        reason: String,
    },
    /// Text cannot be turned into tokens that the model knows.
    #[error("tokenizer: {reason}")]
    Tokenizer {
        /// What is wrong.
        reason: String,
    },
    /// A device name is unknown or its backend is not compiled in.
    #[error("device `{name}`: {reason}; compiled in: {available}")]
    Device {
        /// The name asked for.
        name: String,
        /// Why it cannot be had.
        reason: String,
        /// The names that can.
        available: String,
    },
    /// Gradients of a training step are not finite.
    #[error(
        "gradients: are not finite at step {step} (first: `{first}`), {in_a_row} in a row, at most {limit} \
         allowed"
    )]
    NotFiniteGradients {
        /// The step, from 0.
        step: u64,
        /// The path of the first such gradient; `their sum` where only that is not finite.
        first: String,
        /// How many steps in a row had such gradients, this one included.
        in_a_row: u64,
        /// How many are allowed.
        limit: u64,
    },
    /// An argument's value is out of its domain.
    #[error("{what}: {reason}")]
    Invalid {
        /// The argument.
        what: String,
        /// Its value and the limit.
        reason: String,
    },
}

impl Error {
    /// An [`Error::Io`] for `path`.
    pub fn io(path: impl AsRef<Path>, source: std::io::Error) -> Self {
        Self::Io {
            path: path.as_ref().to_path_buf(),
            source,
        }
    }

    /// An [`Error::Format`] for `path`.
    pub fn format(path: impl AsRef<Path>, reason: impl Into<String>) -> Self {
        Self::Format {
            path: path.as_ref().to_path_buf(),
            reason: reason.into(),
        }
    }

    /// An [`Error::Line`] for line `line` (from 1) of `path`.
    pub fn line(path: impl AsRef<Path>, line: usize, reason: impl Into<String>) -> Self {
        Self::Line {
            path: path.as_ref().to_path_buf(),
            line,
            reason: reason.into(),
        }
    }

    /// An [`Error::Config`] for setting `key` of `origin`.
    pub fn config(
        origin: impl Into<String>,
        key: impl Into<String>,
        reason: impl Into<String>,
    ) -> Self {
        Self::Config {
            origin: origin.into(),
            key: key.into(),
            reason: reason.into(),
        }
    }

    /// An [`Error::Checkpoint`] for `path`.
    pub fn checkpoint(path: impl AsRef<Path>, reason: impl Into<String>) -> Self {
        Self::Checkpoint {
            path: path.as_ref().to_path_buf(),
            reason: reason.into(),
        }
    }

    /// An [`Error::Tokenizer`].
    pub fn tokenizer(reason: impl Into<String>) -> Self {
        Self::Tokenizer {
            reason: reason.into(),
        }
    }

    /// An [`Error::Invalid`] for the argument `what`.
    pub fn invalid(what: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Invalid {
            what: what.into(),
            reason: reason.into(),
        }
    }
}
