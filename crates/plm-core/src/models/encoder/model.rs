//! The encoder that BERT, RoBERTa, MPNet and DistilBERT share.

use burn::module::Module;
use burn::nn::{Embedding, Linear};
use burn::tensor::{Device, Tensor};

use super::embeddings::EncoderEmbeddings;
use super::input::{EncoderInput, EncoderOutput};
use crate::config::{EncoderConfig, EncoderFamily, MPNET_MAX_DISTANCE};
use crate::kernel::Activation;
use crate::nn::{
    ChosenTokens, EncoderLayer, FeedForward, FeedForwardConfig, Ffn, LayerContext, LayerDropout,
    LayerNorm, MultiHeadAttentionConfig, Tapped, Taps, apply_activated, relative_bias,
    zero_embedding, zero_linear,
};

/// A bidirectional transformer encoder (Devlin et al. 2019) with its embeddings.
///
/// Hugging Face's `BertModel`, `RobertaModel`, `MPNetModel` and `DistilBertModel`.
#[derive(Module, Debug)]
pub struct EncoderModel<F: Ffn = FeedForward> {
    /// Word, position and token-type vectors.
    pub embeddings: EncoderEmbeddings,
    /// The layers.
    pub layers: Vec<EncoderLayer<F>>,
    /// MPNet's relative position bias, `[buckets, heads]`.
    pub relative_bias: Option<Embedding>,
    /// The pooler's linear map, where the checkpoint has one.
    pub pooler: Option<Linear>,
    /// The settings.
    #[module(skip)]
    pub config: EncoderConfig,
}

impl EncoderModel {
    /// An encoder of zeros, to be filled by a checkpoint or by [`crate::nn::init`].
    pub fn new(config: &EncoderConfig, with_pooler: bool, device: &Device) -> Self {
        let width = config.hidden_size;
        let has_pooler = with_pooler && config.family != EncoderFamily::DistilBert;
        Self {
            embeddings: EncoderEmbeddings::new(config, device),
            layers: (0..config.num_hidden_layers)
                .map(|_| layer(config, device))
                .collect(),
            relative_bias: (config.family == EncoderFamily::Mpnet).then(|| {
                let buckets = config.relative_attention_num_buckets;
                zero_embedding(buckets, config.num_attention_heads, device)
            }),
            pooler: has_pooler.then(|| zero_linear(width, width, true, device)),
            config: config.clone(),
        }
    }
}

fn layer(config: &EncoderConfig, device: &Device) -> EncoderLayer {
    let (width, heads) = (config.hidden_size, config.num_attention_heads);
    let head_width = width / heads;
    let norm = || LayerNorm::new(width, config.layer_norm_eps, device);
    EncoderLayer {
        attention: MultiHeadAttentionConfig {
            hidden_size: width,
            heads,
            head_width,
            bias: true,
            scale: 1.0 / (head_width as f64).sqrt(),
        }
        .init(device),
        attention_norm: norm(),
        ffn: FeedForwardConfig {
            hidden_size: width,
            intermediate_size: config.intermediate_size,
            activation: config.hidden_act,
            gated: false,
            bias: true,
        }
        .init(device),
        ffn_norm: norm(),
        dropout: LayerDropout {
            attention: config.attention_probs_dropout_prob,
            hidden: config.hidden_dropout_prob,
            activation: 0.0,
        },
    }
}

impl<F: Ffn> EncoderModel<F> {
    /// Runs embeddings and all layers.
    ///
    /// # Panics
    /// If a sequence is longer than the position table allows, or what [`EncoderInput`] says of ids and
    /// replaced rows does not hold.
    pub fn forward(&self, input: &EncoderInput) -> EncoderOutput {
        let context = self.context(input, &input.taps);
        let mut tapped = Tapped::default();
        let mut x = self.embeddings.forward(input);
        tapped.record_hidden_state(&input.taps, 0, &x);
        for (index, layer) in self.layers.iter().enumerate() {
            x = layer.forward(x, index, &context, &mut tapped);
            tapped.record_hidden_state(&input.taps, index + 1, &x);
        }
        EncoderOutput {
            pooler_output: self.pool(&x),
            last_hidden_state: x,
            tapped,
        }
    }

