//! What can go wrong.

use std::fmt;

/// A mistake in what a function was given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An expert size that does not divide the neurons.
    #[error("{neurons} neurons cannot be divided into experts of {expert_size}")]
    NotDivisible {
        /// Neurons of the feed-forward layer.
        neurons: usize,
        /// Neurons that an expert was to have.
        expert_size: usize,
    },
    /// A number of experts that does not divide the neurons.
    #[error("{neurons} neurons cannot be shared out evenly among {experts} experts")]
    Uneven {
        /// Neurons of the feed-forward layer.
        neurons: usize,
        /// Experts that they were to be shared out among.
        experts: usize,
    },
    /// A partition whose experts differ in size.
    #[error("expert {expert} has {found} neurons, expected {expected}")]
    Unbalanced {
        /// Number of the expert.
        expert: usize,
        /// Its neurons.
        found: usize,
        /// Neurons that every expert must have.
        expected: usize,
    },
    /// A number of experts that a token cannot choose.
    #[error("a token cannot choose {k} of {experts} experts; it takes 1 to {experts}")]
    Chosen {
        /// Experts that were asked for.
        k: usize,
        /// Experts that there are.
        experts: usize,
    },
    /// A weight or an input that is not a finite number.
    #[error("{what} holds {value} at row {row}, column {column}; only finite numbers are allowed")]
    NotFinite {
        /// The matrix.
        what: String,
        /// Row, from 0.
        row: usize,
        /// Column, from 0.
        column: usize,
        /// The value.
        value: f64,
    },
    /// Sizes that do not fit together.
    #[error("{what} has {found} values, expected {expected}")]
    Size {
        /// What has the wrong size.
        what: String,
        /// Its size.
        found: usize,
        /// The size that fits.
        expected: usize,
    },
    /// A setting out of its limits.
    #[error("{name} = {value}: {limit}")]
    Setting {
        /// Name of the setting.
        name: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        limit: &'static str,
    },
    /// No tokens, or none with an active neuron, where some are needed.
    #[error("{what}: no token to learn from")]
    NoTokens {
        /// What was to be learned.
        what: &'static str,
    },
    /// A file, a tensor or a setting that `plm-core` refuses.
    #[error(transparent)]
    Core(#[from] plm_core::Error),
}

/// Result of this crate's functions.
pub type Result<T> = std::result::Result<T, Error>;

/// Checks that `what` has as many values as expected. `what` is formatted for the error only.
///
/// # Errors
/// [`Error::Size`].
pub(crate) fn check_size(what: impl fmt::Display, found: usize, expected: usize) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    Err(Error::Size {
        what: what.to_string(),
        found,
        expected,
    })
}
