//! Settings of ONION.

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::error::at_least;

/// Settings of ONION.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnionSettings {
    /// Words of a text that are examined: the first ones. Those after them do not take part in
    /// perplexities, and are never deleted.
    pub max_words: usize,
    /// Texts, at most, in one call of a model.
    pub chunk: usize,
}

impl Default for OnionSettings {
    /// 512 words, as in RAP's code, which cuts texts off there.
    fn default() -> Self {
        Self {
            max_words: 512,
            chunk: 256,
        }
    }
}

impl OnionSettings {
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) for fewer than 2 words or an empty chunk.
    pub(super) fn check(&self) -> Result<()> {
        at_least("max_words", self.max_words, 2, "must be at least 2")?;
        at_least("chunk", self.chunk, 1, "must be at least 1")
    }
}
