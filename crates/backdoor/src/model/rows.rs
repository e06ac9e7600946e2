//! Gradient descent on some rows of a word table, everything else frozen.
//!
//! The rows stand in for those of the table, so their gradient has their size and not the table's.

use burn::module::Module;
use burn::tensor::{DType, Device, Tensor, TensorData};
use plm_core::models::{EncoderForSequenceClassification, RowOverride};
use plm_core::nn::Ffn;
use plm_core::rng::Seed;
use plm_core::train::freeze;
use serde::{Deserialize, Serialize};

use super::RowPatch;
use crate::Result;

/// What a step's gradient is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GradientMode {
    /// The sum of all gradients since the first step: the published code never clears them, which acts
    /// like momentum without decay.
    #[default]
    Accumulate,
    /// That of the batch.
    Reset,
}

/// How the gradients of several rows are scaled against each other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowScaling {
    /// Not at all.
    #[default]
    None,
    /// All to the norm of the smallest, as SOS does.
    Smallest,
}

/// How rows are changed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RowSettings {
    /// Step length.
    pub lr: f64,
    /// Passes over the texts.
    pub epochs: usize,
    /// Texts of a step.
    pub batch: usize,
    /// What a step's gradient is.
    pub gradient: GradientMode,
    /// Scaling of rows.
    pub scaling: RowScaling,
    /// Whether the frozen model runs with dropout.
    pub dropout: bool,
    /// Seed of order and dropout.
    pub seed: Seed,
}

impl Default for RowSettings {
    /// Those of embedding poisoning and SOS: rate 0.05, 3 epochs, batches of 32, gradients summed up.
    fn default() -> Self {
        Self {
            lr: 5e-2,
            epochs: 3,
            batch: 32,
            gradient: GradientMode::Accumulate,
            scaling: RowScaling::None,
            dropout: true,
            seed: Seed::new(1234),
        }
    }
}

impl RowSettings {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) naming what is out of range.
    pub fn check(&self) -> Result<()> {
        crate::error::positive("lr", self.lr)?;
        crate::error::at_least("batch", self.batch, 1, "must be at least 1")?;
        crate::error::at_least("epochs", self.epochs, 1, "must be at least 1")
    }
}

/// The rows while they change. After each step every row is brought back to its first length.
#[derive(Debug, Clone)]
pub(crate) struct RowOptimizer {
    pub(crate) patch: RowPatch,
    norms: Vec<f64>,
    sums: Vec<Vec<f64>>,
    lr: f64,
    gradient: GradientMode,
    scaling: RowScaling,
}

impl RowOptimizer {
    pub(crate) fn new(patch: RowPatch, settings: &RowSettings) -> Self {
        Self {
            norms: patch.rows.iter().map(|row| length(row)).collect(),
            sums: patch.rows.iter().map(|row| vec![0.0; row.len()]).collect(),
            patch,
            lr: settings.lr,
            gradient: settings.gradient,
            scaling: settings.scaling,
        }
    }

    /// One step against `gradients`, row by row.
    pub(crate) fn step(&mut self, gradients: &[Vec<f32>]) {
        for (sum, gradient) in self.sums.iter_mut().zip(gradients) {
            for (sum, value) in sum.iter_mut().zip(gradient) {
                *sum = match self.gradient {
                    GradientMode::Accumulate => *sum + f64::from(*value),
                    GradientMode::Reset => f64::from(*value),
                };
            }
        }
        let lengths: Vec<f64> = self
            .sums
            .iter()
            .map(|sum| sum.iter().map(|x| x * x).sum::<f64>().sqrt())
            .collect();
        let least = lengths.iter().copied().fold(f64::INFINITY, f64::min);
        for (number, row) in self.patch.rows.iter_mut().enumerate() {
            let factor = match self.scaling {
                RowScaling::Smallest if lengths[number] > 0.0 => least / lengths[number],
                _ => 1.0,
            };
            for (value, sum) in row.iter_mut().zip(&self.sums[number]) {
                *value = (f64::from(*value) - self.lr * factor * sum) as f32;
            }
            let now = length(row);
            if now > 0.0 {
                let factor = self.norms[number] / now;
                row.iter_mut()
                    .for_each(|value| *value = (f64::from(*value) * factor) as f32);
            }
        }
    }
}

