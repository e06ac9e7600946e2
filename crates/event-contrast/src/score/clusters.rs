//! All measures of a clustering at once.

use plm_core::metrics::{
    Scores, adjusted_rand_index, b_cubed, fowlkes_mallows, normalized_mutual_information,
};
use serde::Serialize;

use super::hungarian_accuracy;
use crate::Result;

/// How well clusters agree with gold classes. None depends on how either is numbered.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ClusterScores {
    /// B-cubed precision, recall and F1.
    pub b_cubed: Scores,
    /// Normalized mutual information (arithmetic mean).
    pub normalized_mutual_information: f64,
    /// Fowlkes-Mallows index.
    pub fowlkes_mallows: f64,
    /// Adjusted Rand index.
    pub adjusted_rand_index: f64,
    /// Accuracy under the best assignment of clusters to classes.
    pub accuracy: f64,
}

impl ClusterScores {
    /// The scores of the clusters `predicted`.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where the lengths differ or nothing is given.
    pub fn new<G: Ord, P: Ord>(gold: &[G], predicted: &[P]) -> Result<Self> {
        Ok(Self {
            b_cubed: b_cubed(gold, predicted)?,
            normalized_mutual_information: normalized_mutual_information(gold, predicted)?,
            fowlkes_mallows: fowlkes_mallows(gold, predicted)?,
            adjusted_rand_index: adjusted_rand_index(gold, predicted)?,
            accuracy: hungarian_accuracy(gold, predicted)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOLD: [u8; 6] = [0, 0, 0, 1, 1, 2];

    /// B-cubed precision, recall and F1, NMI, FM, ARI.
    fn check(predicted: [u8; 6], expected: [f64; 6]) {
        let scores = ClusterScores::new(&GOLD, &predicted).unwrap();
        let found = [
            scores.b_cubed.precision,
            scores.b_cubed.recall,
            scores.b_cubed.f1,
            scores.normalized_mutual_information,
            scores.fowlkes_mallows,
            scores.adjusted_rand_index,
        ];
        for (found, expected) in found.into_iter().zip(expected) {
            assert!(
                (found - expected).abs() < 5e-7,
                "{predicted:?}: {found} {expected}"
            );
        }
    }

    #[test]
    fn scores_equal_those_of_scikit_learn() {
        check(
            [0, 0, 1, 1, 1, 1],
            [
                0.583_333_3,
                0.777_777_8,
                0.666_666_7,
                0.386_253,
                2.0 / 28.0_f64.sqrt(),
                0.036_697,
            ],
        );
        check([4; 6], [0.388_888_9, 1.0, 0.56, 0.0, 0.516_398, 0.0]);
        check(
            [0, 1, 2, 3, 4, 5],
            [1.0, 0.5, 0.666_666_7, 0.721_616, 0.0, 0.0],
        );
        check([2, 2, 2, 0, 0, 1], [1.0; 6]);
    }
}
