//! Class scores of nodes.

use burn::module::{Module, ModuleDisplay};
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use plm_core::check::at_least;
use plm_core::nn::{self, DropoutContext};
use plm_core::rng::Seed;
use serde::{Deserialize, Serialize};

use super::encoder::GraphEncoder;
use super::euclidean::{GcnEncoder, GcnEncoderConfig, glorot_linear};
use super::inputs::GraphInputs;
use super::lorentz::{LorentzEncoder, LorentzEncoderConfig};
use crate::Result;
use crate::nn::{DistanceHead, DistanceHeadConfig};

/// What turns the embeddings of an encoder into class scores.
pub trait ClassHead: Module + ModuleDisplay {
    /// Number of classes.
    fn classes(&self) -> usize;

    /// # Shapes
    /// - x: `[nodes, d_model]`
    /// - result: `[nodes, classes]`
    fn scores(&self, x: Tensor<2>) -> Tensor<2>;
}

impl ClassHead for DistanceHead {
    fn classes(&self) -> usize {
        self.centers.val().dims()[0]
    }

    fn scores(&self, x: Tensor<2>) -> Tensor<2> {
        self.forward(x)
    }
}

impl ClassHead for Linear {
    fn classes(&self) -> usize {
        self.weight.val().dims()[1]
    }

    fn scores(&self, x: Tensor<2>) -> Tensor<2> {
        nn::apply(self, x)
    }
}

/// An encoder and a head.
#[derive(Module, Debug)]
pub struct NodeClassifier<E: GraphEncoder, H: ClassHead> {
    /// Embeds the nodes.
    pub encoder: E,
    /// Scores the classes.
    pub head: H,
}

impl<E: GraphEncoder, H: ClassHead> NodeClassifier<E, H> {
    /// The scores of all classes of all nodes.
    ///
    /// # Shapes
    /// - result: `[nodes, classes]`
    ///
    /// # Panics
    /// Where the encoder refuses the inputs.
    pub fn forward(&self, inputs: &GraphInputs, dropout: &DropoutContext) -> Tensor<2> {
        self.head.scores(self.encoder.forward(inputs, dropout))
    }
}

/// Settings of a [`NodeClassifier`]: those of its encoder, and the number of classes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeClassifierConfig<E> {
    /// Of the encoder. What the published settings call a network of n layers has n − 1 here: the
    /// head is the last.
    pub encoder: E,
    /// Number of classes.
    pub classes: usize,
}

impl NodeClassifierConfig<LorentzEncoderConfig> {
    /// A Lorentz encoder and distances to class points.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) naming the setting, its value and the limit.
    pub fn init(
        &self,
        seed: Seed,
        device: &Device,
    ) -> Result<NodeClassifier<LorentzEncoder, DistanceHead>> {
        let head = DistanceHeadConfig {
            curvature: self.encoder.curvature,
            ..DistanceHeadConfig::new(self.encoder.d_model, self.classes)
        };
        Ok(NodeClassifier {
            encoder: self.encoder.init(seed.child("encoder"), device)?,
            head: head.init(seed.child("head"), device)?,
        })
    }
}

impl NodeClassifierConfig<GcnEncoderConfig> {
    /// A graph convolutional network and a linear head on its activated rows.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) naming the setting, its value and the limit.
    pub fn init(&self, seed: Seed, device: &Device) -> Result<NodeClassifier<GcnEncoder, Linear>> {
        at_least("NodeClassifierConfig", "classes", self.classes, 1)?;
        let width = self.encoder.d_model;
        Ok(NodeClassifier {
            encoder: self.encoder.init(seed.child("encoder"), device)?,
            head: glorot_linear(width, self.classes, seed.child("head"), device),
        })
    }
}
