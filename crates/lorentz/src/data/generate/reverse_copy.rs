//! Sequences and their reverses: the smallest task for encoder and decoder.

use plm_core::check::at_least;
use plm_core::rng::Seed;
use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::task::translation::{SpecialIds, TokenPair};

/// Random sequences of symbols whose translation is the sequence from its end to its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReverseCopy {
    /// Symbols beside the three special ones, whose ids come first.
    pub symbols: usize,
    /// The shortest sequence, of one symbol at least.
    pub min_length: usize,
    /// The longest sequence.
    pub max_length: usize,
}

impl Default for ReverseCopy {
    /// 10 symbols, lengths from 5 to 10.
    fn default() -> Self {
        Self {
            symbols: 10,
            min_length: 5,
            max_length: 10,
        }
    }
}

impl ReverseCopy {
    /// The special ids of these sequences: padding 0, start 1, end 2.
    pub const SPECIAL: SpecialIds = SpecialIds {
        pad: 0,
        start: 1,
        end: 2,
    };

    /// All ids, special ones included.
    pub fn vocabulary(&self) -> usize {
        self.symbols + 3
    }

    /// `count` sequences with their reverses.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where there is no symbol, no length or a length of 0.
    pub fn generate(&self, count: usize, seed: Seed) -> Result<Vec<TokenPair>> {
        at_least("ReverseCopy", "symbols", self.symbols, 1)?;
        at_least("ReverseCopy", "min_length", self.min_length, 1)?;
        if self.max_length < self.min_length {
            let (min, max) = (self.min_length, self.max_length);
            let reason = format!("is {max}, below `min_length`, {min}");
            return Err(plm_core::Error::config("ReverseCopy", "max_length", reason).into());
        }
        let mut rng = seed.stream("reverse copy");
        Ok((0..count)
            .map(|_| {
                let length = rng.random_range(self.min_length..=self.max_length);
                let source: Vec<i64> = (0..length)
                    .map(|_| 3 + rng.random_range(0..self.symbols) as i64)
                    .collect();
                let target = source.iter().rev().copied().collect();
                TokenPair { source, target }
            })
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_reverses_within_the_limits() {
        let task = ReverseCopy::default();
        let pairs = task.generate(500, Seed::new(1)).unwrap();
        assert_eq!(pairs.len(), 500);
        for pair in &pairs {
            assert!((5..=10).contains(&pair.source.len()));
            assert!(pair.source.iter().all(|id| (3..13).contains(id)));
            let back: Vec<i64> = pair.target.iter().rev().copied().collect();
            assert_eq!(back, pair.source);
        }
        for length in [5, 10] {
            assert!(pairs.iter().any(|pair| pair.source.len() == length));
        }
        for id in [3, 12] {
            assert!(pairs.iter().any(|pair| pair.source.contains(&id)));
        }
        assert_eq!(pairs, task.generate(500, Seed::new(1)).unwrap());
        assert_ne!(pairs, task.generate(500, Seed::new(2)).unwrap());
    }

    #[test]
    fn impossible_settings_are_refused() {
        let none = ReverseCopy {
            symbols: 0,
            ..ReverseCopy::default()
        };
        let crossed = ReverseCopy {
            max_length: 4,
            ..ReverseCopy::default()
        };
        let empty = ReverseCopy {
            min_length: 0,
            ..ReverseCopy::default()
        };
        for (task, key) in [
            (none, "`symbols` is 0"),
            (crossed, "`max_length` is 4"),
            (empty, "`min_length` is 0"),
        ] {
            let error = task.generate(1, Seed::new(1)).unwrap_err().to_string();
            assert!(error.contains(key), "{error}");
        }
    }
}
