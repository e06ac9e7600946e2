//! Chebyshev graph convolution (Defferrard et al. 2016, arXiv:1606.09375, equation 4).

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use plm_core::nn::zero_linear;

use super::features::NodeFeatures;
use super::inputs::GraphInputs;
use super::stack::{GraphLayer, Stack, add_bias, input_width, output_width};

/// Σ over k < K of T_k(L̂) X W_k, plus b: T_k the Chebyshev polynomials, L̂ the scaled Laplacian.
#[derive(Module, Debug)]
pub struct ChebLayer {
    /// W_0 with b, then W_1, ..., W_{K−1}; at least one.
    pub orders: Vec<Linear>,
}

/// A ChebNet.
pub type Cheb = Stack<ChebLayer>;

impl ChebLayer {
    /// A layer of zeros with polynomials of degree below `order` (K), to be initialized.
    pub fn new(d_in: usize, d_out: usize, order: usize, device: &Device) -> Self {
        Self {
            orders: (0..order)
                .map(|k| zero_linear(d_in, d_out, k == 0, device))
                .collect(),
        }
    }
}

impl GraphLayer for ChebLayer {
    fn d_in(&self) -> usize {
        self.orders.first().map_or(0, input_width)
    }

    fn d_out(&self) -> usize {
        self.orders.first().map_or(0, output_width)
    }

    /// By Clenshaw's recurrence B_k = X W_k + 2 L̂ B_{k+1} − B_{k+2}, whose matrices are as wide as the
    /// output: the sum is X W_0 + L̂ B_1 − B_2.
    fn forward(&self, x: &NodeFeatures, inputs: &GraphInputs) -> Tensor<2> {
        let Some((first, higher)) = self.orders.split_first() else {
            panic!("a Chebyshev layer has at least one order");
        };
        let (mut next, mut after): (Option<Tensor<2>>, Option<Tensor<2>>) = (None, None);
        for linear in higher.iter().rev() {
            let mut sum = x.matmul(linear.weight.val());
            if let Some(next) = &next {
                sum = sum + inputs.scaled_laplacian().matmul(next.clone()) * 2.0;
            }
            if let Some(after) = after {
                sum = sum - after;
            }
            after = next.replace(sum);
        }
        let mut sum = x.matmul(first.weight.val());
        if let Some(next) = next {
            sum = sum + inputs.scaled_laplacian().matmul(next);
        }
        if let Some(after) = after {
            sum = sum - after;
        }
        add_bias(sum, first.bias.as_ref())
    }
}