    /// The last layer's output at the first token, which classifiers of sequences and soft prompts read.
    ///
    /// The same as [`forward`](Self::forward) gives there, dropout included, without what the last layer
    /// would compute for the other tokens, which is most of it. Values that the input wants tapped are not
    /// handed out.
    ///
    /// # Shapes
    /// - result: `[batch, 1, hidden]`
    ///
    /// # Panics
    /// If a sequence is longer than the position table allows, or what [`EncoderInput`] says of ids and
    /// replaced rows does not hold.
    pub fn first_token(&self, input: &EncoderInput) -> Tensor<3> {
        let nothing = Taps::default();
        let context = self.context(input, &nothing);
        match self.below_last(input, &context) {
            (x, Some((number, last))) => last.forward_first(x, number, &context),
            (x, None) => x.narrow(1, 0, 1),
        }
    }

    /// The last layer's output at some tokens, for losses that read no others.
    ///
    /// The same as [`forward`](Self::forward) gives there, dropout included, without what the last layer
    /// would compute for the other tokens. Values that the input wants tapped are not handed out.
    ///
    /// # Shapes
    /// - places: example and position of each token
    /// - result: `[places, hidden]`
    ///
    /// # Panics
    /// If a place lies outside of the batch, and as [`forward`](Self::forward).
    pub fn states_at(&self, input: &EncoderInput, places: &[(usize, usize)]) -> Tensor<2> {
        let chosen = ChosenTokens::new(places, input.tokens.dims());
        let nothing = Taps::default();
        let context = self.context(input, &nothing);
        match self.below_last(input, &context) {
            (x, Some((number, last))) if !places.is_empty() => {
                last.forward_chosen(x, &chosen, number, &context)
            }
            (x, _) => chosen.pick(x),
        }
    }

    /// The last layer with its number and what it is given; the embeddings where there is no layer.
    fn below_last(
        &self,
        input: &EncoderInput,
        context: &LayerContext<'_>,
    ) -> (Tensor<3>, Option<(usize, &EncoderLayer<F>)>) {
        let mut x = self.embeddings.forward(input);
        let Some((last, below)) = self.layers.split_last() else {
            return (x, None);
        };
        for (index, layer) in below.iter().enumerate() {
            x = layer.forward(x, index, context, &mut Tapped::default());
        }
        (x, Some((below.len(), last)))
    }

    /// What a classifier of sequences reads: the pooler's vector, or in a model without one the last layer's
    /// output at the first token; see [`first_token`](Self::first_token).
    ///
    /// # Shapes
    /// - result: `[batch, hidden]`
    ///
    /// # Panics
    /// If a sequence is longer than the position table allows, or what [`EncoderInput`] says of ids and
    /// replaced rows does not hold.
    pub fn pooled(&self, input: &EncoderInput) -> Tensor<2> {
        let first_token = self.first_token(input);
        let pooled = self.pool(&first_token);
        pooled.unwrap_or_else(|| first(&first_token))
    }

    fn context<'a>(&self, input: &'a EncoderInput, taps: &'a Taps) -> LayerContext<'a> {
        let [_, length] = input.tokens.dims();
        LayerContext {
            mask: input.mask.as_ref().map(|mask| mask.to_kernel()),
            bias: self.attention_bias(length),
            dropout: &input.dropout,
            taps,
            ffn_masks: &input.ffn_masks,
        }
    }

    /// MPNet's additive attention bias for sequences of `length`, `[1, heads, length, length]`.
    pub fn attention_bias(&self, length: usize) -> Option<Tensor<4>> {
        let table = self.relative_bias.as_ref()?;
        let distance = MPNET_MAX_DISTANCE;
        Some(relative_bias(table, length, length, 0, true, distance))
    }

    /// The pooler's vector of the first token.
    ///
    /// # Shapes
    /// - hidden: `[batch, length, hidden]`
    /// - result: `[batch, hidden]`
    pub fn pool(&self, hidden: &Tensor<3>) -> Option<Tensor<2>> {
        let pooler = self.pooler.as_ref()?;
        Some(apply_activated(pooler, first(hidden), Activation::Tanh))
    }

    /// The same encoder with other feed-forward blocks; `map` gets each layer's number and block.
    pub fn map_ffn<G: Ffn>(self, mut map: impl FnMut(usize, F) -> G) -> EncoderModel<G> {
        EncoderModel {
            embeddings: self.embeddings,
            layers: self
                .layers
                .into_iter()
                .enumerate()
                .map(|(index, layer)| layer.map_ffn(|ffn| map(index, ffn)))
                .collect(),
            relative_bias: self.relative_bias,
            pooler: self.pooler,
            config: self.config,
        }
    }
}

/// The first token's vectors: `[batch, length, width]` to `[batch, width]`.
pub(crate) fn first(hidden: &Tensor<3>) -> Tensor<2> {
    hidden.clone().narrow(1, 0, 1).squeeze_dim(1)
}
