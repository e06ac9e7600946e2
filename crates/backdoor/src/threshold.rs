//! Thresholds from clean validation samples (RAP, arXiv 2110.07831, and its code; the same for STRIP).
//!
//! The threshold at a level is that percentile of the scores of clean validation samples of the
//! protected class that are also predicted as it. An input is rejected where its score lies
//! strictly below. On `n` distinct scores that rejects `floor(a (n - 1)) + 1` of the calibration
//! samples at level `a`, and `a (n - 1)` where that is a whole number.

use serde::{Deserialize, Serialize};

use crate::percentile::{check_level, percentile_of_sorted, sorted};
use crate::{Error, Result, Scored};

/// The levels of the paper: false rejection rates on the validation set, in percent.
pub const LEVELS: [f64; 4] = [0.5, 1.0, 3.0, 5.0];

/// Scores of the clean validation samples that thresholds are taken from.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    sorted: Vec<f64>,
    not_numbers: usize,
    unprotected: usize,
}

/// A threshold, and what it was taken from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// Its level: the false rejection rate meant, in percent.
    pub level: f64,
    /// Scores strictly below are rejected.
    pub value: f64,
    /// Validation samples that it was taken from.
    pub samples: usize,
    /// Validation samples strictly below it.
    pub rejected: usize,
    /// Whether all those samples have the same score: then no threshold separates anything, none of
    /// them is rejected, and neither is any other input that scores alike.
    pub constant: bool,
    /// Validation samples that were left out, because their score is NaN.
    pub not_numbers: usize,
    /// Validation samples that were left out, because they are not predicted as their class.
    pub unprotected: usize,
}

impl Calibration {
    /// The calibration from clean validation `samples` of the protected class. Those that are not
    /// predicted as it, and those whose score is NaN, are left out and counted.
    ///
    /// # Errors
    /// [`Error::Empty`] where no sample is left, [`Error::NotFinite`] for an infinite score.
    pub fn new(samples: &[Scored]) -> Result<Self> {
        let protected = samples.iter().filter(|sample| sample.protected);
        let scores: Vec<f64> = protected.map(|sample| sample.score).collect();
        if scores.iter().all(|score| score.is_nan()) {
            return Err(Error::Empty {
                what: "clean validation samples of the protected class that are predicted as it",
                fix: "give more samples, or check the class and the model",
            });
        }
        let (sorted, not_numbers) = sorted(&scores)?;
        Ok(Self {
            sorted,
            not_numbers,
            unprotected: samples.len() - scores.len(),
        })
    }

    /// The scores, rising.
    pub fn scores(&self) -> &[f64] {
        &self.sorted
    }

    /// Their mean.
    pub fn mean(&self) -> f64 {
        self.sorted.iter().sum::<f64>() / self.sorted.len() as f64
    }

    /// The threshold at `level` percent.
    ///
    /// # Errors
    /// [`Error::Setting`] for a level out of 0 to 100.
    pub fn threshold(&self, level: f64) -> Result<Threshold> {
        check_level(level)?;
        let value = percentile_of_sorted(&self.sorted, level);
        Ok(Threshold {
            level,
            value,
            samples: self.sorted.len(),
            rejected: self.sorted.partition_point(|score| *score < value),
            constant: self.sorted.first() == self.sorted.last(),
            not_numbers: self.not_numbers,
            unprotected: self.unprotected,
        })
    }

    /// The threshold of drops at `level` percent, which must be above 0: inputs whose probability
    /// stays as it is have to be rejected.
    ///
    /// # Errors
    /// [`Error::Threshold`] where it is not, and those of [`Self::threshold`].
    pub fn drop_threshold(&self, level: f64) -> Result<Threshold> {
        let threshold = self.threshold(level)?;
        if threshold.value > 0.0 {
            return Ok(threshold);
        }
        Err(Error::Threshold {
            level,
            value: threshold.value,
        })
    }

    /// The threshold of entropies at `level` percent, as STRIP measures them: above 0, and of samples that do not
    /// all score alike. Else nothing is rejected, as with a classifier that answers every text alike.
    ///
    /// # Errors
    /// [`Error::EntropyThreshold`] where it is not, and those of [`Self::threshold`].
    pub fn entropy_threshold(&self, level: f64) -> Result<Threshold> {
        let threshold = self.threshold(level)?;
        threshold.check_entropy()?;
        Ok(threshold)
    }
}

