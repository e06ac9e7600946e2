//! The decision on one input.

use std::collections::BTreeMap;

use plm_core::check::{NotFiniteError, finite};
use serde::{Deserialize, Serialize};

use crate::rule::argmax;
use crate::{DecisionRule, Error, Result};

/// What a defended model says of one input.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The class of the largest probability.
    pub label: usize,
    /// Its probability.
    pub probability: f64,
    /// How much the probability of the protected class fell under the perturbation, where that was
    /// measured.
    pub drop: Option<f64>,
    /// Whether the input is taken for poisoned.
    pub reject: bool,
}

/// The decision rule: inputs predicted as a protected class are rejected where their score lies
/// strictly below the threshold of that class; all others pass untouched.
#[derive(Debug, Clone, PartialEq)]
pub struct Guard {
    rule: DecisionRule,
    thresholds: BTreeMap<usize, f64>,
}

impl Guard {
    /// The rule for the protected classes and their `thresholds`.
    ///
    /// # Errors
    /// [`Error::Empty`] for no class, [`Error::DuplicateClass`] for a class given twice,
    /// [`Error::NotFinite`] for a threshold that is NaN or infinite.
    pub fn new(
        rule: DecisionRule,
        thresholds: impl IntoIterator<Item = (usize, f64)>,
    ) -> Result<Self> {
        let mut classes = BTreeMap::new();
        for (index, (class, value)) in thresholds.into_iter().enumerate() {
            if !value.is_finite() {
                let error = NotFiniteError::new("thresholds", index, value);
                return Err(Error::NotFinite(error));
            }
            if classes.insert(class, value).is_some() {
                return Err(Error::DuplicateClass { class });
            }
        }
        if classes.is_empty() {
            return Err(Error::Empty {
                what: "protected classes",
                fix: "give at least one class with its threshold",
            });
        }
        Ok(Self {
            rule,
            thresholds: classes,
        })
    }

    /// The protected class that an input with `probabilities` is predicted as, whose score decides;
    /// none where it passes untouched.
    pub fn checks(&self, probabilities: &[f64]) -> Option<usize> {
        let mut classes = self.thresholds.keys().copied();
        classes.find(|&class| self.rule.predicts(probabilities, class))
    }

    /// Whether an input with `probabilities` and `score` is rejected.
    ///
    /// # Errors
    /// [`Error::Unscored`] where an input to be checked has no score, [`Error::NotFinite`] where
    /// its score or a probability is NaN or infinite: such an input would pass untouched.
    pub fn rejects(&self, probabilities: &[f64], score: Option<f64>) -> Result<bool> {
        finite("probabilities of an input", probabilities.iter().copied())?;
        let Some(class) = self.checks(probabilities) else {
            return Ok(false);
        };
        let score = score.ok_or(Error::Unscored { class })?;
        finite("score of an input", [score])?;
        Ok(score < self.thresholds[&class])
    }

    /// The verdict on an input with `probabilities` and `drop`.
    ///
    /// # Errors
    /// [`Error::Empty`] without probabilities, and those of [`Self::rejects`].
    pub fn verdict(&self, probabilities: &[f64], drop: Option<f64>) -> Result<Verdict> {
        let reject = self.rejects(probabilities, drop)?;
        Verdict::new(probabilities, drop, reject)
    }
}

impl Verdict {
    /// The verdict `reject` on an input with `probabilities`.
    ///
    /// # Errors
    /// [`Error::Empty`] where no probability is a number.
    pub fn new(probabilities: &[f64], drop: Option<f64>, reject: bool) -> Result<Self> {
        let label = argmax(probabilities).ok_or(Error::Empty {
            what: "probabilities of an input",
            fix: "check the model's output for NaN",
        })?;
        Ok(Self {
            label,
            probability: probabilities[label],
            drop,
            reject,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_inputs_of_a_protected_class_are_rejected() {
        let guard = Guard::new(DecisionRule::AboveHalf, [(1, 0.1)]).unwrap();
        let reject = |p: f64, drop| guard.verdict(&[1.0 - p, p], drop).unwrap().reject;
        assert!(reject(0.75, Some(0.05)));
        assert!(!reject(0.75, Some(0.1)), "the comparison is strict");
        assert!(!reject(0.5, Some(-1.0)) && !reject(0.25, None));
        let verdict = guard.verdict(&[0.75, 0.25], None).unwrap();
        assert_eq!((verdict.label, verdict.probability), (0, 0.75));
        assert_eq!((verdict.drop, verdict.reject), (None, false));
    }

    #[test]
    fn each_class_has_its_threshold() {
        let guard = Guard::new(DecisionRule::Argmax, [(2, 0.2), (0, 0.1)]).unwrap();
        let (first, second, third) = ([0.5, 0.3, 0.2], [0.2, 0.5, 0.3], [0.3, 0.3, 0.4]);
        let checks = [first, second, third].map(|row| guard.checks(&row));
        assert_eq!(checks, [Some(0), None, Some(2)]);
        let rejects = [first, second, third].map(|row| guard.rejects(&row, Some(0.15)).unwrap());
        assert_eq!(rejects, [false, false, true]);
    }

    #[test]
    fn scores_that_are_missing_or_nan_are_refused() {
        let guard = Guard::new(DecisionRule::AboveHalf, [(1, 0.1)]).unwrap();
        let missing = guard.verdict(&[0.1, 0.9], None).unwrap_err();
        assert!(matches!(missing, Error::Unscored { class: 1 }));
        let nan = guard.verdict(&[0.1, 0.9], Some(f64::NAN)).unwrap_err();
        assert!(matches!(nan, Error::NotFinite(_)));
        // The probability of the protected class alone is no number.
        let nan = guard.verdict(&[0.1, f64::NAN], None).unwrap_err();
        assert!(matches!(nan, Error::NotFinite(_)));
        assert!(matches!(guard.verdict(&[], None), Err(Error::Empty { .. })));
        assert!(guard.verdict(&[f64::NAN; 2], None).is_err());
    }

    #[test]
    fn faulty_thresholds_are_refused() {
        let guard = |thresholds: &[(usize, f64)]| {
            Guard::new(DecisionRule::Argmax, thresholds.iter().copied()).unwrap_err()
        };
        assert!(matches!(guard(&[]), Error::Empty { .. }));
        assert!(matches!(guard(&[(0, f64::NAN)]), Error::NotFinite(_)));
        let twice = guard(&[(3, 0.1), (3, 0.1)]);
        assert!(matches!(twice, Error::DuplicateClass { class: 3 }));
    }
}
