//! Riemannian stochastic gradient descent (Bonnabel 2013) with momentum, for points of hyperboloids.

use burn::optim::LearningRate;
use burn::optim::Optimizer;
use burn::tensor::{Device, Tensor};
use plm_core::check::{below_one, not_negative};
use serde::{Deserialize, Serialize};

use super::rows::{Rows, to_rows};
use super::state::{OptimizerState, take_or_zeros};
use super::step::{StepLimits, gradient, stabilized};
use crate::{Curvature, Error, Result};

/// Constants of Riemannian gradient descent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RiemannianSgdConfig {
    /// Share of the momentum buffer that is kept at each step.
    pub momentum: f64,
    /// Share of each gradient that does not enter the buffer.
    pub dampening: f64,
    /// Looks one step of momentum ahead; needs momentum and no dampening.
    pub nesterov: bool,
    /// Times the point, added to its ambient gradient.
    pub weight_decay: f64,
    /// Bounds and repairs of steps.
    pub limits: StepLimits,
}

impl RiemannianSgdConfig {
    /// The optimizer of points of one curvature.
    ///
    /// # Errors
    /// [`Error::Core`] naming the setting that is out of its limits.
    pub fn build(&self, curvature: Curvature) -> Result<RiemannianSgd> {
        let origin = "RiemannianSgdConfig";
        below_one(origin, "momentum", self.momentum)?;
        below_one(origin, "dampening", self.dampening)?;
        not_negative(origin, "weight_decay", self.weight_decay)?;
        self.limits.check(origin)?;
        if self.nesterov && (self.momentum == 0.0 || self.dampening != 0.0) {
            return Err(Error::config(
                origin,
                "nesterov",
                "needs a momentum above 0 and a dampening of 0",
            ));
        }
        Ok(RiemannianSgd {
            config: *self,
            curvature,
        })
    }
}

/// Gradient descent along geodesics.
///
/// The momentum buffer starts at zero and takes in Riemannian gradients only. Implementations that
/// start it with the raw ambient gradient, whose time has the wrong sign and which is no tangent
/// vector, let the loss rise.
#[derive(Debug, Clone)]
pub struct RiemannianSgd {
    config: RiemannianSgdConfig,
    curvature: Curvature,
}

impl Optimizer for RiemannianSgd {
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
        let momentum = config.momentum > 0.0;
        let mut state = OptimizerState::next(state, &[shape][..usize::from(momentum)]);
        let buffer = momentum.then(|| to_rows(take_or_zeros(state.first.take(), shape, &tensor)));
        let (points, grad) = (to_rows(tensor), to_rows(grad));
        let rows = Rows::of(&grad, config.limits.sparse);

        let x = rows.select(&points);
        let g = gradient(&x, rows.select(&grad), config.weight_decay, self.curvature);
        let b = buffer.as_ref().map(|buffer| {
            rows.select(buffer).mul_scalar(config.momentum)
                + g.clone().mul_scalar(1.0 - config.dampening)
        });
        let direction = match &b {
            Some(b) if config.nesterov => g + b.clone().mul_scalar(config.momentum),
            Some(b) => b.clone(),
            None => g,
        };
        let (x, b) = config
            .limits
            .advance(x, direction.mul_scalar(-lr), b, self.curvature);
        let mut points = rows.assign(points, x);
        let mut buffer = buffer.zip(b).map(|(buffer, b)| rows.assign(buffer, b));
        if config.limits.stabilizes(state.time) {
            (points, buffer) = stabilized(points, buffer, self.curvature);
        }
        state.first = buffer.map(|buffer| buffer.reshape(shape));
        (points.reshape(shape), Some(state))
    }

    fn to_device<const D: usize>(state: Self::State<D>, device: &Device) -> Self::State<D> {
        state.on_device(device)
    }
}
