//! T5's encoder or decoder.

use std::collections::BTreeSet;

use burn::module::Module;
use burn::nn::Embedding;
use burn::tensor::{Bool, Device, Tensor};

use super::layer::T5Layer;
use crate::config::T5Config;
use crate::kernel::dropout;
use crate::models::EncoderInput;
use crate::nn::{
    AttentionMask, DecoderCache, DecoderContext, DecoderTapped, FeedForward, Ffn, LayerCache,
    LayerContext, RmsNorm, causal_mask, relative_bias, site, zero_embedding,
};

/// The layers of T5's encoder or decoder with their shared relative position bias.
#[derive(Module, Debug)]
pub struct T5Stack<F: Ffn = FeedForward> {
    /// Bias of relative positions, `[buckets, heads]`, shared by all layers.
    pub relative_bias: Embedding,
    /// The layers.
    pub layers: Vec<T5Layer<F>>,
    /// Normalization after the last layer.
    pub final_norm: RmsNorm,
    /// Whether this is a decoder: it looks back only, and at the encoder's output.
    #[module(skip)]
    pub is_decoder: bool,
    /// Distance from which on all positions share a bucket.
    #[module(skip)]
    pub max_distance: usize,
    /// Dropout of the input and of the output.
    #[module(skip)]
    pub dropout: f64,
}

/// What a decoder sees of the encoder's output.
pub(super) struct Memory<'a> {
    /// `[batch, keys, hidden]`.
    pub(super) encoded: &'a Tensor<3>,
    /// True at hidden keys.
    pub(super) mask: Option<Tensor<3, Bool>>,
    /// Layers whose cross-attention weights are wanted.
    pub(super) wanted: &'a BTreeSet<usize>,
}

impl T5Stack {
    pub(super) fn new(config: &T5Config, is_decoder: bool, device: &Device) -> Self {
        let layers = if is_decoder {
            config.num_decoder_layers
        } else {
            config.num_layers
        };
        let buckets = config.relative_attention_num_buckets;
        Self {
            relative_bias: zero_embedding(buckets, config.num_heads, device),
            layers: (0..layers)
                .map(|_| T5Layer::new(config, is_decoder, device))
                .collect(),
            final_norm: RmsNorm::new(config.d_model, config.layer_norm_epsilon, device),
            is_decoder,
            max_distance: config.relative_attention_max_distance,
            dropout: config.dropout_rate,
        }
    }
}

impl<F: Ffn> T5Stack<F> {
    /// The bias that is added to the scores of every self-attention, `[1, heads, queries, keys]`;
    /// query `i` stands at position `first_query + i`.
    pub fn attention_bias(&self, queries: usize, keys: usize, first_query: usize) -> Tensor<4> {
        let both_ways = !self.is_decoder;
        let distance = self.max_distance;
        let table = &self.relative_bias;
        relative_bias(table, queries, keys, first_query, both_ways, distance)
    }

    /// Runs all layers over the word vectors `x`.
    pub(super) fn forward(
        &self,
        x: Tensor<3>,
        input: &EncoderInput,
        memory: Option<Memory<'_>>,
    ) -> (Tensor<3>, DecoderTapped) {
        let length = x.dims()[1];
        let own = input.mask.as_ref().map(AttentionMask::to_kernel);
        let mask = if self.is_decoder {
            let causal = causal_mask(length, length, &x.device().inner());
            Some(match &input.mask {
                Some(mask) => mask.or(causal),
                None => causal,
            })
        } else {
            own
        };
        let nothing = BTreeSet::new();
        let context = DecoderContext {
            layer: LayerContext {
                mask,
                bias: Some(self.attention_bias(length, length, 0)),
                dropout: &input.dropout,
                taps: &input.taps,
                ffn_masks: &input.ffn_masks,
            },
            cross_mask: memory.as_ref().and_then(|memory| memory.mask.clone()),
            cross_attentions: memory.as_ref().map_or(&nothing, |memory| memory.wanted),
            sites: if self.is_decoder { site::DECODER } else { 0 },
        };
        let mut tapped = DecoderTapped::default();
        let encoded = memory.map(|memory| memory.encoded);
        let x = self.run(x, encoded, None, &context, &mut tapped);
        (x, tapped)
    }

    /// Runs all layers over the word vectors `x` of the tokens that follow those in `cache`.
    pub(super) fn step(
        &self,
        x: Tensor<3>,
        cache: &mut DecoderCache,
        context: &DecoderContext<'_>,
    ) -> Tensor<3> {
        let length = x.dims()[1];
        let mut tapped = DecoderTapped::default();
        let x = self.run(x, None, Some(&mut cache.layers), context, &mut tapped);
        cache.length += length;
        x
    }

    /// Keys and values come from `encoded` or from `caches`.
    fn run(
        &self,
        x: Tensor<3>,
        encoded: Option<&Tensor<3>>,
        mut caches: Option<&mut Vec<LayerCache>>,
        context: &DecoderContext<'_>,
        tapped: &mut DecoderTapped,
    ) -> Tensor<3> {
        let outer = |number| {
            let number = context.sites + number;
            context.layer.dropout.site(number, self.dropout)
        };
        let mut x = dropout(x, outer(site::EMBEDDINGS).as_ref());
        let taps = context.layer.taps;
        tapped.own.record_hidden_state(taps, 0, &x);
        let last = self.layers.len() - 1;
        for (index, layer) in self.layers.iter().enumerate() {
            let cache = caches.as_mut().map(|caches| &mut caches[index]);
            let memory = match &cache {
                Some(cache) => cache.cross.clone(),
                None => encoded.and_then(|encoded| layer.project_memory(encoded)),
            };
            x = layer.forward(x, memory, index, context, cache, tapped);
            if index < last {
                tapped.own.record_hidden_state(taps, index + 1, &x);
            }
        }
        let x = dropout(self.final_norm.forward(x), outer(site::FINAL).as_ref());
        tapped.own.record_hidden_state(taps, last + 1, &x);
        x
    }

    /// The same stack with other feed-forward blocks; `map` gets each layer's number and block.
    pub fn map_ffn<G: Ffn>(self, mut map: impl FnMut(usize, F) -> G) -> T5Stack<G> {
        T5Stack {
            relative_bias: self.relative_bias,
            layers: self
                .layers
                .into_iter()
                .enumerate()
                .map(|(index, layer)| layer.map_ffn(|ffn| map(index, ffn)))
                .collect(),
            final_norm: self.final_norm,
            is_decoder: self.is_decoder,
            max_distance: self.max_distance,
            dropout: self.dropout,
        }
    }
}
