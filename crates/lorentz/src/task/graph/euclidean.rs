//! The Euclidean twin: a graph convolutional network (Kipf and Welling 2017, arXiv:1609.02907).

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, TensorData};
use plm_core::check::{at_least, below_one};
use plm_core::kernel::{self, Activation};
use plm_core::nn::DropoutContext;
use plm_core::nn::init::uniform;
use plm_core::rng::Seed;
use serde::{Deserialize, Serialize};

use super::encoder::GraphEncoder;
use super::inputs::GraphInputs;
use crate::nn::DropoutSites;
use crate::{Curvature, Result};

/// Settings of a [`GcnEncoder`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GcnEncoderConfig {
    /// Features a node.
    pub d_input: usize,
    /// Width of the rows between and after the layers.
    pub d_model: usize,
    /// Number of graph convolutions.
    pub layers: usize,
    /// Activation of the input of every layer but the first.
    pub activation: Option<Activation>,
    /// Dropout of the input of every layer.
    pub dropout: f64,
}

impl GcnEncoderConfig {
    /// `layers` convolutions to 16 numbers with ReLU between them and without dropout.
    pub fn new(d_input: usize, layers: usize) -> Self {
        Self {
            d_input,
            d_model: 16,
            layers,
            activation: Some(Activation::Relu),
            dropout: 0.0,
        }
    }

    /// An encoder of these settings, its weights by Glorot's rule.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) naming the setting, its value and the limit.
    pub fn init(&self, seed: Seed, device: &Device) -> Result<GcnEncoder> {
        below_one("GcnEncoderConfig", "dropout", self.dropout)?;
        for (key, value) in [
            ("d_input", self.d_input),
            ("d_model", self.d_model),
            ("layers", self.layers),
        ] {
            at_least("GcnEncoderConfig", key, value, 1)?;
        }
        let layer = |number: usize| {
            let d_input = if number == 0 {
                self.d_input
            } else {
                self.d_model
            };
            let seed = seed.child("layer").at(number as u64);
            glorot_linear(d_input, self.d_model, seed, device)
        };
        Ok(GcnEncoder {
            layers: (0..self.layers).map(layer).collect(),
            d_input: self.d_input,
            activation: self.activation,
            dropout: self.dropout,
        })
    }
}

/// Â h(X) W + b, one after another, h activation and dropout and Â the same mean over neighbors as for
/// [`LorentzEncoder`](super::LorentzEncoder).
#[derive(Module, Debug)]
pub struct GcnEncoder {
    /// W and b of every layer.
    pub layers: Vec<Linear>,
    #[module(skip)]
    d_input: usize,
    #[module(skip)]
    activation: Option<Activation>,
    #[module(skip)]
    dropout: f64,
}

impl GraphEncoder for GcnEncoder {
    fn forward(&self, inputs: &GraphInputs, dropout: &DropoutContext) -> Tensor<2> {
        let sites = DropoutSites::new(dropout, 0);
        let mut x = inputs.features().clone();
        for (number, layer) in self.layers.iter().enumerate() {
            if let Some(activation) = self.activation.filter(|_| number > 0) {
                x = kernel::activate(x, activation);
            }
            let mask = sites.layer(number).mask(0, self.dropout);
            let x_dropped = kernel::dropout(x, mask.as_ref());
            let bias = layer.bias.as_ref().map(Param::val);
            let rows = kernel::linear(x_dropped, layer.weight.val(), bias);
            x = inputs.propagation().matmul(rows);
        }
        x
    }

    fn similarity(&self, a: Tensor<2>, b: Tensor<2>) -> Tensor<2> {
        (a - b).square().sum_dim(1).neg()
    }

    fn d_input(&self) -> usize {
        self.d_input
    }

    fn input_curvature(&self) -> Option<Curvature> {
        None
    }
}

/// A linear map by Glorot's rule, with a bias of zeros.
pub(super) fn glorot_linear(
    d_input: usize,
    d_output: usize,
    seed: Seed,
    device: &Device,
) -> Linear {
    let bound = (6.0 / (d_input + d_output) as f64).sqrt();
    let weight = TensorData::new(
        uniform(seed, "weight", d_input * d_output, bound),
        [d_input, d_output],
    );
    Linear {
        weight: Param::from_tensor(Tensor::from_data(weight, device)),
        bias: Some(Param::from_tensor(Tensor::zeros([d_output], device))),
    }
}
