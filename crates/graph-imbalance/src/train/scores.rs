//! How good predictions are.

use plm_core::metrics::{Average, Confusion};
use serde::Serialize;

use crate::Result;
use crate::graph::Labels;

/// Measures of predicted classes, each in [0, 1].
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct NodeScores {
    /// F1 averaged over classes by their number of nodes (W-F1).
    pub weighted_f1: f64,
    /// F1 averaged over classes (M-F1); over those that occur among labels or predictions.
    pub macro_f1: f64,
    /// Recall averaged over the classes that occur.
    pub balanced_accuracy: f64,
    /// Share of right nodes.
    pub accuracy: f64,
}

impl NodeScores {
    /// The scores of `predictions` (one for every node of the graph) on `nodes`.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where there are no nodes, one of them is of unknown class
    /// or out of range, or a prediction is no class.
    pub fn of(predictions: &[u32], labels: &Labels, nodes: &[u32]) -> Result<Self> {
        let gold: Vec<usize> = labels.of(nodes)?.iter().map(|&c| c as usize).collect();
        let predicted: Vec<usize> = nodes
            .iter()
            .map(|&node| {
                predictions
                    .get(node as usize)
                    .map_or(usize::MAX, |&c| c as usize)
            })
            .collect();
        let confusion = Confusion::new(&gold, &predicted, labels.n_classes())?;
        Ok(Self {
            weighted_f1: confusion.average(Average::Weighted).f1,
            macro_f1: confusion.average(Average::Macro).f1,
            balanced_accuracy: confusion.balanced_accuracy(),
            accuracy: confusion.accuracy(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hand_worked_scores() {
        // Nodes 0 to 3 of classes 0, 0, 0, 1; predicted 0, 0, 1, 1; node 4 does not count.
        let labels = Labels::new(vec![Some(0), Some(0), Some(0), Some(1), None], 3).unwrap();
        let scores = NodeScores::of(&[0, 0, 1, 1, 2], &labels, &[0, 1, 2, 3]).unwrap();
        // F1: class 0: 2·2 / (2 + 3) = 0.8; class 1: 2·1 / (2 + 1) = 2/3; class 2 does not occur.
        assert!((scores.weighted_f1 - (3.0 * 0.8 + 2.0 / 3.0) / 4.0).abs() < 1e-12);
        assert!((scores.macro_f1 - (0.8 + 2.0 / 3.0) / 2.0).abs() < 1e-12);
        // Recall: 2/3 and 1.
        assert!((scores.balanced_accuracy - 5.0 / 6.0).abs() < 1e-12);
        assert_eq!(scores.accuracy, 0.75);
        for (nodes, text) in [
            (&[][..], "empty"),
            (&[4], "unknown class"),
            (&[9], "node 9 of 5"),
        ] {
            let error = NodeScores::of(&[0; 5], &labels, nodes)
                .unwrap_err()
                .to_string();
            assert!(error.contains(text), "{error}");
        }
        assert!(NodeScores::of(&[0], &labels, &[3]).is_err());
    }
}
