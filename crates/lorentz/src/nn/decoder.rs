//! The decoder.

use burn::module::Module;
use burn::tensor::{Bool, Tensor};
use plm_core::nn::causal_mask;

use super::attention::LorentzAttention;
use super::dropout::DropoutSites;
use super::encoder::ATTENTION_OUTPUT;
use super::feed_forward::{LorentzFeedForward, finish};
use super::linear::LorentzLinear;
use super::residual::CentroidResidual;

/// The dropout site after attention to the source.
const CROSS_OUTPUT: u64 = 7;
/// What sets the sites of attention to the source apart from those of self-attention.
const CROSS: usize = 1 << 20;

/// Self-attention to what lies before, attention to the source and a feed-forward block, all with
/// residuals.
#[derive(Module, Debug)]
pub struct LorentzDecoderLayer {
    /// Self-attention.
    pub attention: LorentzAttention,
    /// The layer that makes one point of all heads of self-attention.
    pub attention_output: LorentzLinear,
    /// The centroid with the input; without it the layer before adds the input.
    pub attention_residual: Option<CentroidResidual>,
    /// Attention to the source.
    pub cross_attention: LorentzAttention,
    /// The layer that makes one point of all heads of attention to the source.
    pub cross_output: LorentzLinear,
    /// The centroid with the input; without it the layer before adds the input.
    pub cross_residual: Option<CentroidResidual>,
    /// Feed-forward block.
    pub feed_forward: LorentzFeedForward,
    #[module(skip)]
    pub(super) dropout: f64,
}

impl LorentzDecoderLayer {
    /// The layer's points.
    ///
    /// # Shapes
    /// - x, result: `[batch, length, d_model]`
    /// - source: `[batch, source length, d_model]`
    /// - mask: `[batch or 1, length or 1, length]`, true where a token is hidden
    /// - source_mask: `[batch or 1, length or 1, source length]`, true where a source token is
    pub fn forward(
        &self,
        x: Tensor<3>,
        source: Tensor<3>,
        mask: Option<Tensor<3, Bool>>,
        source_mask: Option<Tensor<3, Bool>>,
        dropout: DropoutSites<'_>,
    ) -> Tensor<3> {
        let (heads, _) = self.attention.forward(x.clone(), x.clone(), mask, dropout);
        let drop = dropout.mask(ATTENTION_OUTPUT, self.dropout);
        let residual = self.attention_residual.as_ref();
        let x = finish(&self.attention_output, residual, heads, x, drop);

        let sites = dropout.layer(CROSS);
        let (heads, _) = self
            .cross_attention
            .forward(x.clone(), source, source_mask, sites);
        let drop = dropout.mask(CROSS_OUTPUT, self.dropout);
        let residual = self.cross_residual.as_ref();
        let x = finish(&self.cross_output, residual, heads, x, drop);
        self.feed_forward.forward(x, dropout)
    }
}

/// Layers that attend to the tokens before and to a source.
#[derive(Module, Debug)]
pub struct LorentzDecoder {
    /// The layers, the first one first.
    pub layers: Vec<LorentzDecoderLayer>,
}

impl LorentzDecoder {
    /// The points of the last layer; a token sees itself and those before it.
    ///
    /// # Shapes
    /// - x, result: `[batch, length, d_model]`
    /// - source: `[batch, source length, d_model]`
    /// - source_mask: `[batch or 1, length or 1, source length]`, true where a source token is hidden
    pub fn forward(
        &self,
        x: Tensor<3>,
        source: Tensor<3>,
        source_mask: Option<Tensor<3, Bool>>,
        dropout: DropoutSites<'_>,
    ) -> Tensor<3> {
        let length = x.dims()[1];
        let mask = causal_mask(length, length, &x.device().inner());
        self.layers.iter().enumerate().fold(x, |x, (index, layer)| {
            let (source, source_mask) = (source.clone(), source_mask.clone());
            let sites = dropout.layer(index);
            layer.forward(x, source, Some(mask.clone()), source_mask, sites)
        })
    }
}
