//! BART's encoder and decoder.

use burn::module::Module;
use burn::nn::Embedding;
use burn::tensor::{Device, Tensor};

use crate::config::BartConfig;
use crate::kernel::dropout;
use crate::models::encoder::{EncoderInput, EncoderOutput};
use crate::models::seq2seq::{DecoderOutput, Seq2SeqInput, position_vectors};
use crate::nn::{
    AttentionMask, DecoderContext, DecoderLayer, DecoderTapped, EncoderLayer, FeedForward,
    FeedForwardConfig, Ffn, LayerCache, LayerContext, LayerDropout, LayerNorm, MultiHeadAttention,
    MultiHeadAttentionConfig, Tapped, causal_mask, site, zero_embedding,
};

/// The row of the position table at which positions start.
pub(super) const FIRST_POSITION: usize = 2;

/// The epsilon that BART leaves at the default of its layer normalization.
const EPSILON: f64 = 1e-5;

/// BART's encoder.
#[derive(Module, Debug)]
pub struct BartEncoder<F: Ffn = FeedForward> {
    /// A word table of its own, `[vocabulary, d_model]`, in models whose tables are not tied; the
    /// shared one where absent.
    pub word: Option<Embedding>,
    /// The position table; row `i + 2` is position `i`.
    pub position: Embedding,
    /// Normalization of the embeddings.
    pub norm: LayerNorm,
    /// The layers.
    pub layers: Vec<EncoderLayer<F>>,
    /// Dropout of the embeddings.
    #[module(skip)]
    pub dropout: f64,
}

/// BART's decoder.
#[derive(Module, Debug)]
pub struct BartDecoder<F: Ffn = FeedForward> {
    /// A word table of its own, `[vocabulary, d_model]`, in models whose tables are not tied; the
    /// shared one where absent.
    pub word: Option<Embedding>,
    /// The position table; row `i + 2` is position `i`.
    pub position: Embedding,
    /// Normalization of the embeddings.
    pub norm: LayerNorm,
    /// The layers.
    pub layers: Vec<DecoderLayer<F>>,
    /// Dropout of the embeddings.
    #[module(skip)]
    pub dropout: f64,
}

/// What transformers has for each stack where the settings untie word tables.
fn own_words(config: &BartConfig, device: &Device) -> Option<Embedding> {
    let untied = !config.tie_word_embeddings;
    untied.then(|| zero_embedding(config.vocab_size, config.d_model, device))
}

fn positions(config: &BartConfig, device: &Device) -> Embedding {
    let rows = config.max_position_embeddings + FIRST_POSITION;
    zero_embedding(rows, config.d_model, device)
}

fn attention(config: &BartConfig, heads: usize, device: &Device) -> MultiHeadAttention {
    let head_width = config.d_model / heads;
    MultiHeadAttentionConfig {
        hidden_size: config.d_model,
        heads,
        head_width,
        bias: true,
        scale: 1.0 / (head_width as f64).sqrt(),
    }
    .init(device)
}

fn feed_forward(config: &BartConfig, width: usize, device: &Device) -> FeedForward {
    FeedForwardConfig {
        hidden_size: config.d_model,
        intermediate_size: width,
        activation: config.activation_function,
        gated: false,
        bias: true,
    }
    .init(device)
}

fn layer_dropout(config: &BartConfig) -> LayerDropout {
    LayerDropout {
        attention: config.attention_dropout,
        hidden: config.dropout,
        activation: config.activation_dropout,
    }
}

impl BartEncoder {
    pub(super) fn new(config: &BartConfig, device: &Device) -> Self {
        let norm = || LayerNorm::new(config.d_model, EPSILON, device);
        let layer = || EncoderLayer {
            attention: attention(config, config.encoder_attention_heads, device),
            attention_norm: norm(),
            ffn: feed_forward(config, config.encoder_ffn_dim, device),
            ffn_norm: norm(),
            dropout: layer_dropout(config),
        };
        Self {
            word: own_words(config, device),
            position: positions(config, device),
            norm: norm(),
            layers: (0..config.encoder_layers).map(|_| layer()).collect(),
            dropout: config.dropout,
        }
    }
}

impl BartDecoder {
    pub(super) fn new(config: &BartConfig, device: &Device) -> Self {
        let heads = config.decoder_attention_heads;
        let norm = || LayerNorm::new(config.d_model, EPSILON, device);
        let layer = || DecoderLayer {
            attention: attention(config, heads, device),
            attention_norm: norm(),
            cross_attention: attention(config, heads, device),
            cross_norm: norm(),
            ffn: feed_forward(config, config.decoder_ffn_dim, device),
            ffn_norm: norm(),
            dropout: layer_dropout(config),
        };
        Self {
            word: own_words(config, device),
            position: positions(config, device),
            norm: norm(),
            layers: (0..config.decoder_layers).map(|_| layer()).collect(),
            dropout: config.dropout,
        }
    }
}

