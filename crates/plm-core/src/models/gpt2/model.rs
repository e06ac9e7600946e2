//! GPT-2 without a head.

use std::collections::BTreeSet;

use burn::module::Module;
use burn::nn::Embedding;
use burn::tensor::{Device, Tensor};

use super::layer::Gpt2Layer;
use crate::config::Gpt2Config;
use crate::kernel::dropout;
use crate::models::encoder::EncoderInput;
use crate::models::seq2seq::{DecoderOutput, position_vectors, word_vectors};
use crate::nn::{
    DecoderContext, DecoderTapped, FeedForward, Ffn, LayerCache, LayerContext, LayerNorm,
    causal_mask, site, zero_embedding,
};

/// GPT-2's layers with their embeddings: Hugging Face's `GPT2Model`.
#[derive(Module, Debug)]
pub struct Gpt2Model<F: Ffn = FeedForward> {
    /// The word table, `[vocabulary, hidden]`.
    pub word: Embedding,
    /// The position table.
    pub position: Embedding,
    /// The layers.
    pub layers: Vec<Gpt2Layer<F>>,
    /// Normalization after the last layer.
    pub final_norm: LayerNorm,
    /// The settings.
    #[module(skip)]
    pub config: Gpt2Config,
}

impl Gpt2Model {
    /// A model of zeros, to be filled by a checkpoint or by [`crate::nn::init`].
    pub fn new(config: &Gpt2Config, device: &Device) -> Self {
        let width = config.n_embd;
        Self {
            word: zero_embedding(config.vocab_size, width, device),
            position: zero_embedding(config.n_positions, width, device),
            layers: (0..config.n_layer)
                .map(|index| Gpt2Layer::new(config, index, device))
                .collect(),
            final_norm: LayerNorm::new(width, config.layer_norm_epsilon, device),
            config: config.clone(),
        }
    }
}

impl<F: Ffn> Gpt2Model<F> {
    /// Runs embeddings and all layers. The causal mask is added to the input's mask. Token types are
    /// rows of the word table, as in Hugging Face. With left padding, give the positions that
    /// Hugging Face's `generate` uses: visible tokens counted from 0.
    ///
    /// # Panics
    /// If a sequence is longer than the position table, or what [`EncoderInput`] says of ids and replaced
    /// rows does not hold.
    pub fn forward(&self, input: &EncoderInput) -> DecoderOutput {
        let [_, length] = input.tokens.dims();
        let causal = causal_mask(length, length, &self.word.weight.device().inner());
        let nothing = BTreeSet::new();
        let context = DecoderContext {
            layer: LayerContext {
                mask: Some(match &input.mask {
                    Some(mask) => mask.or(causal),
                    None => causal,
                }),
                bias: None,
                dropout: &input.dropout,
                taps: &input.taps,
                ffn_masks: &input.ffn_masks,
            },
            cross_mask: None,
            cross_attentions: &nothing,
            sites: 0,
        };
        let mut tapped = DecoderTapped::default();
        let last_hidden_state = self.run(self.embed(input), None, &context, &mut tapped);
        DecoderOutput {
            last_hidden_state,
            tapped,
        }
    }

    /// Word and position vectors, summed, `[batch, length, hidden]`.
    fn embed(&self, input: &EncoderInput) -> Tensor<3> {
        let words = word_vectors(&self.word, input, 1.0);
        let sum = words + position_vectors(&self.position, input, 0);
        match &input.token_type_ids {
            Some(types) => sum + self.word.forward(types.clone()),
            None => sum,
        }
    }

    /// Dropout, layers and final normalization over embeddings.
    pub(super) fn run(
        &self,
        x: Tensor<3>,
        mut caches: Option<&mut Vec<LayerCache>>,
        context: &DecoderContext<'_>,
        tapped: &mut DecoderTapped,
    ) -> Tensor<3> {
        let mask = context
            .layer
            .dropout
            .site(site::EMBEDDINGS, self.config.embd_pdrop);
        let mut x = dropout(x, mask.as_ref());
        let taps = context.layer.taps;
        tapped.own.record_hidden_state(taps, 0, &x);
        let last = self.layers.len() - 1;
        for (index, layer) in self.layers.iter().enumerate() {
            let cache = caches.as_mut().map(|caches| &mut caches[index]);
            x = layer.forward(x, index, context, cache, tapped);
            if index < last {
                tapped.own.record_hidden_state(taps, index + 1, &x);
            }
        }
        let x = self.final_norm.forward(x);
        tapped.own.record_hidden_state(taps, last + 1, &x);
        x
    }

    /// The same model with other feed-forward blocks; `map` gets each layer's number and block.
    pub fn map_ffn<G: Ffn>(self, mut map: impl FnMut(usize, F) -> G) -> Gpt2Model<G> {
        Gpt2Model {
            word: self.word,
            position: self.position,
            layers: self
                .layers
                .into_iter()
                .enumerate()
                .map(|(index, layer)| layer.map_ffn(|ffn| map(index, ffn)))
                .collect(),
            final_norm: self.final_norm,
            config: self.config,
        }
    }
}
