//! How well nodes are classified and links predicted.

use plm_core::metrics::{Average, Confusion, average_precision, roc_auc};
use serde::{Deserialize, Serialize};

use crate::Result;

/// Scores of link prediction.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LinkScores {
    /// Share of pairs of an edge and a non-edge in the right order, ties by half.
    pub roc_auc: f64,
    /// Average precision of the edges.
    pub average_precision: f64,
}

impl LinkScores {
    /// Of the similarities of edges and of other pairs.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where one of the two is empty or a number is none.
    pub fn of(positive: &[f64], negative: &[f64]) -> Result<Self> {
        let scores = [positive, negative].concat();
        let gold: Vec<bool> = (0..scores.len()).map(|at| at < positive.len()).collect();
        Ok(Self {
            roc_auc: roc_auc(&gold, &scores)?,
            average_precision: average_precision(&gold, &scores)?,
        })
    }

    /// The mean of the two, by which HGCN chooses the best epoch.
    pub fn mean(&self) -> f64 {
        (self.roc_auc + self.average_precision) / 2.0
    }
}

/// Scores of node classification.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NodeScores {
    /// F1 of class 1 where there are two classes, micro-averaged F1 where there are more: HGCN's
    /// measure.
    pub f1: f64,
    /// Share of right classes.
    pub accuracy: f64,
    /// Mean of the classes' F1.
    pub macro_f1: f64,
}

impl NodeScores {
    /// Of predictions for some nodes.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where the lists are empty, of unequal length, or hold a class
    /// out of range.
    pub fn of(gold: &[usize], predicted: &[usize], classes: usize) -> Result<Self> {
        let confusion = Confusion::new(gold, predicted, classes)?;
        let f1 = match classes {
            2 => confusion.average_over(Average::Micro, &[1])?.f1,
            _ => confusion.average(Average::Micro).f1,
        };
        Ok(Self {
            f1,
            accuracy: confusion.accuracy(),
            macro_f1: confusion.average(Average::Macro).f1,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hand_worked_scores() {
        // Of 2 x 2 pairs, two are in order and two are tied.
        let links = LinkScores::of(&[1.0, 0.5], &[0.5, 0.5]).unwrap();
        assert_eq!(links.roc_auc, 0.75);
        // Recall 1/2 at precision 1, recall 1 at precision 2/4.
        assert_eq!(links.average_precision, 0.75);
        assert_eq!(links.mean(), 0.75);
        assert!(LinkScores::of(&[], &[1.0]).is_err());
        assert!(LinkScores::of(&[f64::NAN], &[1.0]).is_err());
    }

    #[test]
    fn two_classes_are_measured_by_the_second() {
        let two = NodeScores::of(&[0, 0, 1, 1], &[0, 0, 0, 1], 2).unwrap();
        // Precision 1, recall 1/2.
        assert!((two.f1 - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(two.accuracy, 0.75);
        let three = NodeScores::of(&[0, 0, 1, 1], &[0, 0, 0, 1], 3).unwrap();
        assert_eq!(three.f1, 0.75);
        // F1 of class 0: 2·2/(2 + 3) = 0.8.
        assert!((three.macro_f1 - (0.8 + 2.0 / 3.0) / 2.0).abs() < 1e-12);
    }
}
