use std::fmt;

use serde::{Deserialize, Serialize};
use tokenizers as tk;

use super::Encoding;
use crate::{Error, Result};

/// Which side of a pair gives up tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TruncationStrategy {
    /// The longer one; both, where both are longer than half of the room.
    #[default]
    LongestFirst,
    /// The first.
    OnlyFirst,
    /// The second.
    OnlySecond,
}

/// Which end of a text is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TruncationSide {
    /// The end.
    #[default]
    Right,
    /// The beginning.
    Left,
}

/// A limit on the length of an encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Truncation {
    /// The largest number of tokens, special ones included.
    pub max_length: usize,
    /// Which side of a pair gives up tokens.
    #[serde(default)]
    pub strategy: TruncationStrategy,
    /// Which end is cut off.
    #[serde(default)]
    pub side: TruncationSide,
}

impl Truncation {
    /// At most `max_length` tokens, cutting the end of the longer side.
    pub fn new(max_length: usize) -> Self {
        Self {
            max_length,
            strategy: TruncationStrategy::default(),
            side: TruncationSide::default(),
        }
    }

    /// With another strategy.
    #[must_use]
    pub fn with_strategy(mut self, strategy: TruncationStrategy) -> Self {
        self.strategy = strategy;
        self
    }

    /// With another side.
    #[must_use]
    pub fn with_side(mut self, side: TruncationSide) -> Self {
        self.side = side;
        self
    }

    pub(super) fn direction(&self) -> tk::TruncationDirection {
        match self.side {
            TruncationSide::Right => tk::TruncationDirection::Right,
            TruncationSide::Left => tk::TruncationDirection::Left,
        }
    }

    /// The lengths to which sides of `first` and `second` tokens are cut, where the tokenizer adds
    /// `added` special tokens.
    pub(super) fn plan(
        &self,
        first: usize,
        second: Option<usize>,
        added: usize,
    ) -> Result<(usize, usize)> {
        let refuse = |reason: String| Err(Error::invalid("max_length", reason));
        let Some(room) = self.max_length.checked_sub(added) else {
            return refuse(format!(
                "is {}, but {added} special tokens are added",
                self.max_length
            ));
        };
        let other = second.unwrap_or(0);
        let total = first + other;
        if total <= room {
            return Ok((first, other));
        }
        let excess = total - room;
        match (self.strategy, second) {
            (TruncationStrategy::LongestFirst, None) => Ok((room, 0)),
            (TruncationStrategy::LongestFirst, Some(_)) => {
                let short = first.min(other);
                // The longer side alone, if that is enough; else half of the room each.
                let (short, long) = if short + short.max(room.saturating_sub(short)) <= room {
                    (short, room - short)
                } else {
                    (room / 2, room - room / 2)
                };
                Ok(if first > other {
                    (long, short)
                } else {
                    (short, long)
                })
            }
            (TruncationStrategy::OnlyFirst, _) if first > excess => Ok((first - excess, other)),
            (TruncationStrategy::OnlySecond, Some(_)) if other > excess => {
                Ok((first, other - excess))
            }
            (TruncationStrategy::OnlySecond, None) => {
                refuse("cannot be kept by cutting the second side: there is none".to_owned())
            }
            (strategy, _) => refuse(format!(
                "is {}: {excess} of {first} + {other} tokens must go, more than {strategy:?} \
                 can give up",
                self.max_length
            )),
        }
    }
}

/// What truncation did to a set of inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TruncationReport {
    /// How many inputs were encoded.
    pub inputs: usize,
    /// How many of them were cut.
    pub truncated: usize,
    /// How many tokens that cost.
    pub tokens_lost: usize,
    /// The length in tokens that the longest input had or would have had uncut.
    pub longest: usize,
}

impl TruncationReport {
    /// Counts `encoding` in.
    pub fn add(&mut self, encoding: &Encoding) {
        self.inputs += 1;
        self.truncated += usize::from(encoding.truncated > 0);
        self.tokens_lost += encoding.truncated;
        self.longest = self.longest.max(encoding.len() + encoding.truncated);
    }

    /// Adds another set's report.
    pub fn merge(&mut self, other: &Self) {
        self.inputs += other.inputs;
        self.truncated += other.truncated;
        self.tokens_lost += other.tokens_lost;
        self.longest = self.longest.max(other.longest);
    }
}

impl fmt::Display for TruncationReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of {} inputs truncated, {} tokens lost, longest input {} tokens",
            self.truncated, self.inputs, self.tokens_lost, self.longest
        )
    }
}
