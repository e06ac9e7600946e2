//! Batch normalization of points.

use burn::module::{Module, Param, RunningState};
use burn::tensor::{Device, FloatDType, Tensor};
use plm_core::check::{below_one, positive};
use serde::{Deserialize, Serialize};

use super::parameter::{parameter, point_width};
use crate::geometry::{
    centroid_of_sum, exp, log, midpoint, origin, origin_tangent, space, sum_squares,
    transport_from_origin, transport_to_origin,
};
use crate::{Curvature, ManifoldParam, Result};

/// Settings of a [`LorentzBatchNorm`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LorentzBatchNormConfig {
    /// Components of a point.
    pub d_model: usize,
    /// Added to the variance.
    pub epsilon: f64,
    /// Share of a batch in the running statistics.
    pub momentum: f64,
    /// Of both spaces.
    pub curvature: Curvature,
}

impl LorentzBatchNormConfig {
    /// Epsilon 1e-5, momentum 0.1, k = 1.
    pub fn new(d_model: usize) -> Self {
        Self {
            d_model,
            epsilon: 1e-5,
            momentum: 0.1,
            curvature: Curvature::UNIT,
        }
    }

    /// A layer that moves the centroid to the origin and the variance to 1.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) naming the setting, its value and the limit.
    pub fn init(&self, device: &Device) -> Result<LorentzBatchNorm> {
        const ORIGIN: &str = "LorentzBatchNormConfig";
        point_width(ORIGIN, "d_model", self.d_model)?;
        positive(ORIGIN, "epsilon", self.epsilon)?;
        below_one(ORIGIN, "momentum", self.momentum)?;
        let scale = parameter(vec![1.0], [1], device);
        let ones = scale.val().detach();
        let start = origin([1, self.d_model], self.curvature, device, ones.dtype());
        Ok(LorentzBatchNorm {
            center: ManifoldParam::from_points(start.clone(), self.curvature)?,
            scale,
            running_center: RunningState::new(start),
            running_variance: RunningState::new(ones),
            epsilon: self.epsilon,
            momentum: self.momentum,
            curvature: self.curvature,
        })
    }
}

/// y = exp_c(P_{o→c}(γ/√(σ² + ε) · P_{μ→o} log_μ x)), with the centroid μ and the Fréchet variance
/// σ² = mean d²(x, μ) of a batch in training, their running means elsewhere (after Bdeir et al., ICLR
/// 2024, and Lou et al. 2020; the former divide by the mean distance).
///
/// It needs the centroid and logarithms, so points must lie where [`centroid`](crate::geometry::centroid)
/// is good, within about 6 √k of the origin in single precision. Unlike other layers it is not finite for
/// points of every size.
#[derive(Module, Debug)]
pub struct LorentzBatchNorm {
    /// c: `[1, d_model]`.
    pub center: ManifoldParam<2>,
    /// γ: `[1]`.
    pub scale: Param<Tensor<1>>,
    running_center: RunningState<Tensor<2>>,
    running_variance: RunningState<Tensor<1>>,
    #[module(skip)]
    epsilon: f64,
    #[module(skip)]
    momentum: f64,
    #[module(skip)]
    curvature: Curvature,
}

impl LorentzBatchNorm {
    /// The points of `x` by the running statistics.
    ///
    /// # Shapes
    /// - x, result: `[rows, d_model]`
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let dtype = FloatDType::from(x.dtype());
        let center = self.running_center.value_sync().to_device(&x.device());
        let variance = self.running_variance.value_sync().to_device(&x.device());
        let tangents = self.at_origin(x, center.cast(dtype));
        self.place(tangents, variance.cast(dtype))
    }

    /// The points of `x` by the statistics of `x`, which enter the running ones. No rows have none and change
    /// nothing.
    ///
    /// # Shapes
    /// - x, result: `[rows, d_model]`
    pub fn forward_train(&self, x: Tensor<2>) -> Tensor<2> {
        if x.dims()[0] == 0 {
            return x;
        }
        let center = midpoint(x.clone(), self.curvature);
        let tangents = self.at_origin(x, center.clone());
        let variance = sum_squares(tangents.clone()).mean();
        self.remember(center.detach(), variance.clone().detach());
        self.place(tangents, variance)
    }

    /// The space components of log_μ x after transport to the origin.
    fn at_origin(&self, x: Tensor<2>, center: Tensor<2>) -> Tensor<2> {
        let tangents = log(center.clone(), x, self.curvature);
        space(transport_to_origin(center, tangents, self.curvature))
    }

    fn place(&self, tangents: Tensor<2>, variance: Tensor<1>) -> Tensor<2> {
        let factor = self.scale.val() / variance.add_scalar(self.epsilon).sqrt();
        let scaled = origin_tangent(tangents * factor.unsqueeze::<2>());
        let center = self.center.val();
        let moved = transport_from_origin(center.clone(), scaled, self.curvature);
        exp(center, moved, self.curvature)
    }

    fn remember(&self, center: Tensor<2>, variance: Tensor<1>) {
        let dtype = FloatDType::from(center.dtype());
        let old = self.running_center.value_sync().to_device(&center.device());
        let sum =
            old.cast(dtype).mul_scalar(1.0 - self.momentum) + center.mul_scalar(self.momentum);
        let one = sum.clone().narrow(1, 0, 1).ones_like();
        self.running_center
            .update(centroid_of_sum(sum, one, self.curvature).detach());
        let old = self
            .running_variance
            .value_sync()
            .to_device(&variance.device());
        let mixed =
            old.cast(dtype).mul_scalar(1.0 - self.momentum) + variance.mul_scalar(self.momentum);
        self.running_variance.update(mixed.detach());
    }
}