impl Threshold {
    /// Refuses a threshold of entropies that rejects nothing.
    ///
    /// # Errors
    /// [`Error::EntropyThreshold`].
    pub(crate) fn check_entropy(&self) -> Result<()> {
        let reason = if self.constant {
            "all score alike"
        } else if self.value > 0.0 {
            return Ok(());
        } else {
            "it is not above 0"
        };
        Err(Error::EntropyThreshold {
            level: self.level,
            value: self.value,
            samples: self.samples,
            reason,
        })
    }

    /// Whether an input with `score` is rejected. NaN is not: check scores first.
    pub fn rejects(&self, score: f64) -> bool {
        score < self.value
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn calibration(scores: &[f64]) -> Calibration {
        let protected = true;
        let samples: Vec<Scored> = scores
            .iter()
            .map(|&score| Scored { protected, score })
            .collect();
        Calibration::new(&samples).unwrap()
    }

    #[test]
    fn what_is_left_out_is_counted() {
        let sample = |protected, score| Scored { protected, score };
        let samples = [
            sample(true, 4.0),
            sample(false, -9.0),
            sample(true, f64::NAN),
            sample(true, 1.0),
            sample(true, 2.0),
            sample(false, f64::NAN),
            sample(true, 3.0),
        ];
        let calibration = Calibration::new(&samples).unwrap();
        assert_eq!(calibration.scores(), [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(calibration.mean(), 2.5);
        let threshold = calibration.threshold(25.0).unwrap();
        assert_eq!(threshold.value, 1.75);
        assert_eq!((threshold.samples, threshold.rejected), (4, 1));
        assert_eq!((threshold.not_numbers, threshold.unprotected), (1, 2));
        assert!(!threshold.constant);
        assert!(threshold.rejects(1.7) && !threshold.rejects(1.75));
    }

    #[test]
    fn constant_scores_are_reported_and_reject_nothing() {
        for level in LEVELS {
            let threshold = calibration(&[0.3; 7]).threshold(level).unwrap();
            assert!(threshold.constant);
            assert_eq!((threshold.value, threshold.rejected), (0.3, 0));
            assert!(!threshold.rejects(0.3));
        }
    }

    #[test]
    fn empty_validation_sets_are_refused() {
        let (protected, score) = (true, f64::NAN);
        let nan = Scored { protected, score };
        let (protected, score) = (false, 0.5);
        let other = Scored { protected, score };
        for samples in [&[][..], &[nan], &[other, nan]] {
            let error = Calibration::new(samples).unwrap_err();
            assert!(matches!(error, Error::Empty { .. }), "{error}");
        }
    }

    #[test]
    fn drops_need_a_threshold_above_0() {
        let error = |scores: &[f64]| calibration(scores).drop_threshold(1.0).unwrap_err();
        for (scores, value) in [([0.0; 3], 0.0), ([-0.25; 3], -0.25)] {
            let error = error(&scores);
            assert!(
                error.to_string().contains(&format!("1 % is {value}")),
                "{error}"
            );
        }
        let good = calibration(&[0.1, 0.2]).drop_threshold(0.0).unwrap();
        assert_eq!(good.value, 0.1);
        assert!(calibration(&[0.1]).drop_threshold(101.0).is_err());
    }

    #[test]
    fn entropies_need_a_threshold_above_0_and_scores_that_differ() {
        for (scores, reason) in [
            (vec![0.69; 5], "all score alike"),
            (vec![0.0, 0.0, 0.5], "it is not above 0"),
        ] {
            let error = calibration(&scores).entropy_threshold(5.0).unwrap_err();
            assert!(matches!(error, Error::EntropyThreshold { .. }), "{error}");
            assert!(error.to_string().contains(reason), "{error}");
        }
        let good = calibration(&[0.1, 0.2]).entropy_threshold(0.0).unwrap();
        assert_eq!(good.value, 0.1);
        assert!(calibration(&[0.1, 0.2]).entropy_threshold(-1.0).is_err());
    }

    proptest! {
        /// Levels in tenths of a percent, so that whole places are met in whole numbers.
        #[test]
        fn the_share_rejected_on_the_calibration_set_is_known(
            steps in prop::collection::vec(1..50_u32, 1..300),
            tenths in 0..=1000_usize,
        ) {
            let mut sum = 0;
            let scores: Vec<f64> = steps
                .iter()
                .map(|step| { sum += step; f64::from(sum) / 64.0 })
                .collect();
            let threshold = calibration(&scores).threshold(tenths as f64 / 10.0).unwrap();
            let place = tenths * (scores.len() - 1);
            // The floor and one more, but for whole places.
            let expected = place.div_ceil(1000);
            prop_assert_eq!(threshold.rejected, expected);
            let rejected = scores.iter().filter(|score| threshold.rejects(**score)).count();
            prop_assert_eq!(rejected, expected);
        }
    }
}
