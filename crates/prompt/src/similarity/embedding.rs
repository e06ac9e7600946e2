//! Similarity of two prompts by their own vectors.
//!
//! With the prompts `a`, `b` in `R^(n x d)`, all in `f64`:
//!
//! | metric | formula |
//! |---|---|
//! | `E_concat` | `1 / (1 + norm(vec(a) - vec(b)))` |
//! | `E_average` | `1 / (1 + mean over i, j of norm(a_i - b_j))` |
//! | `C_concat` | `cos(vec(a), vec(b))` |
//! | `C_average` | `mean over i, j of cos(a_i, b_j)` |
//!
//! The averages run over all `n^2` pairs of slots, so of a prompt with itself they are not 1.
//! The concatenations depend on the order of the slots. In the RoBERTa scheme, where slots have no
//! position, that order is arbitrary.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::{PromptMatrix, Result};

/// A similarity of two prompts by their own vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmbeddingMetric {
    /// Euclidean, of the concatenated slots.
    EuclideanConcat,
    /// Euclidean, averaged over all pairs of slots.
    EuclideanAverage,
    /// Cosine, of the concatenated slots.
    CosineConcat,
    /// Cosine, averaged over all pairs of slots.
    CosineAverage,
}

/// The slots of a prompt that a similarity looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slots {
    /// All of them, as the paper's code does.
    #[default]
    All,
    /// All but slot 0. In a prompt for a masked language model the mask's embedding overwrites
    /// slot 0, so that its trained vector has no effect.
    SkipFirst,
}

impl EmbeddingMetric {
    /// Every metric, in the order of the paper's tables.
    pub const ALL: [Self; 4] = [
        Self::EuclideanConcat,
        Self::EuclideanAverage,
        Self::CosineConcat,
        Self::CosineAverage,
    ];

    /// The paper's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::EuclideanConcat => "E_concat",
            Self::EuclideanAverage => "E_average",
            Self::CosineConcat => "C_concat",
            Self::CosineAverage => "C_average",
        }
    }

    /// The similarity of `a` and `b`. The cosine with a zero vector is 0.
    ///
    /// # Errors
    /// [`Error::Size`](crate::Error::Size) where the prompts differ in size,
    /// [`Error::Empty`](crate::Error::Empty) where no slot is left to compare.
    pub fn similarity(self, a: &PromptMatrix, b: &PromptMatrix, slots: Slots) -> Result<f64> {
        a.check_same_size(b)?;
        let rows = slots.range(a.rows())?;
        Ok(match self {
            Self::EuclideanConcat => {
                let squares: f64 = rows.map(|row| squared(a.row(row), b.row(row))).sum();
                closeness(squares.sqrt())
            }
            Self::EuclideanAverage => {
                let pairs = (rows.len() * rows.len()) as f64;
                let sum: f64 = rows
                    .clone()
                    .flat_map(|i| rows.clone().map(move |j| (i, j)))
                    .map(|(i, j)| squared(a.row(i), b.row(j)).sqrt())
                    .sum();
                closeness(sum / pairs)
            }
            Self::CosineConcat => {
                let sum = |x: &PromptMatrix, y: &PromptMatrix| -> f64 {
                    rows.clone().map(|row| dot(x.row(row), y.row(row))).sum()
                };
                ratio(sum(a, b), sum(a, a).sqrt() * sum(b, b).sqrt())
            }
            Self::CosineAverage => {
                // The mean of the cosines of all pairs is the product of the mean directions.
                let (a, b) = (mean_direction(a, rows.clone()), mean_direction(b, rows));
                a.iter().zip(&b).map(|(x, y)| x * y).sum()
            }
        })
    }
}

impl Slots {
    /// The slots' numbers in a prompt of `rows`.
    fn range(self, rows: usize) -> Result<Range<usize>> {
        let first = match self {
            Self::All => 0,
            Self::SkipFirst => 1,
        };
        if first >= rows {
            return Err(crate::Error::Empty {
                what: "slots to compare",
            });
        }
        Ok(first..rows)
    }
}

