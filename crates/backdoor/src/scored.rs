//! A detector's score of one input.

use serde::Serialize;

use crate::DecisionRule;

/// The score of one input, and whether it takes part in detection.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Scored {
    /// Whether the input is predicted as the protected class; others pass unchecked.
    pub protected: bool,
    /// What the detector measures, low for poisoned inputs: the drop of RAP, the entropy of STRIP.
    pub score: f64,
}

impl Scored {
    /// The `score` of an input with `probabilities`, where `class` is protected.
    pub fn new(probabilities: &[f64], class: usize, rule: DecisionRule, score: f64) -> Self {
        Self {
            protected: rule.predicts(probabilities, class),
            score,
        }
    }

    /// The drop of RAP (arXiv 2110.07831), `p0 - p1`: how much the probability of `class` falls
    /// from `before` to `after` the perturbation. NaN where the model has no such class.
    pub fn drop(before: &[f64], after: &[f64], class: usize, rule: DecisionRule) -> Self {
        let probability = |row: &[f64]| row.get(class).copied().unwrap_or(f64::NAN);
        let drop = probability(before) - probability(after);
        Self::new(before, class, rule, drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_drop_is_of_the_protected_class() {
        let (before, after) = ([0.25, 0.75], [0.5, 0.5]);
        let drop = |class| Scored::drop(&before, &after, class, DecisionRule::AboveHalf);
        let (protected, score) = (true, 0.25);
        assert_eq!(drop(1), Scored { protected, score });
        let (protected, score) = (false, -0.25);
        assert_eq!(drop(0), Scored { protected, score });
        assert!(drop(2).score.is_nan() && !drop(2).protected);
    }
}