impl<F: Ffn> BartEncoder<F> {
    /// Runs all layers over word vectors.
    pub(super) fn forward(&self, words: Tensor<3>, input: &EncoderInput) -> EncoderOutput {
        let sum = words + position_vectors(&self.position, input, FIRST_POSITION);
        let mask = input.dropout.site(site::EMBEDDINGS, self.dropout);
        let mut x = dropout(self.norm.forward(sum), mask.as_ref());
        let context = LayerContext {
            mask: input.mask.as_ref().map(AttentionMask::to_kernel),
            bias: None,
            dropout: &input.dropout,
            taps: &input.taps,
            ffn_masks: &input.ffn_masks,
        };
        let mut tapped = Tapped::default();
        tapped.record_hidden_state(&input.taps, 0, &x);
        for (index, layer) in self.layers.iter().enumerate() {
            x = layer.forward(x, index, &context, &mut tapped);
            tapped.record_hidden_state(&input.taps, index + 1, &x);
        }
        EncoderOutput {
            last_hidden_state: x,
            pooler_output: None,
            tapped,
        }
    }

    /// The same encoder with other feed-forward blocks; `map` gets each layer's number and block.
    pub fn map_ffn<G: Ffn>(self, mut map: impl FnMut(usize, F) -> G) -> BartEncoder<G> {
        BartEncoder {
            word: self.word,
            position: self.position,
            norm: self.norm,
            layers: self
                .layers
                .into_iter()
                .enumerate()
                .map(|(index, layer)| layer.map_ffn(|ffn| map(index, ffn)))
                .collect(),
            dropout: self.dropout,
        }
    }
}

impl<F: Ffn> BartDecoder<F> {
    /// Runs all layers over word vectors, looking at the encoder's output.
    pub(super) fn forward(
        &self,
        words: Tensor<3>,
        input: &Seq2SeqInput,
        encoded: &Tensor<3>,
    ) -> DecoderOutput {
        let own = &input.decoder;
        let [_, length, _] = words.dims();
        let sum = words + position_vectors(&self.position, own, FIRST_POSITION);
        let causal = causal_mask(length, length, &self.position.weight.device().inner());
        let context = DecoderContext {
            layer: LayerContext {
                mask: Some(match &own.mask {
                    Some(mask) => mask.or(causal),
                    None => causal,
                }),
                bias: None,
                dropout: &own.dropout,
                taps: &own.taps,
                ffn_masks: &own.ffn_masks,
            },
            cross_mask: input.cross_mask(),
            cross_attentions: &input.cross_attentions,
            sites: site::DECODER,
        };
        let mut tapped = DecoderTapped::default();
        let last_hidden_state = self.run(sum, Some(encoded), None, &context, &mut tapped);
        DecoderOutput {
            last_hidden_state,
            tapped,
        }
    }

    /// Normalization, dropout and all layers over summed embeddings; the encoder's keys and values
    /// come from `encoded` or from `caches`, one of which must be there.
    pub(super) fn run(
        &self,
        sum: Tensor<3>,
        encoded: Option<&Tensor<3>>,
        mut caches: Option<&mut Vec<LayerCache>>,
        context: &DecoderContext<'_>,
        tapped: &mut DecoderTapped,
    ) -> Tensor<3> {
        let number = context.sites + site::EMBEDDINGS;
        let mask = context.layer.dropout.site(number, self.dropout);
        let mut x = dropout(self.norm.forward(sum), mask.as_ref());
        let taps = context.layer.taps;
        tapped.own.record_hidden_state(taps, 0, &x);
        for (index, layer) in self.layers.iter().enumerate() {
            let cache = caches.as_mut().map(|caches| &mut caches[index]);
            let cached = cache.as_ref().and_then(|cache| cache.cross.clone());
            let memory = cached.unwrap_or_else(|| {
                let encoded = encoded.expect("the encoder's output or its keys and values");
                layer.cross_attention.project_key_value(encoded.clone())
            });
            x = layer.forward(x, memory, index, context, cache, tapped);
            tapped.own.record_hidden_state(taps, index + 1, &x);
        }
        x
    }

    /// The same decoder with other feed-forward blocks; `map` gets each layer's number and block.
    pub fn map_ffn<G: Ffn>(self, mut map: impl FnMut(usize, F) -> G) -> BartDecoder<G> {
        BartDecoder {
            word: self.word,
            position: self.position,
            norm: self.norm,
            layers: self
                .layers
                .into_iter()
                .enumerate()
                .map(|(index, layer)| layer.map_ffn(|ffn| map(index, ffn)))
                .collect(),
            dropout: self.dropout,
        }
    }
}