/// Lanes of the sums: as many independent additions as a processor does at once.
const LANES: usize = 8;

/// The sum of `term` over the pairs of elements of `a` and `b`.
fn sum(a: &[f32], b: &[f32], term: impl Fn(f64, f64) -> f64) -> f64 {
    let (heads_a, tail_a) = a.as_chunks::<LANES>();
    let (heads_b, tail_b) = b.as_chunks::<LANES>();
    let mut lanes = [0.0; LANES];
    for (a, b) in heads_a.iter().zip(heads_b) {
        for lane in 0..LANES {
            lanes[lane] += term(f64::from(a[lane]), f64::from(b[lane]));
        }
    }
    let tail = tail_a.iter().zip(tail_b);
    let tail: f64 = tail.map(|(&a, &b)| term(f64::from(a), f64::from(b))).sum();
    lanes.iter().sum::<f64>() + tail
}

/// Squared distance. Differences are squared one by one: expanded into norms and a product, the
/// distance of near vectors would lose its digits.
fn squared(a: &[f32], b: &[f32]) -> f64 {
    sum(a, b, |a, b| (a - b) * (a - b))
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    sum(a, b, |a, b| a * b)
}

/// A distance as a similarity in `(0, 1]`.
fn closeness(distance: f64) -> f64 {
    1.0 / (1.0 + distance)
}

/// `numerator / denominator`, or 0 where the denominator is.
fn ratio(numerator: f64, denominator: f64) -> f64 {
    if denominator == 0.0 {
        0.0
    } else {
        numerator / denominator
    }
}

