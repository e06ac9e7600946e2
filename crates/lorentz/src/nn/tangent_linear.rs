//! The linear layer in the tangent space of the origin, for comparison.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use plm_core::kernel;
use plm_core::nn::init::uniform;
use plm_core::rng::Seed;
use serde::{Deserialize, Serialize};

use super::parameter::{glorot, parameter, point_width};
use crate::geometry::{exp, exp_origin, log_origin, origin_tangent, space, transport_from_origin};
use crate::{Curvature, Result};

/// Settings of a [`TangentLinear`] layer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TangentLinearConfig {
    /// Components of an input point.
    pub d_input: usize,
    /// Components of an output point.
    pub d_output: usize,
    /// Whether there is a bias.
    pub bias: bool,
    /// Of both spaces.
    pub curvature: Curvature,
}

impl TangentLinearConfig {
    /// With a bias and k = 1.
    pub fn new(d_input: usize, d_output: usize) -> Self {
        Self {
            d_input,
            d_output,
            bias: true,
            curvature: Curvature::UNIT,
        }
    }

    /// A layer of these settings, with weights by Glorot's rule and a bias of zeros.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) naming the setting, its value and the limit.
    pub fn init(&self, seed: Seed, device: &Device) -> Result<TangentLinear> {
        point_width("TangentLinearConfig", "d_input", self.d_input)?;
        point_width("TangentLinearConfig", "d_output", self.d_output)?;
        let [inputs, outputs] = [self.d_input - 1, self.d_output - 1];
        let weights = uniform(seed, "weight", inputs * outputs, glorot(inputs, outputs));
        let zeros = || parameter(vec![0.0; outputs], [outputs], device);
        Ok(TangentLinear {
            weight: parameter(weights, [inputs, outputs], device),
            bias: self.bias.then(zeros),
            curvature: self.curvature,
        })
    }
}

/// y = exp_z(P_{o→z} b) with z = exp_o(W log_o x), the layer of HGCN (Chami et al. 2019).
///
/// Without the bias it fixes the origin and never mixes time into space, so it contains no boost; it is
/// a rotation only where W is orthogonal. It is here to compare with.
#[derive(Module, Debug)]
pub struct TangentLinear {
    /// W: `[d_input − 1, d_output − 1]`.
    pub weight: Param<Tensor<2>>,
    /// b: `[d_output − 1]`.
    pub bias: Option<Param<Tensor<1>>>,
    #[module(skip)]
    curvature: Curvature,
}

impl TangentLinear {
    /// The points of `x`.
    ///
    /// # Shapes
    /// - x: `[.., d_input]`
    /// - result: `[.., d_output]`
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let tangents = space(log_origin(x, self.curvature));
        let tangents = kernel::linear(tangents, self.weight.val(), None);
        let points = exp_origin(origin_tangent(tangents), self.curvature);
        let Some(bias) = &self.bias else {
            return points;
        };
        let shift = origin_tangent(bias.val().unsqueeze::<D>());
        let shift = transport_from_origin(points.clone(), shift, self.curvature);
        exp(points, shift, self.curvature)
    }
}
