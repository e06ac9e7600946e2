//! Graph attention (Veličković et al. 2018, arXiv:1710.10903, equations 3 to 6).

use burn::module::{Module, Param};
use burn::nn::{Initializer, Linear};
use burn::tensor::activation::leaky_relu;
use burn::tensor::{Device, Tensor};
use plm_core::graph::segment_softmax;
use plm_core::nn::zero_linear;

use super::features::NodeFeatures;
use super::inputs::GraphInputs;
use super::stack::{GraphLayer, Stack, add_bias, input_width, output_width};

/// Slope of the scores' LeakyReLU below zero.
const NEGATIVE_SLOPE: f64 = 0.2;

/// Σ over u in N(v) ∪ {v} of softmax_u(LeakyReLU(a_dst · W x_v + a_src · W x_u)) W x_u + b, for each
/// head, the heads side by side.
///
/// The paper's vector a is the pair (a_dst, a_src). No dropout acts on the attention weights, where
/// the paper has 0.6: the ReNode experiments leave it out.
#[derive(Module, Debug)]
pub struct GatLayer {
    /// W of all heads, without bias.
    pub linear: Linear,
    /// a_src: `[heads, width]`.
    pub source: Param<Tensor<2>>,
    /// a_dst: `[heads, width]`.
    pub target: Param<Tensor<2>>,
    /// b: `[heads * width]`.
    pub bias: Param<Tensor<1>>,
}

/// A graph attention network.
pub type Gat = Stack<GatLayer>;

impl GatLayer {
    /// A layer of zeros with `heads` heads of `width` numbers, to be initialized.
    pub fn new(d_in: usize, heads: usize, width: usize, device: &Device) -> Self {
        Self {
            linear: zero_linear(d_in, heads * width, false, device),
            source: Initializer::Zeros.init([heads, width], device),
            target: Initializer::Zeros.init([heads, width], device),
            bias: Initializer::Zeros.init([heads * width], device),
        }
    }
}

impl GraphLayer for GatLayer {
    fn d_in(&self) -> usize {
        input_width(&self.linear)
    }

    fn d_out(&self) -> usize {
        output_width(&self.linear)
    }

    fn forward(&self, x: &NodeFeatures, inputs: &GraphInputs) -> Tensor<2> {
        let (source, target) = (self.source.val(), self.target.val());
        let [heads, width] = source.dims();
        let looped = inputs.propagation();
        let h = x.matmul(self.linear.weight.val());
        let [n, _] = h.dims();
        let h = h.reshape([n, heads, width]);
        let device = h.device();
        let score = |vector: Tensor<2>| -> Tensor<2> {
            (h.clone() * vector.unsqueeze_dim(0))
                .sum_dim(2)
                .reshape([n, heads])
        };
        let heard = score(source).select(0, looped.col_ids(&device));
        let hearing = score(target).select(0, looped.row_ids(&device));
        let scores = leaky_relu(heard + hearing, NEGATIVE_SLOPE);
        let weights = segment_softmax(scores, inputs.neighborhoods());
        let out = looped.matmul_heads(weights, h).reshape([n, heads * width]);
        add_bias(out, Some(&self.bias))
    }
}