/// The mean of the slots' vectors, each scaled to length 1; a zero vector stays.
fn mean_direction(prompt: &PromptMatrix, rows: Range<usize>) -> Vec<f64> {
    let mut mean = vec![0.0; prompt.width()];
    let count = rows.len() as f64;
    for row in rows.map(|row| prompt.row(row)) {
        let scale = ratio(1.0, dot(row, row).sqrt() * count);
        for (mean, &value) in mean.iter_mut().zip(row) {
            *mean += f64::from(value) * scale;
        }
    }
    mean
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;
    use plm_core::check::SizeError;
    use proptest::prelude::*;

    use super::*;

    fn prompt(rows: usize, values: &[f32]) -> PromptMatrix {
        PromptMatrix::new(rows, values.len() / rows, values.to_vec()).unwrap()
    }

    #[test]
    fn two_unit_vectors_and_their_exchange() {
        let a = prompt(2, &[1.0, 0.0, 0.0, 1.0]);
        let b = prompt(2, &[0.0, 1.0, 1.0, 0.0]);
        // Distance of the concatenations 2; of the four pairs of slots sqrt 2, 0, 0, sqrt 2.
        let expected = [1.0 / 3.0, 1.0 / (1.0 + 0.5_f64.sqrt()), 0.0, 0.5];
        for (metric, expected) in EmbeddingMetric::ALL.into_iter().zip(expected) {
            let similarity = metric.similarity(&a, &b, Slots::All).unwrap();
            assert_abs_diff_eq!(similarity, expected, epsilon = 1e-15);
        }
    }

    #[test]
    fn slot_0_can_be_left_out() {
        let a = prompt(2, &[9.0, 9.0, 1.0, 0.0]);
        let b = prompt(2, &[-9.0, 5.0, 1.0, 0.0]);
        for metric in EmbeddingMetric::ALL {
            assert_eq!(metric.similarity(&a, &b, Slots::SkipFirst).unwrap(), 1.0);
            assert!(metric.similarity(&a, &b, Slots::All).unwrap() < 0.9);
        }
    }

    #[test]
    fn sizes_must_fit() {
        let (a, b) = (prompt(2, &[0.0; 4]), prompt(1, &[0.0; 2]));
        for metric in EmbeddingMetric::ALL {
            let error = metric.similarity(&a, &b, Slots::All).unwrap_err();
            assert!(matches!(
                error,
                crate::Error::Size(SizeError { found: 1, .. })
            ));
            let error = metric.similarity(&b, &b, Slots::SkipFirst).unwrap_err();
            assert!(matches!(error, crate::Error::Empty { .. }));
        }
    }

    #[test]
    fn zero_vectors_have_cosine_0() {
        let (zero, one) = (prompt(1, &[0.0, 0.0]), prompt(1, &[0.0, 1.0]));
        for metric in [
            EmbeddingMetric::CosineConcat,
            EmbeddingMetric::CosineAverage,
        ] {
            assert_eq!(metric.similarity(&zero, &one, Slots::All).unwrap(), 0.0);
        }
    }

    /// Mean over all pairs of slots, straight from the formula.
    fn over_pairs(a: &PromptMatrix, b: &PromptMatrix, f: fn(&[f32], &[f32]) -> f64) -> f64 {
        let mut sum = 0.0;
        for i in 0..a.rows() {
            for j in 0..b.rows() {
                sum += f(a.row(i), b.row(j));
            }
        }
        sum / (a.rows() * b.rows()) as f64
    }

    fn prompts() -> impl Strategy<Value = (PromptMatrix, PromptMatrix)> {
        (1..5_usize, 1..20_usize).prop_flat_map(|(rows, width)| {
            let values = prop::collection::vec(-3.0..3.0_f32, rows * width);
            let one = values.prop_map(move |values| prompt(rows, &values));
            (one.clone(), one)
        })
    }

    proptest! {
        #[test]
        fn metrics_follow_their_formulas((a, b) in prompts()) {
            let get = |metric: EmbeddingMetric| metric.similarity(&a, &b, Slots::All).unwrap();
            let plain_dot = |a: &[f32], b: &[f32]| -> f64 {
                a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
            };
            let distance = over_pairs(&a, &b, |a, b| {
                let terms = a.iter().zip(b).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2));
                terms.sum::<f64>().sqrt()
            });
            prop_assert!((get(EmbeddingMetric::EuclideanAverage) - 1.0 / (1.0 + distance)).abs() < 1e-12);
            let cosine = over_pairs(&a, &b, |a, b| ratio(dot(a, b), (dot(a, a) * dot(b, b)).sqrt()));
            prop_assert!((get(EmbeddingMetric::CosineAverage) - cosine).abs() < 1e-12);
            let norms = (plain_dot(a.values(), a.values()) * plain_dot(b.values(), b.values())).sqrt();
            let cosine = ratio(plain_dot(a.values(), b.values()), norms);
            prop_assert!((get(EmbeddingMetric::CosineConcat) - cosine).abs() < 1e-12);
        }

        #[test]
        fn metrics_are_symmetric_bounded_and_1_for_equal_concatenations((a, b) in prompts()) {
            for metric in EmbeddingMetric::ALL {
                let value = metric.similarity(&a, &b, Slots::All).unwrap();
                let swapped = metric.similarity(&b, &a, Slots::All).unwrap();
                prop_assert!((value - swapped).abs() < 1e-12);
                prop_assert!(value.abs() <= 1.0 + 1e-12);
            }
            for metric in [EmbeddingMetric::EuclideanConcat, EmbeddingMetric::CosineConcat] {
                let value = metric.similarity(&a, &a, Slots::All).unwrap();
                prop_assert!((value - 1.0).abs() < 1e-12);
            }
        }

        #[test]
        fn scaling_both_keeps_the_cosines((a, b) in prompts()) {
            let double = |p: &PromptMatrix| {
                prompt(p.rows(), &p.values().iter().map(|v| v * 2.0).collect::<Vec<_>>())
            };
            for metric in [EmbeddingMetric::CosineConcat, EmbeddingMetric::CosineAverage] {
                let value = metric.similarity(&a, &b, Slots::All).unwrap();
                let scaled = metric.similarity(&double(&a), &double(&b), Slots::All).unwrap();
                prop_assert!((value - scaled).abs() < 1e-12);
            }
        }
    }
}
