//! Settings of STRIP.

use plm_core::rng::Seed;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::error::at_least;

/// Settings of STRIP.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StripSettings {
    /// Perturbed copies of each input.
    pub copies: usize,
    /// Share of an input's words that each copy replaces.
    pub ratio: f64,
    /// Clean texts of other classes, at most, that words are taken from: the first ones.
    pub documents: usize,
    /// Texts, at most, in one call of the classifier; at least the copies of one input go together.
    pub chunk: usize,
    /// What places and documents are drawn from.
    pub seed: Seed,
}

impl Default for StripSettings {
    /// 20 copies with a twentieth of the words replaced, from 1,000 texts, as for long reviews. Short
    /// texts need a larger ratio.
    fn default() -> Self {
        Self {
            copies: 20,
            ratio: 0.05,
            documents: 1_000,
            chunk: 512,
            seed: Seed::new(1234),
        }
    }
}

impl StripSettings {
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) for no copies, documents or chunk.
    pub(super) fn check(&self) -> Result<()> {
        at_least("copies", self.copies, 1, "must be at least 1")?;
        at_least("documents", self.documents, 1, "must be at least 1")?;
        at_least("chunk", self.chunk, 1, "must be at least 1")
    }
}