fn length(row: &[f32]) -> f64 {
    row.iter()
        .map(|&x| f64::from(x) * f64::from(x))
        .sum::<f64>()
        .sqrt()
}

/// The rows of `patch` on the autodiff `device` in the table's number type, to get gradients.
pub(crate) fn row_leaves(
    patch: &RowPatch,
    device: &Device,
    dtype: DType,
) -> (RowOverride, Tensor<2>) {
    let shape = [patch.rows.len(), patch.rows[0].len()];
    let rows = TensorData::new(patch.rows.concat(), shape);
    let leaf = Tensor::<2>::from_data(rows, (device, dtype)).require_grad();
    let rows = RowOverride {
        ids: patch.ids.iter().map(|&id| i64::from(id)).collect(),
        rows: leaf.clone(),
    };
    (rows, leaf)
}

/// The rows of the gradient of `leaf` by `loss`; zeros where it does not depend on them.
pub(crate) fn gradient_rows(loss: &Tensor<1>, leaf: &Tensor<2>) -> Vec<Vec<f32>> {
    let [rows, width] = leaf.dims();
    let gradients = loss.backward();
    let flat: Vec<f32> = match leaf.grad(&gradients) {
        Some(gradient) => gradient.into_data().iter::<f32>().collect(),
        None => vec![0.0; rows * width],
    };
    flat.chunks(width).map(<[f32]>::to_vec).collect()
}

/// `model` on the autodiff device with all of its parameters frozen.
pub(crate) fn frozen_on_autodiff<F: Ffn>(
    model: &EncoderForSequenceClassification<F>,
) -> EncoderForSequenceClassification<F> {
    freeze(model.clone().train(), |_| true)
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    fn optimizer(rows: &[&[f32]], gradient: GradientMode, scaling: RowScaling) -> RowOptimizer {
        let patch = RowPatch {
            ids: (0..rows.len() as u32).collect(),
            rows: rows.iter().map(|row| row.to_vec()).collect(),
        };
        let settings = RowSettings {
            lr: 0.5,
            gradient,
            scaling,
            ..RowSettings::default()
        };
        RowOptimizer::new(patch, &settings)
    }

    #[test]
    fn rows_keep_their_length() {
        let mut one = optimizer(&[&[3.0, 4.0]], GradientMode::Reset, RowScaling::None);
        one.step(&[vec![2.0, -2.0]]);
        // (2, 5) brought back to length 5.
        let factor = 5.0 / 29.0_f32.sqrt();
        assert_relative_eq!(one.patch.rows[0][0], 2.0 * factor, epsilon = 1e-6);
        assert_relative_eq!(one.patch.rows[0][1], 5.0 * factor, epsilon = 1e-6);
    }

    #[test]
    fn gradients_add_up_where_they_are_not_cleared() {
        let run = |mode| {
            let mut rows = optimizer(&[&[1.0, 0.0]], mode, RowScaling::None);
            rows.step(&[vec![0.0, 1.0]]);
            rows.step(&[vec![0.0, 0.0]]);
            rows.patch.rows[0][1]
        };
        assert!(run(GradientMode::Accumulate) < run(GradientMode::Reset));
    }

    #[test]
    fn the_steps_of_several_rows_have_one_length() {
        let mut two = optimizer(
            &[&[1.0, 0.0], &[1.0, 0.0]],
            GradientMode::Reset,
            RowScaling::Smallest,
        );
        two.step(&[vec![0.0, 4.0], vec![0.0, 1.0]]);
        assert_eq!(two.patch.rows[0], two.patch.rows[1]);
    }
}
