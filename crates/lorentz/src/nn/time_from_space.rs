//! The linear layer that takes the time from the space.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use plm_core::kernel;
use plm_core::rng::Seed;
use serde::{Deserialize, Serialize};

use super::parameter::{glorot, point_width, uniform_linear};
use crate::geometry::lift;
use crate::kernel::{Affine, lifted_map};
use crate::{Curvature, Result};

/// Settings of a [`TimeFromSpace`] layer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeFromSpaceConfig {
    /// Components of an input point.
    pub d_input: usize,
    /// Components of an output point.
    pub d_output: usize,
    /// Whether there is a bias.
    pub bias: bool,
    /// Of the inputs' space.
    pub input_curvature: Curvature,
    /// Of the outputs' space.
    pub output_curvature: Curvature,
}

impl TimeFromSpaceConfig {
    /// With a bias and k = 1 on both sides.
    pub fn new(d_input: usize, d_output: usize) -> Self {
        Self {
            d_input,
            d_output,
            bias: true,
            input_curvature: Curvature::UNIT,
            output_curvature: Curvature::UNIT,
        }
    }

    /// A layer of these settings, with weights by Glorot's rule and a bias of zeros.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) naming the setting, its value and the limit.
    pub fn init(&self, seed: Seed, device: &Device) -> Result<TimeFromSpace> {
        point_width("TimeFromSpaceConfig", "d_input", self.d_input)?;
        point_width("TimeFromSpaceConfig", "d_output", self.d_output)?;
        let widths = [self.d_input, self.d_output - 1];
        let bound = glorot(widths[0], widths[1]);
        Ok(TimeFromSpace {
            linear: uniform_linear(widths, self.bias, bound, |_| false, seed, device),
            input_curvature: self.input_curvature,
            output_curvature: self.output_curvature,
        })
    }
}

/// y = √(k₂/k₁) (√(k₁ + |s|²), s) with s = W x + b, the layer of Hypformer (arXiv:2407.01290).
///
/// With the space rows of a boost or a rotation B as W it is B x, and every Lorentz transformation has
/// such rows. It has no division and no bound on the radius. On a CPU it costs 1.1 times a Euclidean layer
/// at widths 256 and 512 in the repository's benchmarks, 1.5 times at 64.
#[derive(Module, Debug)]
pub struct TimeFromSpace {
    /// W and b: `[d_input, d_output − 1]`, `[d_output − 1]`.
    pub linear: Linear,
    #[module(skip)]
    input_curvature: Curvature,
    #[module(skip)]
    output_curvature: Curvature,
}

impl TimeFromSpace {
    /// The points of `x`.
    ///
    /// # Shapes
    /// - x: `[.., d_input]`
    /// - result: `[.., d_output]`
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let map = Affine {
            weight: self.linear.weight.val(),
            bias: self.linear.bias.as_ref().map(Param::val),
        };
        let same = self.input_curvature == self.output_curvature;
        let fused = same.then(|| lifted_map(&x, &map, self.output_curvature));
        if let Some(points) = fused.flatten() {
            return points;
        }
        let space = kernel::linear(x, map.weight, map.bias);
        if same {
            return lift(space, self.output_curvature);
        }
        let ratio = self.output_curvature.radius() / self.input_curvature.radius();
        lift(space.mul_scalar(ratio), self.output_curvature)
    }

    /// The curvature of the outputs.
    pub fn curvature(&self) -> Curvature {
        self.output_curvature
    }
}
