//! When an input counts as predicted as a class.

use serde::{Deserialize, Serialize};

/// When an input counts as predicted as a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionRule {
    /// Its probability is above one half: the rule of RAP's code, for two classes.
    AboveHalf,
    /// No class has a larger probability; of equal ones the first counts. For any number of classes.
    Argmax,
}

impl DecisionRule {
    /// [`Self::AboveHalf`] for two classes, else [`Self::Argmax`].
    pub fn for_classes(classes: usize) -> Self {
        if classes == 2 {
            Self::AboveHalf
        } else {
            Self::Argmax
        }
    }

    /// Whether an input with `probabilities` counts as predicted as `class`; never as a class that
    /// has no probability, nor where the probability is NaN.
    pub fn predicts(self, probabilities: &[f64], class: usize) -> bool {
        match self {
            Self::AboveHalf => probabilities.get(class).is_some_and(|p| *p > 0.5),
            Self::Argmax => argmax(probabilities) == Some(class),
        }
    }
}

/// The first class of the largest probability; none where there is no number.
pub(crate) fn argmax(probabilities: &[f64]) -> Option<usize> {
    let numbers = probabilities
        .iter()
        .enumerate()
        .filter(|(_, p)| !p.is_nan());
    let best = numbers.reduce(|best, next| if next.1 > best.1 { next } else { best });
    best.map(|(class, _)| class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_differ_on_three_classes_and_on_ties() {
        let (half, argmax) = (DecisionRule::AboveHalf, DecisionRule::Argmax);
        let three = [0.2, 0.45, 0.35];
        assert!(argmax.predicts(&three, 1) && !half.predicts(&three, 1));
        let tied = [0.5, 0.5];
        assert!(argmax.predicts(&tied, 0) && !argmax.predicts(&tied, 1));
        assert!(!half.predicts(&tied, 0) && !half.predicts(&tied, 1));
        assert!(half.predicts(&[0.4, 0.6], 1) && !half.predicts(&[0.4, 0.6], 2));
        assert!(!argmax.predicts(&[], 0) && !argmax.predicts(&[f64::NAN; 2], 0));
    }

    #[test]
    fn the_binary_rule_is_for_two_classes() {
        assert_eq!(DecisionRule::for_classes(2), DecisionRule::AboveHalf);
        assert_eq!(DecisionRule::for_classes(4), DecisionRule::Argmax);
    }
}
