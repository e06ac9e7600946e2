//! The encoder.

use burn::module::Module;
use burn::tensor::{Bool, Tensor};

use super::attention::LorentzAttention;
use super::dropout::DropoutSites;
use super::feed_forward::{LorentzFeedForward, finish};
use super::linear::LorentzLinear;
use super::residual::CentroidResidual;

/// The dropout site after attention.
pub(super) const ATTENTION_OUTPUT: u64 = 6;

/// Self-attention and a feed-forward block, both with residuals; there is no normalization.
#[derive(Module, Debug)]
pub struct LorentzEncoderLayer {
    /// Self-attention.
    pub attention: LorentzAttention,
    /// The layer that makes one point of all heads.
    pub attention_output: LorentzLinear,
    /// The centroid with the input; without it the layer before adds the input.
    pub attention_residual: Option<CentroidResidual>,
    /// Feed-forward block.
    pub feed_forward: LorentzFeedForward,
    #[module(skip)]
    pub(super) dropout: f64,
}

impl LorentzEncoderLayer {
    /// The layer's points.
    ///
    /// # Shapes
    /// - x, result: `[batch, length, d_model]`
    /// - mask: `[batch or 1, length or 1, length]`, true where a key is hidden
    pub fn forward(
        &self,
        x: Tensor<3>,
        mask: Option<Tensor<3, Bool>>,
        dropout: DropoutSites<'_>,
    ) -> Tensor<3> {
        let (heads, _) = self.attention.forward(x.clone(), x.clone(), mask, dropout);
        let drop = dropout.mask(ATTENTION_OUTPUT, self.dropout);
        let residual = self.attention_residual.as_ref();
        let x = finish(&self.attention_output, residual, heads, x, drop);
        self.feed_forward.forward(x, dropout)
    }
}

/// Layers of self-attention.
#[derive(Module, Debug)]
pub struct LorentzEncoder {
    /// The layers, the first one first.
    pub layers: Vec<LorentzEncoderLayer>,
}

impl LorentzEncoder {
    /// The points of the last layer.
    ///
    /// # Shapes
    /// - x, result: `[batch, length, d_model]`
    /// - mask: `[batch or 1, length or 1, length]`, true where a key is hidden
    pub fn forward(
        &self,
        x: Tensor<3>,
        mask: Option<Tensor<3, Bool>>,
        dropout: DropoutSites<'_>,
    ) -> Tensor<3> {
        self.layers.iter().enumerate().fold(x, |x, (index, layer)| {
            layer.forward(x, mask.clone(), dropout.layer(index))
        })
    }
}
