//! GraphSAGE with the mean aggregator (Hamilton et al. 2017, arXiv:1706.02216, algorithm 1).

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use plm_core::nn::zero_linear;

use super::features::NodeFeatures;
use super::inputs::GraphInputs;
use super::stack::{GraphLayer, Stack, add_bias, input_width, output_width};

/// W_r x_v + W_l mean(x_u over neighbors u of v) + b.
///
/// The paper concatenates a node with its neighbors' mean and multiplies once, which is the same map.
/// The mean leaves the node itself out; it is zero where there are no neighbors.
#[derive(Module, Debug)]
pub struct SageLayer {
    /// W_l and b.
    pub neighbors: Linear,
    /// W_r.
    pub own: Linear,
}

/// A GraphSAGE network.
pub type Sage = Stack<SageLayer>;

impl SageLayer {
    /// A layer of zeros, to be initialized.
    pub fn new(d_in: usize, d_out: usize, device: &Device) -> Self {
        Self {
            neighbors: zero_linear(d_in, d_out, true, device),
            own: zero_linear(d_in, d_out, false, device),
        }
    }
}

impl GraphLayer for SageLayer {
    fn d_in(&self) -> usize {
        input_width(&self.own)
    }

    fn d_out(&self) -> usize {
        output_width(&self.own)
    }

    /// The mean is taken of X W_l, which is no wider than the layer's output.
    fn forward(&self, x: &NodeFeatures, inputs: &GraphInputs) -> Tensor<2> {
        let heard = inputs
            .neighbor_mean()
            .matmul(x.matmul(self.neighbors.weight.val()));
        let own = x.matmul(self.own.weight.val());
        add_bias(heard + own, self.neighbors.bias.as_ref())
    }
}
