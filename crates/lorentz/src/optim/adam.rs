//! Riemannian Adam (Bécigneul and Ganea 2019, arXiv:1810.00760) for points of hyperboloids.

use burn::optim::LearningRate;
use burn::optim::Optimizer;
use burn::tensor::{Device, Tensor};
use plm_core::check::{below_one, not_negative, positive};
use serde::{Deserialize, Serialize};

use super::rows::{Rows, to_rows};
use super::state::{OptimizerState, take_or_zeros};
use super::step::{StepLimits, gradient, stabilized};
use crate::geometry::tangent_norm_squared;
use crate::{Curvature, Result};

/// Constants of Riemannian Adam.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RiemannianAdamConfig {
    /// Decay of the first moment.
    pub beta_1: f64,
    /// Decay of the second moment.
    pub beta_2: f64,
    /// Added to the root of the second moment; above 0, since where all gradients were 0 it is the divisor.
    pub epsilon: f64,
    /// Times the point, added to its ambient gradient.
    pub weight_decay: f64,
    /// Divides by the largest second moment so far (Reddi et al. 2018).
    pub amsgrad: bool,
    /// Bounds and repairs of steps.
    pub limits: StepLimits,
}

impl Default for RiemannianAdamConfig {
    fn default() -> Self {
        Self {
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
            amsgrad: false,
            limits: StepLimits::default(),
        }
    }
}

impl RiemannianAdamConfig {
    /// The optimizer of points of one curvature.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) naming the setting that is out of its limits.
    pub fn build(&self, curvature: Curvature) -> Result<RiemannianAdam> {
        let origin = "RiemannianAdamConfig";
        below_one(origin, "beta_1", self.beta_1)?;
        below_one(origin, "beta_2", self.beta_2)?;
        positive(origin, "epsilon", self.epsilon)?;
        not_negative(origin, "weight_decay", self.weight_decay)?;
        self.limits.check(origin)?;
        Ok(RiemannianAdam {
            config: *self,
            curvature,
        })
    }
}

/// Adam along geodesics: first moments are tangent vectors that travel with their points, and the
/// second moment is one number for each point, the average of ⟨g, g⟩.
#[derive(Debug, Clone)]
pub struct RiemannianAdam {
    config: RiemannianAdamConfig,
    curvature: Curvature,
}

impl Optimizer for RiemannianAdam {
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
        let mut row_shape = shape;
        row_shape[D - 1] = 1;
        let mut state = OptimizerState::next(state, &[shape, row_shape]);
        let first = to_rows(take_or_zeros(state.first.take(), shape, &tensor));
        let second = to_rows(take_or_zeros(state.second.take(), row_shape, &tensor));
        let largest = config
            .amsgrad
            .then(|| to_rows(take_or_zeros(state.largest.take(), row_shape, &tensor)));
        let (points, grad) = (to_rows(tensor), to_rows(grad));
        let rows = Rows::of(&grad, config.limits.sparse);

        let x = rows.select(&points);
        let g = gradient(&x, rows.select(&grad), config.weight_decay, self.curvature);
        let square = tangent_norm_squared(x.clone(), g.clone(), self.curvature);
        let m = rows.select(&first).mul_scalar(config.beta_1) + g.mul_scalar(1.0 - config.beta_1);
        let v =
            rows.select(&second).mul_scalar(config.beta_2) + square.mul_scalar(1.0 - config.beta_2);
        let top = largest
            .as_ref()
            .map(|largest| rows.select(largest).max_pair(v.clone()));

        let time = state.time as f64;
        let step_size = lr / (1.0 - config.beta_1.powf(time));
        let correction = 1.0 - config.beta_2.powf(time);
        let root = top
            .clone()
            .unwrap_or_else(|| v.clone())
            .div_scalar(correction)
            .sqrt()
            .add_scalar(config.epsilon);
        let direction = m.clone().mul_scalar(-step_size) / root;
        let (x, m) = config.limits.advance(x, direction, Some(m), self.curvature);
        let (mut points, mut first) = (rows.assign(points, x), m.map(|m| rows.assign(first, m)));
        if config.limits.stabilizes(state.time) {
            (points, first) = stabilized(points, first, self.curvature);
        }
        state.first = first.map(|first| first.reshape(shape));
        state.second = Some(rows.assign(second, v).reshape(row_shape));
        state.largest = largest
            .zip(top)
            .map(|(largest, top)| rows.assign(largest, top).reshape(row_shape));
        (points.reshape(shape), Some(state))
    }

    fn to_device<const D: usize>(state: Self::State<D>, device: &Device) -> Self::State<D> {
        state.on_device(device)
    }
}
