//! The graph network of HyboNet.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use plm_core::check::{at_least, below_one};
use plm_core::kernel::Activation;
use plm_core::nn::DropoutContext;
use plm_core::rng::Seed;
use serde::{Deserialize, Serialize};

use super::encoder::GraphEncoder;
use super::inputs::GraphInputs;
use crate::geometry::inner;
use crate::nn::{
    CentroidResidual, DropoutSites, GraphConvolution, GraphConvolutionConfig, LorentzLinearConfig,
    Parity,
};
use crate::{Curvature, Result};

/// Settings of a [`LorentzEncoder`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LorentzEncoderConfig {
    /// Components of an input point.
    pub d_input: usize,
    /// Components of the points between and after the layers.
    pub d_model: usize,
    /// Number of graph convolutions.
    pub layers: usize,
    /// Activation of the input of every layer but the first.
    pub activation: Option<Activation>,
    /// Dropout of the input of every layer.
    pub dropout: f64,
    /// Whether edges are weighed by attention.
    pub attention: bool,
    /// Whether every layer but the first is followed by the centroid of its input and its output
    /// (LResNet, arXiv:2412.14695).
    pub residual: bool,
    /// Of all points.
    pub curvature: Curvature,
    /// A variant of the authors' linear layer.
    pub parity: Option<Parity>,
}

impl LorentzEncoderConfig {
    /// `layers` convolutions to points of 16 components, the width of the paper's graph experiments,
    /// without activation, dropout, attention and residual connections, k = 1.
    pub fn new(d_input: usize, layers: usize) -> Self {
        Self {
            d_input,
            d_model: 16,
            layers,
            activation: None,
            dropout: 0.0,
            attention: false,
            residual: false,
            curvature: Curvature::UNIT,
            parity: None,
        }
    }

    /// An encoder of these settings.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) naming the setting, its value and the limit.
    pub fn init(&self, seed: Seed, device: &Device) -> Result<LorentzEncoder> {
        below_one("LorentzEncoderConfig", "dropout", self.dropout)?;
        at_least("LorentzEncoderConfig", "layers", self.layers, 1)?;
        let layer = |number: usize| {
            let d_input = if number == 0 {
                self.d_input
            } else {
                self.d_model
            };
            let linear = LorentzLinearConfig {
                activation: self.activation.filter(|_| number > 0),
                curvature: self.curvature,
                parity: self.parity,
                ..LorentzLinearConfig::new(d_input, self.d_model)
            };
            GraphConvolutionConfig {
                linear,
                attention: self.attention,
            }
            .init(seed.child("layer").at(number as u64), device)
        };
        let residuals = if self.residual { self.layers - 1 } else { 0 };
        Ok(LorentzEncoder {
            layers: (0..self.layers).map(layer).collect::<Result<_>>()?,
            residuals: (0..residuals)
                .map(|_| CentroidResidual::new(self.curvature, device))
                .collect(),
            d_input: self.d_input,
            dropout: self.dropout,
            curvature: self.curvature,
        })
    }
}

/// Graph convolutions on the hyperboloid, one after another.
#[derive(Module, Debug)]
pub struct LorentzEncoder {
    /// The convolutions.
    pub layers: Vec<GraphConvolution>,
    /// The connections around all layers but the first; none without them.
    pub residuals: Vec<CentroidResidual>,
    #[module(skip)]
    d_input: usize,
    #[module(skip)]
    dropout: f64,
    #[module(skip)]
    curvature: Curvature,
}

impl GraphEncoder for LorentzEncoder {
    fn forward(&self, inputs: &GraphInputs, dropout: &DropoutContext) -> Tensor<2> {
        let sites = DropoutSites::new(dropout, 0);
        let mut x = inputs.features().clone();
        for (number, layer) in self.layers.iter().enumerate() {
            let mask = sites.layer(number).mask(0, self.dropout);
            let y = layer.forward(x.clone(), inputs.propagation(), mask.as_ref());
            let residual = number.checked_sub(1).and_then(|at| self.residuals.get(at));
            x = match residual {
                Some(residual) => residual.forward(x, y),
                None => y,
            };
        }
        x
    }

    fn similarity(&self, a: Tensor<2>, b: Tensor<2>) -> Tensor<2> {
        inner(a, b).add_scalar(self.curvature.k()).mul_scalar(2.0)
    }

    fn d_input(&self) -> usize {
        self.d_input
    }

    fn input_curvature(&self) -> Option<Curvature> {
        Some(self.curvature)
    }
}

impl LorentzEncoder {
    /// The curvature of all points.
    pub fn curvature(&self) -> Curvature {
        self.curvature
    }
}
