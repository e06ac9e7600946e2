//! Simplified graph convolution (Wu et al. 2019, arXiv:1902.07153, equation 8).

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use plm_core::nn::DropoutContext;

use super::dense::DenseLayer;
use super::inputs::GraphInputs;
use super::stack::{INPUT_SITE, add_bias};

/// Âᴷ X W + b: a linear classifier of propagated features.
#[derive(Module, Debug)]
pub struct Sgc {
    /// W and b.
    pub layer: DenseLayer,
    /// K.
    #[module(skip)]
    pub steps: usize,
    /// Dropout probability of the features.
    #[module(skip)]
    pub input_dropout: f64,
}

impl Sgc {
    /// A network of zeros without dropout, to be initialized.
    pub fn new(n_features: usize, n_classes: usize, steps: usize, device: &Device) -> Self {
        Self {
            layer: DenseLayer::new(n_features, n_classes, true, device),
            steps,
            input_dropout: 0.0,
        }
    }

    /// Class scores of all nodes.
    ///
    /// Â acts on X W, which is only as wide as there are classes: propagating X itself once would
    /// make sparse features dense, and every step as dear as they are wide.
    ///
    /// # Shapes
    /// - result: `[n_nodes, n_classes]`
    ///
    /// # Panics
    /// If the features have another width than the weight.
    pub fn forward(&self, inputs: &GraphInputs, dropout: &DropoutContext) -> Tensor<2> {
        let linear = &self.layer.linear;
        let mask = dropout.site(INPUT_SITE, self.input_dropout);
        let x = inputs.features().dropout(mask.as_ref());
        let mut h = x.matmul(linear.weight.val());
        for _ in 0..self.steps {
            h = inputs.propagation().matmul(h);
        }
        add_bias(h, linear.bias.as_ref())
    }
}
