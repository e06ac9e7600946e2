//! Precision, recall and F1 of counts.

use serde::Serialize;

/// Precision, recall and their harmonic mean, each in `[0, 1]`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Scores {
    /// Share of the predicted items that are right.
    pub precision: f64,
    /// Share of the gold items that were found.
    pub recall: f64,
    /// Harmonic mean of both; of an average, the average of the F1 values.
    pub f1: f64,
}

impl Scores {
    /// The scores of `correct` right items among `predicted` ones, `gold` being looked for.
    /// A value whose denominator is zero is 0.
    pub(super) fn from_counts(correct: usize, predicted: usize, gold: usize) -> Self {
        Self {
            precision: ratio(correct, predicted),
            recall: ratio(correct, gold),
            f1: if predicted + gold == 0 {
                0.0
            } else {
                2.0 * correct as f64 / (predicted + gold) as f64
            },
        }
    }

    /// Each field multiplied by `weight` and added to `self`.
    pub(super) fn add_weighted(&mut self, other: Self, weight: f64) {
        self.precision += weight * other.precision;
        self.recall += weight * other.recall;
        self.f1 += weight * other.f1;
    }
}

/// `part / whole`, 0 where `whole` is.
pub(super) fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}
