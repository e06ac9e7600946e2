//! Losses on class scores.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Int, Tensor};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};
use plm_core::kernel::at_least_single;

/// How a student's scores are drawn to a teacher's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum LogitLoss {
    /// Mean squared difference over classes: what all scripts of DynamicKD use.
    Mse,
    /// T² · KL(teacher ‖ student) with both at temperature T (Hinton et al. 2015); DynamicKD's paper
    /// has T = 1.
    Kl {
        /// T.
        temperature: f64,
    },
}

impl LogitLoss {
    /// Checks the temperature.
    ///
    /// # Errors
    /// [`Error::Setting`] where it is not positive.
    pub fn check(&self) -> Result<()> {
        match *self {
            Self::Kl { temperature } if !(temperature > 0.0 && temperature.is_finite()) => {
                Err(Error::Setting {
                    name: "temperature",
                    value: temperature.to_string(),
                    limit: "must be positive",
                })
            }
            Self::Mse | Self::Kl { .. } => Ok(()),
        }
    }

    /// The loss of each row.
    ///
    /// # Shapes
    /// - student, teacher: `[rows, classes]`
    /// - result: `[rows]`
    pub fn rows(&self, student: &Tensor<2>, teacher: &Tensor<2>) -> Tensor<1> {
        match *self {
            Self::Mse => mse_rows(student, teacher),
            Self::Kl { temperature } => {
                kl_rows(student, teacher, temperature) * (temperature * temperature)
            }
        }
    }
}

/// ln softmax(logits / T).
///
/// # Shapes
/// - logits and result: `[rows, classes]`
pub fn log_probabilities(logits: &Tensor<2>, temperature: f64) -> Tensor<2> {
    log_softmax(at_least_single(logits.clone()) / temperature, 1)
}

/// KL(softmax(teacher / T) ‖ softmax(student / T)) of each row, without the factor T².
///
/// # Shapes
/// - student, teacher: `[rows, classes]`
/// - result: `[rows]`
pub fn kl_rows(student: &Tensor<2>, teacher: &Tensor<2>, temperature: f64) -> Tensor<1> {
    let wanted = log_probabilities(teacher, temperature);
    let given = log_probabilities(student, temperature);
    (wanted.clone().exp() * (wanted - given))
        .sum_dim(1)
        .squeeze_dim(1)
}

/// KL(target ‖ student) of each row, for targets that may have zeros.
///
/// # Shapes
/// - log_student: `[rows, classes]`, logarithms of probabilities
/// - target: `[rows, classes]`, probabilities, without gradient
/// - result: `[rows]`
pub fn kl_to_rows(log_student: Tensor<2>, target: Tensor<2>) -> Tensor<1> {
    let (log_student, target) = (at_least_single(log_student), at_least_single(target));
    // A probability of 0 adds 0: the floor only keeps its logarithm finite.
    let log_target = target.clone().clamp_min(f32::MIN_POSITIVE).log();
    (target * (log_target - log_student))
        .sum_dim(1)
        .squeeze_dim(1)
}

/// Mean over classes of the squared difference, of each row.
///
/// # Shapes
/// - student, teacher: `[rows, classes]`
/// - result: `[rows]`
pub fn mse_rows(student: &Tensor<2>, teacher: &Tensor<2>) -> Tensor<1> {
    (at_least_single(student.clone()) - at_least_single(teacher.clone()))
        .square()
        .mean_dim(1)
        .squeeze_dim(1)
}

/// -ln softmax(logits) at the label of each row.
///
/// # Shapes
/// - logits: `[rows, classes]`
/// - labels: `[rows]`
/// - result: `[rows]`
pub fn cross_entropy_rows(logits: &Tensor<2>, labels: Tensor<1, Int>) -> Tensor<1> {
    -log_softmax(at_least_single(logits.clone()), 1)
        .gather(1, labels.unsqueeze_dim(1))
        .squeeze_dim(1)
}
