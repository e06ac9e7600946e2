//! Quantity imbalance along a curve.

use plm_core::check::at_least;
use plm_core::rng::Seed;

use super::parts::Split;
use super::sample::{Validation, draw_sizes};
use crate::graph::Labels;
use crate::{Error, Result};

/// Class c of k gets n_max·ρ^(−c/(k − 1)) training nodes, rounded down, but at least one (Cui et al.
/// 2019, section 5.1): the first class n_max, the last n_max/ρ.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct LongTail {
    /// n_max, training nodes of the first class.
    pub largest: usize,
    /// ρ, at least 1.
    pub ratio: f64,
    /// Validation nodes of each class.
    pub valid_each: usize,
    /// How validation nodes are chosen.
    pub validation: Validation,
}

impl LongTail {
    /// The number of training nodes of each class.
    ///
    /// # Errors
    /// [`Error::Core`] where a setting is out of its domain.
    pub fn sizes(&self, n_classes: usize) -> Result<Vec<usize>> {
        at_least("LongTail", "largest", self.largest, 1)?;
        if !(self.ratio >= 1.0 && self.ratio.is_finite()) {
            let reason = format!("is {}, must be finite and at least 1", self.ratio);
            return Err(Error::config("LongTail", "ratio", reason));
        }
        let last = n_classes.saturating_sub(1).max(1) as f64;
        let size = |class: usize| {
            let exact = self.largest as f64 * self.ratio.powf(-(class as f64) / last);
            // A quotient that is whole on paper must not lose one to rounding.
            ((exact * (1.0 + 1e-12)) as usize).clamp(1, self.largest)
        };
        Ok((0..n_classes).map(size).collect())
    }

    /// Draws the split of `seed`; the labeled nodes that are left are tested on.
    ///
    /// # Errors
    /// As [`LongTail::sizes`] and [`draw_sizes`].
    pub fn draw(&self, labels: &Labels, seed: Seed) -> Result<Split> {
        let sizes = self.sizes(labels.n_classes())?;
        draw_sizes(labels, &sizes, self.valid_each, self.validation, seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long_tail(largest: usize, ratio: f64) -> LongTail {
        LongTail {
            largest,
            ratio,
            valid_each: 2,
            validation: Validation::Random,
        }
    }

    #[test]
    fn sizes_fall_by_a_constant_factor() {
        // 100 · 100^(-c/4): each is √10 times the next.
        let sizes = |tail: LongTail, classes| tail.sizes(classes).unwrap();
        assert_eq!(sizes(long_tail(100, 100.0), 5), [100, 31, 10, 3, 1]);
        assert_eq!(sizes(long_tail(2, 100.0), 3), [2, 1, 1]);
        assert_eq!(sizes(long_tail(9, 3.0), 1), [9]);
        assert_eq!(sizes(long_tail(9, 1.0), 3), [9; 3]);
        let labels: Vec<u32> = (0..90).map(|node| node % 3).collect();
        let labels = Labels::complete(&labels).unwrap();
        let split = long_tail(16, 16.0).draw(&labels, Seed::new(1)).unwrap();
        split.check(&labels).unwrap();
        assert_eq!(split.train.len(), 16 + 4 + 1);
        assert!(long_tail(0, 2.0).sizes(3).is_err());
        assert!(long_tail(9, f64::NAN).sizes(3).is_err());
    }
}
