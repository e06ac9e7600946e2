//! The published settings of each graph and task.

use plm_core::kernel::Activation;
use plm_core::rng::Seed;
use serde::{Deserialize, Serialize};

use super::config::GraphTrainConfig;
use super::lorentz::LorentzEncoderConfig;

/// Settings of one experiment of HyboNet (arXiv:2105.14686), as its run scripts have them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GraphRecipe {
    /// Learning rate.
    pub lr: f64,
    /// Graph convolutions. Scripts of node classification count the head as one layer more.
    pub layers: usize,
    /// Whether inputs of all layers but the first go through ReLU.
    pub relu: bool,
    /// Dropout of the inputs of layers.
    pub dropout: f64,
    /// Weight decay.
    pub weight_decay: f64,
    /// Margin of the loss.
    pub margin: f64,
    /// Bound on the norm of gradients.
    pub clip: Option<f64>,
}

impl GraphRecipe {
    /// Link prediction on the disease graph.
    pub const DISEASE_LINKS: Self = Self {
        lr: 0.005,
        margin: 30.0,
        clip: Some(0.5),
        ..Self::PLAIN
    };
    /// Link prediction on the airport graph.
    pub const AIRPORT_LINKS: Self = Self {
        lr: 0.01,
        margin: 2.0,
        ..Self::PLAIN
    };
    /// Link prediction on Cora.
    pub const CORA_LINKS: Self = Self {
        lr: 0.02,
        dropout: 0.7,
        weight_decay: 1e-3,
        margin: 0.1,
        clip: Some(0.5),
        ..Self::PLAIN
    };
    /// Link prediction on PubMed.
    pub const PUBMED_LINKS: Self = Self {
        lr: 0.008,
        dropout: 0.5,
        margin: 0.3,
        clip: Some(0.5),
        ..Self::PLAIN
    };
    /// Node classification on the airport graph.
    pub const AIRPORT_NODES: Self = Self {
        lr: 0.02,
        layers: 5,
        relu: true,
        weight_decay: 1e-4,
        margin: 2.0,
        clip: Some(1.0),
        ..Self::PLAIN
    };
    /// Node classification on Cora.
    pub const CORA_NODES: Self = Self {
        lr: 0.02,
        dropout: 0.9,
        weight_decay: 0.01,
        margin: 1.0,
        clip: Some(1.0),
        ..Self::PLAIN
    };
    /// Node classification on PubMed.
    pub const PUBMED_NODES: Self = Self {
        lr: 0.02,
        dropout: 0.8,
        weight_decay: 1e-3,
        margin: 1.0,
        clip: Some(0.5),
        ..Self::PLAIN
    };
    /// Node classification on the disease graph.
    pub const DISEASE_NODES: Self = Self {
        lr: 0.005,
        layers: 3,
        dropout: 0.1,
        margin: 2.0,
        clip: Some(0.5),
        ..Self::PLAIN
    };

    const PLAIN: Self = Self {
        lr: 0.01,
        layers: 2,
        relu: false,
        dropout: 0.0,
        weight_decay: 0.0,
        margin: 1.0,
        clip: None,
    };

    /// The network, for points of `d_input` components.
    pub fn encoder(&self, d_input: usize) -> LorentzEncoderConfig {
        LorentzEncoderConfig {
            activation: self.relu.then_some(Activation::Relu),
            dropout: self.dropout,
            ..LorentzEncoderConfig::new(d_input, self.layers)
        }
    }

    /// The training run.
    pub fn training(&self, seed: Seed) -> GraphTrainConfig {
        GraphTrainConfig {
            weight_decay: self.weight_decay,
            clip: self.clip,
            ..GraphTrainConfig::new(self.lr, seed)
        }
    }
}
