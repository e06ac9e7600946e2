//! The layer that looks at one node alone: what the PageRank networks are made of.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use plm_core::nn::zero_linear;

use super::features::NodeFeatures;
use super::inputs::GraphInputs;
use super::stack::{GraphLayer, Stack, add_bias, input_width, output_width};

/// X W + b; b may be absent.
#[derive(Module, Debug)]
pub struct DenseLayer {
    /// W and b.
    pub linear: Linear,
}

/// A multilayer perceptron over features.
pub type Mlp = Stack<DenseLayer>;

impl DenseLayer {
    /// A layer of zeros, to be initialized.
    pub fn new(d_in: usize, d_out: usize, bias: bool, device: &Device) -> Self {
        Self {
            linear: zero_linear(d_in, d_out, bias, device),
        }
    }

    /// The rows of `x`, each by itself.
    ///
    /// # Shapes
    /// - x: `[rows, d_in]`
    /// - result: `[rows, d_out]`
    ///
    /// # Panics
    /// If `x` has another width.
    pub fn apply(&self, x: &NodeFeatures) -> Tensor<2> {
        add_bias(
            x.matmul(self.linear.weight.val()),
            self.linear.bias.as_ref(),
        )
    }
}

impl GraphLayer for DenseLayer {
    fn d_in(&self) -> usize {
        input_width(&self.linear)
    }

    fn d_out(&self) -> usize {
        output_width(&self.linear)
    }

    fn forward(&self, x: &NodeFeatures, _: &GraphInputs) -> Tensor<2> {
        self.apply(x)
    }
}
