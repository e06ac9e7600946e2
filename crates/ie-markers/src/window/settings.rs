//! How windows are made.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// What becomes of sentences that are longer than a window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LongSentences {
    /// The words that do not fit are cut; [`TruncationReport`](super::TruncationReport) counts them.
    #[default]
    Truncate,
    /// They get several windows. Neighbors share up to `overlap` sub-words, so that every span of at
    /// most that many lies in one of them.
    Overlap {
        /// Sub-words that neighbors share at most.
        overlap: usize,
    },
}

/// The size of windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowSettings {
    /// Tokens of a row at most, special tokens and solid markers included.
    pub max_length: usize,
    /// Room kept for solid markers: 0 for entities, 2 for subject-oriented relation rows, 4 for rows
    /// with a solid pair.
    pub solid_markers: usize,
    /// Sub-words of sentence and context at most; as many as fit where it is not given, the sentence
    /// alone where it is 0.
    pub context: Option<usize>,
    /// What becomes of sentences that are longer.
    pub long: LongSentences,
}

impl WindowSettings {
    /// Windows of `max_length` tokens, filled with context, that cut long sentences.
    pub fn new(max_length: usize) -> Self {
        Self {
            max_length,
            solid_markers: 0,
            context: None,
            long: LongSentences::Truncate,
        }
    }

    /// With room for `count` solid markers.
    #[must_use]
    pub fn with_solid_markers(mut self, count: usize) -> Self {
        self.solid_markers = count;
        self
    }

    /// With at most `limit` sub-words of sentence and context.
    #[must_use]
    pub fn with_context(mut self, limit: usize) -> Self {
        self.context = Some(limit);
        self
    }

    /// With several windows for long sentences, neighbors sharing up to `overlap` sub-words.
    #[must_use]
    pub fn with_overlap(mut self, overlap: usize) -> Self {
        self.long = LongSentences::Overlap { overlap };
        self
    }

    /// Sub-words that fit in a window beside the two special tokens and the solid markers.
    ///
    /// # Errors
    /// [`Error::Setting`] where there is room for none, or where windows would overlap wholly.
    pub fn room(&self) -> Result<usize> {
        let room = self
            .max_length
            .saturating_sub(self.solid_markers.saturating_add(2));
        if room == 0 {
            return Err(Error::Setting {
                name: "max_length",
                value: self.max_length.to_string(),
                limit: "must exceed 2 and the number of solid markers",
            });
        }
        match self.long {
            LongSentences::Overlap { overlap } if overlap >= room => Err(Error::Setting {
                name: "overlap",
                value: overlap.to_string(),
                limit: "must be less than `max_length` - 2 - `solid_markers`",
            }),
            _ => Ok(room),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_what_is_left() {
        assert_eq!(WindowSettings::new(512).room().unwrap(), 510);
        let relations = WindowSettings::new(256).with_solid_markers(2);
        assert_eq!(relations.room().unwrap(), 252);
        assert_eq!(relations.with_overlap(251).room().unwrap(), 252);
        for bad in [
            relations.with_overlap(252),
            WindowSettings::new(2),
            WindowSettings::new(4).with_solid_markers(2),
            WindowSettings::new(9).with_solid_markers(usize::MAX),
        ] {
            assert!(matches!(bad.room(), Err(Error::Setting { .. })), "{bad:?}");
        }
    }
}
