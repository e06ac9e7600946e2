//! Where a trigger goes in: the rules of the published codes, which differ.

use plm_core::rng::StreamRng;
use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::words::Unit;
use crate::{Error, Result};

/// Rule for the piece of a text that the trigger is put before, for a number `u` drawn uniformly
/// from 0 (included) to 1 (excluded) and a text of `n` words, or of `n` sentences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Position {
    /// Word `floor((min(n, c) - 1) u)` for the `c` here, so that truncation cannot cut the trigger
    /// off: evaluation of RAP, STRIP and ONION, training of SOS.
    WithinFirst(usize),
    /// Word `floor((n - 1) u)`, never the last: training of BadNets and EP.
    Whole,
    /// Sentence `floor(n u)` (SOS), or with a limit `c` sentence `floor((min(n, c) - 1) u)`
    /// (evaluation of RAP).
    SentenceSlot {
        /// How many sentences from the start count.
        limit: Option<usize>,
    },
    /// Any word or the end of the text: word `floor((n + 1) u)` (OpenBackdoor, RIPPLe).
    UniformInclusive,
    /// Before the text, as RAP's own word.
    Front,
}

impl Position {
    /// Where RAP's evaluation puts a word: within the first 100 words.
    pub const EVALUATED_WORD: Self = Self::WithinFirst(100);

    /// Where RAP's evaluation puts a sentence.
    pub const EVALUATED_SENTENCE: Self = Self::SentenceSlot { limit: Some(100) };

    /// Where SOS puts the words of its training data: within the first 250 words.
    pub const SOS_WORD: Self = Self::WithinFirst(250);

    /// What the rule counts in.
    pub fn unit(self) -> Unit {
        match self {
            Self::SentenceSlot { .. } => Unit::Sentence,
            _ => Unit::Word,
        }
    }

    /// The place in a text of `pieces` words or sentences for the number `u` from 0 to 1; 0 in a
    /// text of one word.
    pub fn slot(self, pieces: usize, u: f64) -> usize {
        let choices = self.choices(pieces);
        // `u` below 1 never rounds up to the number of choices; the limit guards against others.
        ((choices as f64 * u) as usize).min(choices - 1)
    }

    /// A place drawn with `rng`.
    pub fn draw(self, pieces: usize, rng: &mut StreamRng) -> usize {
        self.slot(pieces, rng.random())
    }

    /// Whether its limit is one.
    ///
    /// # Errors
    /// [`Error::Setting`] for a limit of 0.
    pub fn check(self) -> Result<()> {
        match self {
            Self::WithinFirst(0) | Self::SentenceSlot { limit: Some(0) } => Err(Error::Setting {
                name: "position",
                value: "the first 0 words or sentences".to_owned(),
                limit: "must be the first 1 at least",
            }),
            _ => Ok(()),
        }
    }

    /// From how many places it chooses: at least 1.
    fn choices(self, pieces: usize) -> usize {
        let choices = match self {
            Self::WithinFirst(limit) | Self::SentenceSlot { limit: Some(limit) } => {
                pieces.min(limit).saturating_sub(1)
            }
            Self::Whole => pieces.saturating_sub(1),
            Self::SentenceSlot { limit: None } => pieces,
            Self::UniformInclusive => pieces.saturating_add(1),
            Self::Front => 1,
        };
        choices.max(1)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use plm_core::rng::Seed;

    use super::*;

    const BELOW_ONE: f64 = 1.0 - f64::EPSILON / 2.0;

    #[test]
    fn the_rules_by_hand() {
        use Position::{Front, SentenceSlot, UniformInclusive, Whole, WithinFirst};
        let cases = [
            // rule, pieces, slot at u = 0.5, largest slot
            (WithinFirst(100), 250, 49, 98),
            (WithinFirst(100), 100, 49, 98),
            (WithinFirst(100), 10, 4, 8),
            (WithinFirst(250), 400, 124, 248),
            (WithinFirst(1), 10, 0, 0),
            (Whole, 250, 124, 248),
            (Whole, 2, 0, 0),
            (SentenceSlot { limit: None }, 4, 2, 3),
            (SentenceSlot { limit: Some(100) }, 4, 1, 2),
            (SentenceSlot { limit: Some(100) }, 300, 49, 98),
            (UniformInclusive, 4, 2, 4),
            (Front, 4, 0, 0),
        ];
        for (rule, pieces, half, largest) in cases {
            assert_eq!(rule.slot(pieces, 0.5), half, "{rule:?}");
            assert_eq!(rule.slot(pieces, 0.0), 0, "{rule:?}");
            assert_eq!(rule.slot(pieces, BELOW_ONE), largest, "{rule:?}");
        }
        for rule in [WithinFirst(100), Whole, SentenceSlot { limit: None }, Front] {
            assert_eq!(rule.slot(1, BELOW_ONE), 0, "{rule:?}");
        }
        assert_eq!(UniformInclusive.slot(1, BELOW_ONE), 1);
        for u in [-1.0, 1.0, f64::NAN, f64::INFINITY] {
            assert!(Whole.slot(10, u) < 9);
        }
    }

    #[test]
    fn every_place_is_drawn_and_no_other() {
        let draw = |rule: Position| -> BTreeSet<usize> {
            let mut rng = Seed::new(5).rng();
            (0..500).map(|_| rule.draw(6, &mut rng)).collect()
        };
        assert_eq!(draw(Position::Whole), BTreeSet::from([0, 1, 2, 3, 4]));
        assert_eq!(draw(Position::WithinFirst(4)), BTreeSet::from([0, 1, 2]));
        assert_eq!(draw(Position::UniformInclusive), (0..=6).collect());
        assert_eq!(
            draw(Position::SentenceSlot { limit: None }),
            (0..6).collect()
        );
    }

    #[test]
    fn limits_are_checked_and_written() {
        assert!(Position::WithinFirst(0).check().is_err());
        assert!(Position::SentenceSlot { limit: Some(0) }.check().is_err());
        Position::EVALUATED_SENTENCE.check().unwrap();
        let json = serde_json::to_string(&Position::EVALUATED_SENTENCE).unwrap();
        assert_eq!(json, r#"{"sentence_slot":{"limit":100}}"#);
    }
}
