//! The post-norm decoder layer of BART, and what all decoder layers share.

use std::collections::{BTreeMap, BTreeSet};

use burn::module::Module;
use burn::tensor::{Bool, Tensor};

use super::attention::{AttentionContext, KeyValue, MultiHeadAttention};
use super::cache::LayerCache;
use super::encoder_layer::{LayerContext, LayerDropout, site};
use super::feed_forward::{FeedForward, Ffn, FfnContext};
use super::norm::LayerNorm;
use super::taps::Tapped;
use crate::kernel::SiteMask;

/// What every decoder layer of one forward pass is told.
#[derive(Debug, Clone)]
pub struct DecoderContext<'a> {
    /// Mask and bias of self-attention, dropout, taps and feed-forward factors.
    pub layer: LayerContext<'a>,
    /// True at hidden positions of the encoder's output: `[batch or 1, queries or 1, keys]`.
    pub cross_mask: Option<Tensor<3, Bool>>,
    /// Layers whose cross-attention weights are wanted.
    pub cross_attentions: &'a BTreeSet<usize>,
    /// Added to the numbers of dropout sites, so that two stacks of one model differ.
    pub sites: u64,
}

/// The values that a decoder was asked for.
#[derive(Debug, Clone, Default)]
pub struct DecoderTapped {
    /// Those that encoders have too; `attentions` are of self-attention.
    pub own: Tapped,
    /// Cross-attention weights by layer, `[batch, heads, queries, keys]`.
    pub cross_attentions: BTreeMap<usize, Tensor<4>>,
}

impl DecoderContext<'_> {
    /// The dropout mask of one site of layer `layer`.
    pub(crate) fn site(&self, layer: usize, number: u64, prob: f64) -> Option<SiteMask> {
        let number = self.sites + layer as u64 * site::SITES + number;
        self.layer.dropout.site(number, prob)
    }

    /// What self-attention of layer `layer` is told.
    pub(crate) fn self_attention(&self, layer: usize, dropout: f64) -> AttentionContext {
        AttentionContext {
            mask: self.layer.mask.clone(),
            bias: self.layer.bias.clone(),
            dropout: self.site(layer, site::ATTENTION_WEIGHTS, dropout),
            wants_weights: self.layer.taps.attentions.contains(&layer),
        }
    }

    /// Cross-attention of `x` over the encoder's keys and values, which have no positions.
    pub(crate) fn attend_across(
        &self,
        attention: &MultiHeadAttention,
        x: Tensor<3>,
        memory: KeyValue,
        layer: usize,
        dropout: f64,
        tapped: &mut DecoderTapped,
    ) -> Tensor<3> {
        let context = AttentionContext {
            mask: self.cross_mask.clone(),
            bias: None,
            dropout: self.site(layer, site::CROSS_WEIGHTS, dropout),
            wants_weights: self.cross_attentions.contains(&layer),
        };
        let query = attention.project_query(x);
        let (attended, weights) = attention.attend(query, memory, &context);
        if let Some(weights) = weights {
            tapped.cross_attentions.insert(layer, weights);
        }
        attended
    }

    /// The feed-forward block's output.
    pub(crate) fn feed_forward<F: Ffn>(
        &self,
        ffn: &F,
        x: Tensor<3>,
        layer: usize,
        dropout: f64,
        tapped: &mut DecoderTapped,
    ) -> Tensor<3> {
        let mut context = FfnContext {
            layer,
            taps: self.layer.taps,
            tapped: &mut tapped.own,
            masks: self.layer.ffn_masks,
            dropout: self.site(layer, site::FFN_INTERMEDIATE, dropout),
        };
        ffn.forward(x, &mut context)
    }
}

/// Self-attention, cross-attention and feed-forward, each followed by residual and normalization
/// (Vaswani et al. 2017; BART, Lewis et al. 2020).
#[derive(Module, Debug)]
pub struct DecoderLayer<F: Ffn = FeedForward> {
    /// Self-attention.
    pub attention: MultiHeadAttention,
    /// Normalization after self-attention.
    pub attention_norm: LayerNorm,
    /// Attention over the encoder's output.
    pub cross_attention: MultiHeadAttention,
    /// Normalization after cross-attention.
    pub cross_norm: LayerNorm,
    /// Feed-forward block.
    pub ffn: F,
    /// Normalization after the feed-forward block.
    pub ffn_norm: LayerNorm,
    /// Dropout probabilities.
    #[module(skip)]
    pub dropout: LayerDropout,
}

impl<F: Ffn> DecoderLayer<F> {
    /// The layer's output. `memory` are the keys and values of the encoder's output as this layer's
    /// `cross_attention` projects them; with `cache`, `x` follows the tokens that it holds.
    ///
    /// # Shapes
    /// - x and result: `[batch, length, hidden]`
    pub fn forward(
        &self,
        x: Tensor<3>,
        memory: KeyValue,
        layer: usize,
        context: &DecoderContext<'_>,
        cache: Option<&mut LayerCache>,
        tapped: &mut DecoderTapped,
    ) -> Tensor<3> {
        let LayerDropout {
            attention,
            hidden,
            activation,
        } = self.dropout;
        let told = context.self_attention(layer, attention);
        let query = self.attention.project_query(x.clone());
        let own = self.attention.project_key_value(x.clone());
        let own = match cache {
            Some(cache) => cache.extend(own),
            None => own,
        };
        let (attended, weights) = self.attention.attend(query, own, &told);
        if let Some(weights) = weights {
            tapped.own.attentions.insert(layer, weights);
        }
        let mask = context.site(layer, site::ATTENTION_OUTPUT, hidden);
        let x = self.attention_norm.forward_add(attended, x, mask.as_ref());

        let cross = &self.cross_attention;
        let across = context.attend_across(cross, x.clone(), memory, layer, attention, tapped);
        let mask = context.site(layer, site::CROSS_OUTPUT, hidden);
        let x = self.cross_norm.forward_add(across, x, mask.as_ref());

        let out = context.feed_forward(&self.ffn, x.clone(), layer, activation, tapped);
        let mask = context.site(layer, site::FFN_OUTPUT, hidden);
        self.ffn_norm.forward_add(out, x, mask.as_ref())
    }

    /// The same layer with another feed-forward block.
    pub fn map_ffn<G: Ffn>(self, map: impl FnOnce(F) -> G) -> DecoderLayer<G> {
        DecoderLayer {
            attention: self.attention,
            attention_norm: self.attention_norm,
            cross_attention: self.cross_attention,
            cross_norm: self.cross_norm,
            ffn: map(self.ffn),
            ffn_norm: self.ffn_norm,
            dropout: self.dropout,
        }
    }
}
