//! Settings of encoders and decoders.

use burn::tensor::Device;
use plm_core::check::{at_least, below_one};
use plm_core::kernel::Activation;
use plm_core::rng::Seed;
use serde::{Deserialize, Serialize};

use super::attention::{LorentzAttention, LorentzAttentionConfig};
use super::decoder::{LorentzDecoder, LorentzDecoderLayer};
use super::encoder::{LorentzEncoder, LorentzEncoderLayer};
use super::feed_forward::LorentzFeedForward;
use super::linear::{LorentzLinear, LorentzLinearConfig};
use super::linear_output::Parity;
use super::parameter::{head_count, point_width};
use super::residual::CentroidResidual;
use crate::{Curvature, Result};

/// How a block joins its input to its output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResidualKind {
    /// The last linear layer of the block adds the input before it takes the time, as in HyboNet.
    #[default]
    Linear,
    /// The centroid of input and output, as in LResNet: holds up in deep networks.
    Centroid,
}

/// Settings of a [`LorentzEncoder`] or a [`LorentzDecoder`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransformerConfig {
    /// Components of a token's point.
    pub d_model: usize,
    /// Components between the two layers of a feed-forward block.
    pub d_feed_forward: usize,
    /// Attention heads; divide `d_model`.
    pub heads: usize,
    /// Number of layers.
    pub layers: usize,
    /// Dropout of the inputs of linear layers outside attention.
    pub dropout: f64,
    /// Dropout of the inputs of attention.
    pub attention_dropout: f64,
    /// How blocks join their input.
    pub residual: ResidualKind,
    /// Of all spaces.
    pub curvature: Curvature,
    /// A variant of the linear layers.
    pub parity: Option<Parity>,
}

impl TransformerConfig {
    /// Feed-forward blocks four times as wide, no dropout, residuals as in HyboNet, k = 1.
    pub fn new(d_model: usize, heads: usize, layers: usize) -> Self {
        Self {
            d_model,
            d_feed_forward: 4 * d_model,
            heads,
            layers,
            dropout: 0.0,
            attention_dropout: 0.0,
            residual: ResidualKind::Linear,
            curvature: Curvature::UNIT,
            parity: None,
        }
    }

    /// An encoder of these settings.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) naming the setting, its value and the limit.
    pub fn init_encoder(&self, seed: Seed, device: &Device) -> Result<LorentzEncoder> {
        self.check()?;
        let layer = |index: usize| {
            let seed = seed.child("encoder").at(index as u64);
            Ok(LorentzEncoderLayer {
                attention: self.attention(seed.child("attention"), device)?,
                attention_output: self.output(seed.child("attention_output"), device)?,
                attention_residual: self.centroid(device),
                feed_forward: self.feed_forward(seed.child("feed_forward"), device)?,
                dropout: self.dropout,
            })
        };
        Ok(LorentzEncoder {
            layers: (0..self.layers).map(layer).collect::<Result<_>>()?,
        })
    }

    /// A decoder of these settings.
    ///
    /// # Errors
    /// As [`TransformerConfig::init_encoder`].
    pub fn init_decoder(&self, seed: Seed, device: &Device) -> Result<LorentzDecoder> {
        self.check()?;
        let layer = |index: usize| {
            let seed = seed.child("decoder").at(index as u64);
            Ok(LorentzDecoderLayer {
                attention: self.attention(seed.child("attention"), device)?,
                attention_output: self.output(seed.child("attention_output"), device)?,
                attention_residual: self.centroid(device),
                cross_attention: self.attention(seed.child("cross_attention"), device)?,
                cross_output: self.output(seed.child("cross_output"), device)?,
                cross_residual: self.centroid(device),
                feed_forward: self.feed_forward(seed.child("feed_forward"), device)?,
                dropout: self.dropout,
            })
        };
        Ok(LorentzDecoder {
            layers: (0..self.layers).map(layer).collect::<Result<_>>()?,
        })
    }

    /// A feed-forward block of these settings.
    ///
    /// # Errors
    /// As [`TransformerConfig::init_encoder`].
    pub fn feed_forward(&self, seed: Seed, device: &Device) -> Result<LorentzFeedForward> {
        self.check()?;
        let output = LorentzLinearConfig {
            activation: Some(Activation::Relu),
            ..self.linear(self.d_feed_forward, self.d_model)
        };
        let input = self.linear(self.d_model, self.d_feed_forward);
        Ok(LorentzFeedForward {
            input: input.init(seed.child("input"), device)?,
            output: output.init(seed.child("output"), device)?,
            residual: self.centroid(device),
            dropout: self.dropout,
        })
    }

    fn check(&self) -> Result<()> {
        const ORIGIN: &str = "TransformerConfig";
        point_width(ORIGIN, "d_feed_forward", self.d_feed_forward)?;
        head_count(ORIGIN, "heads", self.heads, self.d_model)?;
        at_least(ORIGIN, "layers", self.layers, 1)?;
        below_one(ORIGIN, "dropout", self.dropout)?;
        below_one(ORIGIN, "attention_dropout", self.attention_dropout)?;
        Ok(())
    }

    fn linear(&self, d_input: usize, d_output: usize) -> LorentzLinearConfig {
        LorentzLinearConfig {
            curvature: self.curvature,
            ..LorentzLinearConfig::variant(d_input, d_output, self.parity)
        }
    }

    fn output(&self, seed: Seed, device: &Device) -> Result<LorentzLinear> {
        let config = LorentzLinearConfig {
            input_heads: self.heads,
            bias: false,
            ..self.linear(self.d_model, self.d_model)
        };
        config.init(seed, device)
    }

    fn attention(&self, seed: Seed, device: &Device) -> Result<LorentzAttention> {
        let config = LorentzAttentionConfig {
            dropout: self.attention_dropout,
            curvature: self.curvature,
            parity: self.parity,
            ..LorentzAttentionConfig::new(self.d_model, self.heads)
        };
        config.init(seed, device)
    }

    fn centroid(&self, device: &Device) -> Option<CentroidResidual> {
        (self.residual == ResidualKind::Centroid)
            .then(|| CentroidResidual::new(self.curvature, device))
    }
}
