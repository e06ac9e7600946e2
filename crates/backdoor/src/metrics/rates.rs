//! False rejection and false acceptance (RAP, arXiv 2110.07831).

use plm_core::check::finite;
use serde::Serialize;

use super::Rate;
use crate::{Error, Result, Scored};

/// What a detector does to clean and to poisoned test inputs at one threshold.
///
/// Inputs that are not predicted as the protected class are in neither denominator; they are counted
/// by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DetectionRates {
    /// The threshold; scores strictly below are rejected.
    pub threshold: f64,
    /// FRR: share of the clean inputs predicted as the protected class that are rejected.
    pub false_rejection: Rate,
    /// FAR: share of the poisoned inputs predicted as the protected class that are not rejected.
    pub false_acceptance: Rate,
    /// Clean inputs that are not predicted as the protected class.
    pub clean_unprotected: usize,
    /// Poisoned inputs that are not predicted as the protected class: failed attacks.
    pub poisoned_unprotected: usize,
}

impl DetectionRates {
    /// The rates at `threshold`, from `clean` test inputs of the protected class and from `poisoned`
    /// inputs, those of all other classes with the trigger.
    ///
    /// # Errors
    /// [`Error::Setting`] for a threshold that is NaN, [`Error::NotFinite`] for a score of a
    /// protected input that is not a number: such an input would pass unseen.
    pub fn new(clean: &[Scored], poisoned: &[Scored], threshold: f64) -> Result<Self> {
        if threshold.is_nan() {
            return Err(Error::Setting {
                name: "threshold",
                value: threshold.to_string(),
                limit: "must be a number",
            });
        }
        let clean_scores = protected_scores("scores of clean inputs", clean)?;
        let poisoned_scores = protected_scores("scores of poisoned inputs", poisoned)?;
        let rejected = |score: &f64| *score < threshold;
        Ok(Self {
            threshold,
            false_rejection: clean_scores.iter().map(rejected).collect(),
            false_acceptance: poisoned_scores.iter().map(|s| !rejected(s)).collect(),
            clean_unprotected: clean.len() - clean_scores.len(),
            poisoned_unprotected: poisoned.len() - poisoned_scores.len(),
        })
    }
}

/// The scores of the protected ones among `inputs`, all finite.
pub(super) fn protected_scores(what: &'static str, inputs: &[Scored]) -> Result<Vec<f64>> {
    let protected = inputs.iter().filter(|input| input.protected);
    let scores: Vec<f64> = protected.map(|input| input.score).collect();
    finite(what, scores.iter().copied())?;
    Ok(scores)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::scored;
    use crate::{Calibration, DecisionRule, LEVELS};

    #[test]
    fn hand_worked_rates() {
        let clean = scored(&[0.05, 0.2, 0.25, 0.3]);
        let poisoned = scored(&[0.0, 0.01, 0.22]);
        let rates = DetectionRates::new(&clean, &poisoned, 0.1).unwrap();
        assert_eq!(rates.false_rejection, Rate::new(1, 4));
        assert_eq!(rates.false_rejection.value, Some(0.25));
        assert_eq!(rates.false_acceptance, Rate::new(1, 3));
        assert_eq!(rates.false_acceptance.value, Some(1.0 / 3.0));
    }

    #[test]
    fn inputs_predicted_otherwise_leave_both_denominators() {
        let input = |p: f64, score| Scored::new(&[1.0 - p, p], 1, DecisionRule::AboveHalf, score);
        let clean = [input(0.9, 0.05), input(0.5, 0.05), input(0.8, 0.3)];
        let poisoned = [input(0.2, 0.0), input(0.5, f64::NAN), input(0.3, 0.4)];
        let rates = DetectionRates::new(&clean, &poisoned, 0.1).unwrap();
        assert_eq!(rates.false_rejection, Rate::new(1, 2));
        assert_eq!(rates.false_acceptance, Rate::new(0, 0));
        assert_eq!(rates.false_acceptance.value, None);
        let left_out = (rates.clean_unprotected, rates.poisoned_unprotected);
        assert_eq!(left_out, (1, 3));
    }

    #[test]
    fn failed_attacks_on_three_classes_do_not_count() {
        let input = |row: [f64; 3]| Scored::new(&row, 0, DecisionRule::Argmax, 0.0);
        let poisoned = [input([0.4, 0.35, 0.25]), input([0.4, 0.45, 0.15])];
        let rates = DetectionRates::new(&[], &poisoned, 0.0).unwrap();
        assert_eq!(rates.false_acceptance, Rate::new(1, 1));
        assert_eq!(rates.false_rejection.value, None);
    }

    #[test]
    fn a_model_constant_in_its_input_rejects_nothing() {
        let (clean, poisoned) = (scored(&[0.69; 9]), scored(&[0.69; 5]));
        let calibration = Calibration::new(&scored(&[0.69; 12])).unwrap();
        for level in LEVELS {
            let threshold = calibration.threshold(level).unwrap();
            let rates = DetectionRates::new(&clean, &poisoned, threshold.value).unwrap();
            assert_eq!(rates.false_rejection.value, Some(0.0));
            assert_eq!(rates.false_acceptance.value, Some(1.0));
        }
    }

    #[test]
    fn numbers_are_needed() {
        let nan = scored(&[0.5, f64::NAN]);
        let error = DetectionRates::new(&[], &nan, 0.1).unwrap_err();
        assert!(
            error.to_string().contains("poisoned inputs: value 1"),
            "{error}"
        );
        assert!(DetectionRates::new(&nan, &[], 0.1).is_err());
        assert!(DetectionRates::new(&[], &[], f64::NAN).is_err());
    }
}
