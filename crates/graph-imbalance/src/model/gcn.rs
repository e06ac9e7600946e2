//! Graph convolution (Kipf and Welling 2017, arXiv:1609.02907, equation 2).

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use plm_core::nn::zero_linear;

use super::features::NodeFeatures;
use super::inputs::GraphInputs;
use super::stack::{GraphLayer, Stack, add_bias, input_width, output_width};

/// Â X W + b, Â the propagation matrix.
#[derive(Module, Debug)]
pub struct GcnLayer {
    /// W and b.
    pub linear: Linear,
}

/// A graph convolutional network.
pub type Gcn = Stack<GcnLayer>;

impl GcnLayer {
    /// A layer of zeros, to be initialized.
    pub fn new(d_in: usize, d_out: usize, device: &Device) -> Self {
        Self {
            linear: zero_linear(d_in, d_out, true, device),
        }
    }
}

impl GraphLayer for GcnLayer {
    fn d_in(&self) -> usize {
        input_width(&self.linear)
    }

    fn d_out(&self) -> usize {
        output_width(&self.linear)
    }

    /// The product X W comes first where W narrows or X is sparse, Â X where W widens a dense X.
    fn forward(&self, x: &NodeFeatures, inputs: &GraphInputs) -> Tensor<2> {
        let weight = self.linear.weight.val();
        let [d_in, d_out] = weight.dims();
        let propagated = match x {
            NodeFeatures::Dense(x) if d_in < d_out => {
                let x = super::features::like(x.clone(), &weight);
                let x = NodeFeatures::Dense(inputs.propagation().matmul(x));
                x.matmul(weight)
            }
            _ => inputs.propagation().matmul(x.matmul(weight)),
        };
        add_bias(propagated, self.linear.bias.as_ref())
    }
}
