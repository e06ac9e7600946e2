//! Adam for the Euclidean parameters.

use burn::optim::LearningRate;
use burn::optim::Optimizer;
use burn::tensor::{Device, Tensor};
use plm_core::check::{below_one, not_negative, positive};
use serde::{Deserialize, Serialize};

use super::state::{OptimizerState, take_or_zeros};
use crate::Result;

/// Constants of Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv:1711.05101).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EuclideanAdamConfig {
    /// Decay of the first moment.
    pub beta_1: f64,
    /// Decay of the second moment.
    pub beta_2: f64,
    /// Added to the root of the second moment; above 0, since where all gradients were 0 it is the divisor.
    pub epsilon: f64,
    /// Times the parameter and the learning rate, taken off at each step.
    pub weight_decay: f64,
    /// Divides by the largest second moment so far.
    pub amsgrad: bool,
}

impl Default for EuclideanAdamConfig {
    fn default() -> Self {
        Self {
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
            amsgrad: false,
        }
    }
}

impl EuclideanAdamConfig {
    /// The optimizer.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) naming the setting that is out of its limits.
    pub fn build(&self) -> Result<EuclideanAdam> {
        let origin = "EuclideanAdamConfig";
        below_one(origin, "beta_1", self.beta_1)?;
        below_one(origin, "beta_2", self.beta_2)?;
        positive(origin, "epsilon", self.epsilon)?;
        not_negative(origin, "weight_decay", self.weight_decay)?;
        Ok(EuclideanAdam { config: *self })
    }
}

/// Adam with decoupled weight decay.
///
/// burn's own AdamW has single-precision constants, which double-precision runs cannot be compared
/// with; this one is the same rule as that of the points.
#[derive(Debug, Clone)]
pub struct EuclideanAdam {
    config: EuclideanAdamConfig,
}

impl Optimizer for EuclideanAdam {
    type State<const D: usize> = OptimizerState<D>;

    fn step<const D: usize>(
        &self,
        lr: LearningRate,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        let config = &self.config;
        let shape = tensor.dims();
        let mut state = OptimizerState::next(state, &[shape, shape]);
        let m = take_or_zeros(state.first.take(), shape, &tensor).mul_scalar(config.beta_1)
            + grad.clone().mul_scalar(1.0 - config.beta_1);
        let v = take_or_zeros(state.second.take(), shape, &tensor).mul_scalar(config.beta_2)
            + grad.square().mul_scalar(1.0 - config.beta_2);
        let largest = state.largest.take();
        if config.amsgrad {
            let before = take_or_zeros(largest, shape, &tensor);
            state.largest = Some(before.max_pair(v.clone()));
        }
        let time = state.time as f64;
        let step_size = lr / (1.0 - config.beta_1.powf(time));
        let root = state
            .largest
            .clone()
            .unwrap_or_else(|| v.clone())
            .div_scalar(1.0 - config.beta_2.powf(time))
            .sqrt()
            .add_scalar(config.epsilon);
        let kept = tensor.mul_scalar(1.0 - lr * config.weight_decay);
        let moved = kept - m.clone().mul_scalar(step_size) / root;
        state.first = Some(m);
        state.second = Some(v);
        (moved, Some(state))
    }

    fn to_device<const D: usize>(state: Self::State<D>, device: &Device) -> Self::State<D> {
        state.on_device(device)
    }
}
