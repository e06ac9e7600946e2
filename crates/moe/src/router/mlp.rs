//! The router of the paper: a network of two layers over the input's direction.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use plm_core::rng::Seed;
use serde::{Deserialize, Serialize};

use super::centroid::mean_rows;
use super::normalized;
use super::train::Trainable;
use crate::host::matrix;
use crate::{Error, Result};

/// Scores `tanh(x / ‖x‖ · w1) · w2`, without biases (MoEfication, `mlp_select.py`).
#[derive(Module, Debug)]
pub struct MlpRouter {
    /// Input to hidden, `[width, experts]`.
    pub w1: Param<Tensor<2>>,
    /// Hidden to scores, `[experts, experts]`.
    pub w2: Param<Tensor<2>>,
}

/// How an [`MlpRouter`] is trained: binary cross-entropy against contributions scaled to `0..=1`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MlpRouterConfig {
    /// Rate of Adam. The original's is 0.01, at which a router can get worse than it began; the best
    /// epoch counts, the initial router's included.
    pub lr: f64,
    /// Passes over the tokens; the original's are 30.
    pub epochs: usize,
    /// Tokens of a step.
    pub batch_size: usize,
    /// Share of the experts that capture is measured at between epochs.
    pub validation_share: f64,
    /// Seed of the order, besides the layer's.
    pub seed: Seed,
}

impl Default for MlpRouterConfig {
    fn default() -> Self {
        Self {
            lr: 1e-3,
            epochs: 30,
            batch_size: 512,
            validation_share: 0.2,
            seed: Seed::new(0),
        }
    }
}

impl MlpRouterConfig {
    pub(super) fn check(&self) -> Result<()> {
        let setting = |name, value: String, limit| Err(Error::Setting { name, value, limit });
        if !(self.lr > 0.0 && self.lr.is_finite()) {
            return setting("lr", self.lr.to_string(), "must be positive");
        }
        if self.batch_size == 0 {
            return setting("batch_size", "0".to_owned(), "must be at least 1");
        }
        if !(self.validation_share > 0.0 && self.validation_share <= 1.0) {
            let value = self.validation_share.to_string();
            return setting("validation_share", value, "must be above 0 and at most 1");
        }
        Ok(())
    }
}

impl MlpRouter {
    /// The router that training starts from: the experts' mean normalized rows, and the identity.
    ///
    /// # Shapes
    /// - rows: `[neurons, width]`, experts one after the other
    pub(crate) fn initial(
        rows: &[f32],
        width: usize,
        experts: usize,
        device: &Device,
    ) -> Result<Self> {
        let centers = matrix(&mean_rows(rows, width, experts)?, experts, width, device);
        Ok(Self {
            w1: Param::from_tensor(centers.transpose()),
            w2: Param::from_tensor(Tensor::eye(experts, device)),
        })
    }
}

impl Trainable for MlpRouter {
    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        normalized(x)
            .matmul(self.w1.val())
            .tanh()
            .matmul(self.w2.val())
    }

    fn loss(scores: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
        // max(s, 0) - s t + ln(1 + exp(-|s|)), which does not overflow. The maximum is written with
        // the absolute value, whose slope at 0 is 0, so that the gradient there is the true 1/2 - t.
        let magnitude = scores.clone().abs();
        let positive = (scores.clone() + magnitude.clone()) * 0.5;
        let softplus = (-magnitude).exp().log1p();
        (positive - scores * targets + softplus).mean()
    }

    /// Divides by the largest contribution of the batch, as the original does.
    fn scale(contributions: &mut [f32]) {
        let largest = contributions.iter().copied().fold(0.0_f32, f32::max);
        if largest > 0.0 {
            for value in contributions {
                *value /= largest;
            }
        }
    }
}
