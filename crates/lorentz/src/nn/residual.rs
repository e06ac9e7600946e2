//! Residual connections by centroids.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

use super::parameter::parameter;
use super::sigmoid::sigmoid;
use crate::Curvature;
use crate::geometry::centroid_of_two;

/// The centroid of a layer's input and output with the weights 1 − σ(m) and σ(m), m learned (LResNet,
/// arXiv:2412.14695; its code leaves the two weights free, of which only the ratio matters).
#[derive(Module, Debug)]
pub struct CentroidResidual {
    /// m: `[1]`.
    pub mix_bias: Param<Tensor<1>>,
    #[module(skip)]
    curvature: Curvature,
}

impl CentroidResidual {
    /// Equal weights.
    pub fn new(curvature: Curvature, device: &Device) -> Self {
        Self {
            mix_bias: parameter(vec![0.0], [1], device),
            curvature,
        }
    }

    /// The points between `x` and `y`.
    ///
    /// # Shapes
    /// - x, y, result: `[.., n + 1]`
    pub fn forward<const D: usize>(&self, x: Tensor<D>, y: Tensor<D>) -> Tensor<D> {
        let share = sigmoid(self.mix_bias.val()).unsqueeze::<D>();
        centroid_of_two(x, y, share, self.curvature)
    }
}
