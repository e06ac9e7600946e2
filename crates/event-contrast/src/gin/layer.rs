use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};
use plm_core::graph::Csr;
use plm_core::nn::{apply, zero_linear};

use super::{BatchNorm, Statistics};

/// A layer of a graph isomorphism network (Xu et al., ICLR 2019) as GCC has it: each node's vector is
/// added to those of its neighbors (ε = 0), and goes through linear map, normalization, ReLU, linear
/// map, and twice normalization and ReLU.
#[derive(Module, Debug)]
pub struct GinLayer {
    /// The first linear map, `[input, hidden]`.
    pub first: Linear,
    /// The normalization between the maps.
    pub inner_norm: BatchNorm,
    /// The second linear map, `[hidden, hidden]`.
    pub second: Linear,
    /// The normalization after the maps.
    pub norm: BatchNorm,
    /// The normalization between layers.
    pub outer_norm: BatchNorm,
}

impl GinLayer {
    /// A layer of zeros, to be initialized.
    pub(super) fn new(input: usize, hidden: usize, device: &Device) -> Self {
        let norm = || BatchNorm::new(hidden, device);
        Self {
            first: zero_linear(input, hidden, true, device),
            inner_norm: norm(),
            second: zero_linear(hidden, hidden, true, device),
            norm: norm(),
            outer_norm: norm(),
        }
    }

    /// # Shapes
    /// - x: `[nodes, input]`
    /// - adjacency: `[nodes, nodes]`
    /// - result: `[nodes, hidden]`
    pub fn forward(&self, x: Tensor<2>, adjacency: &Csr<f32>, statistics: Statistics) -> Tensor<2> {
        let x = adjacency.matmul(x.clone()) + x;
        let x = relu(self.inner_norm.forward(apply(&self.first, x), statistics));
        let x = relu(self.norm.forward(apply(&self.second, x), statistics));
        relu(self.outer_norm.forward(x, statistics))
    }
}
