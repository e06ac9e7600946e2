//! The post-norm encoder layer of BERT and its relatives.

use std::collections::BTreeMap;

use burn::module::Module;
use burn::tensor::{Bool, Tensor};

use super::attention::{AttentionContext, MultiHeadAttention};
use super::dropout::DropoutContext;
use super::feed_forward::{FeedForward, Ffn, FfnContext};
use super::norm::LayerNorm;
use super::taps::{Tapped, Taps};
use crate::kernel::SiteMask;

/// What every layer of one forward pass is told.
#[derive(Debug, Clone)]
pub struct LayerContext<'a> {
    /// True where a key is hidden from a query: `[batch or 1, queries or 1, keys]`.
    pub mask: Option<Tensor<3, Bool>>,
    /// Added to the attention scores: `[batch or 1, heads, queries, keys]`.
    pub bias: Option<Tensor<4>>,
    /// Whether and how dropout acts.
    pub dropout: &'a DropoutContext,
    /// The values that are wanted.
    pub taps: &'a Taps,
    /// Factors of feed-forward intermediates by layer.
    pub ffn_masks: &'a BTreeMap<usize, Tensor<3>>,
}

impl LayerContext<'_> {
    /// The dropout mask of a site of layer `layer`.
    pub(super) fn site(&self, layer: usize, site: u64, prob: f64) -> Option<SiteMask> {
        (self.dropout).site(layer as u64 * site::SITES + site, prob)
    }
}

/// The dropout sites of a layer; a site's number is `layer * SITES + site`.
pub(crate) mod site {
    pub(crate) const SITES: u64 = 8;
    pub(crate) const ATTENTION_WEIGHTS: u64 = 0;
    pub(crate) const ATTENTION_OUTPUT: u64 = 1;
    pub(crate) const FFN_INTERMEDIATE: u64 = 2;
    pub(crate) const FFN_OUTPUT: u64 = 3;
    pub(crate) const CROSS_WEIGHTS: u64 = 4;
    pub(crate) const CROSS_OUTPUT: u64 = 5;
    /// Sites outside layers.
    pub(crate) const EMBEDDINGS: u64 = 1 << 32;
    pub(crate) const HEAD: u64 = (1 << 32) + 1;
    pub(crate) const FINAL: u64 = (1 << 32) + 2;
    /// Added to all sites of a decoder, so that they differ from its encoder's.
    pub(crate) const DECODER: u64 = 1 << 40;
}

/// Dropout probabilities of a layer.
#[derive(Debug, Clone, Copy, Default)]
pub struct LayerDropout {
    /// Of the attention weights.
    pub attention: f64,
    /// Of the outputs of both blocks.
    pub hidden: f64,
    /// Of the feed-forward intermediate values.
    pub activation: f64,
}

/// Self-attention and feed-forward, each followed by residual and normalization
/// (Devlin et al. 2019); also BART's encoder layer.
#[derive(Module, Debug)]
pub struct EncoderLayer<F: Ffn = FeedForward> {
    /// Self-attention.
    pub attention: MultiHeadAttention,
    /// Normalization after attention.
    pub attention_norm: LayerNorm,
    /// Feed-forward block.
    pub ffn: F,
    /// Normalization after the feed-forward block.
    pub ffn_norm: LayerNorm,
    /// Dropout probabilities.
    #[module(skip)]
    pub dropout: LayerDropout,
}

impl<F: Ffn> EncoderLayer<F> {
    /// The layer's output; what `context.taps` asks for goes to `tapped` under number `layer`.
    ///
    /// # Shapes
    /// - x and result: `[batch, length, hidden]`
    pub fn forward(
        &self,
        x: Tensor<3>,
        layer: usize,
        context: &LayerContext<'_>,
        tapped: &mut Tapped,
    ) -> Tensor<3> {
        let attention = AttentionContext {
            wants_weights: context.taps.attentions.contains(&layer),
            ..self.attention_context(layer, context)
        };
        let (attended, weights) = self.attention.forward(x.clone(), &attention);
        if let Some(weights) = weights {
            tapped.attentions.insert(layer, weights);
        }
        let mask = context.site(layer, site::ATTENTION_OUTPUT, self.dropout.hidden);
        let x = self.attention_norm.forward_add(attended, x, mask.as_ref());
        self.feed_forward(x, layer, context, tapped)
    }

    /// The layer's output at the first token alone, the same as [`forward`](Self::forward) gives there:
    /// only keys and values are computed for the other tokens. Nothing is tapped.
    ///
    /// Dropout masks depend on a token's place only, so they are the same too.
    ///
    /// # Shapes
    /// - x: `[batch, length, hidden]`
    /// - result: `[batch, 1, hidden]`
    pub fn forward_first(
        &self,
        x: Tensor<3>,
        layer: usize,
        context: &LayerContext<'_>,
    ) -> Tensor<3> {
        let of_layer = context.ffn_masks.get(&layer);
        let ffn_masks = of_layer.map(|factors| (layer, factors.clone().narrow(1, 0, 1)));
        let context = LayerContext {
            mask: context.mask.clone().map(|mask| mask.narrow(1, 0, 1)),
            bias: context.bias.clone().map(|bias| bias.narrow(2, 0, 1)),
            dropout: context.dropout,
            taps: &Taps::default(),
            ffn_masks: &ffn_masks.into_iter().collect(),
        };
        let first = x.clone().narrow(1, 0, 1);
        let query = self.attention.project_query(first.clone());
        let memory = self.attention.project_key_value(x);
        let attention = self.attention_context(layer, &context);
        let (attended, _) = self.attention.attend(query, memory, &attention);
        let mask = context.site(layer, site::ATTENTION_OUTPUT, self.dropout.hidden);
        let x = (self.attention_norm).forward_add(attended, first, mask.as_ref());
        self.feed_forward(x, layer, &context, &mut Tapped::default())
    }

    /// What attention is told; its weights are not wanted.
    fn attention_context(&self, layer: usize, context: &LayerContext<'_>) -> AttentionContext {
        AttentionContext {
            mask: context.mask.clone(),
            bias: context.bias.clone(),
            dropout: context.site(layer, site::ATTENTION_WEIGHTS, self.dropout.attention),
            wants_weights: false,
        }
    }

    /// The second half: feed-forward block, residual, normalization.
    ///
    /// # Shapes
    /// - x and result: `[batch, length, hidden]`
    pub fn feed_forward(
        &self,
        x: Tensor<3>,
        layer: usize,
        context: &LayerContext<'_>,
        tapped: &mut Tapped,
    ) -> Tensor<3> {
        let mut ffn_context = FfnContext {
            layer,
            taps: context.taps,
            tapped,
            masks: context.ffn_masks,
            dropout: context.site(layer, site::FFN_INTERMEDIATE, self.dropout.activation),
        };
        let out = self.ffn.forward(x.clone(), &mut ffn_context);
        let mask = context.site(layer, site::FFN_OUTPUT, self.dropout.hidden);
        self.ffn_norm.forward_add(out, x, mask.as_ref())
    }

    /// The same layer with another feed-forward block.
    pub fn map_ffn<G: Ffn>(self, map: impl FnOnce(F) -> G) -> EncoderLayer<G> {
        EncoderLayer {
            attention: self.attention,
            attention_norm: self.attention_norm,
            ffn: map(self.ffn),
            ffn_norm: self.ffn_norm,
            dropout: self.dropout,
        }
    }
}
