//! The encoder with a masked-LM head.

use burn::module::{Module, Param};
use burn::nn::{Embedding, Initializer, Linear};
use burn::tensor::{Device, Int, Tensor};

use super::input::{EncoderInput, EncoderOutput};
use super::model::EncoderModel;
use crate::config::{EncoderConfig, EncoderFamily};
use crate::kernel::{self, Activation};
use crate::models::vocabulary::{extend, extend_bias};
use crate::nn::{FeedForward, Ffn, LayerNorm, apply_activated, zero_embedding, zero_linear};

/// The head of masked language modeling: transform, then a score for every word.
#[derive(Module, Debug)]
pub struct MaskedLMHead {
    /// The transform's linear map.
    pub dense: Linear,
    /// The transform's normalization.
    pub norm: LayerNorm,
    /// Decoder of its own, `[vocabulary, hidden]`; the word table where absent (tied).
    pub decoder: Option<Embedding>,
    /// Bias of the scores, `[vocabulary]`.
    pub bias: Param<Tensor<1>>,
    /// The bias that acts instead where the decoder is not tied, `[vocabulary]`: files of transformers 5
    /// hold both then, older ones the other alone (all families but DistilBERT).
    pub decoder_bias: Option<Param<Tensor<1>>>,
    /// Activation of the transform.
    #[module(skip)]
    pub activation: Activation,
}

impl MaskedLMHead {
    fn new(config: &EncoderConfig, device: &Device) -> Self {
        let (width, vocabulary) = (config.hidden_size, config.vocab_size);
        // RoBERTa and MPNet use GELU here whatever the layers use.
        let activation = match config.family {
            EncoderFamily::Roberta | EncoderFamily::Mpnet => Activation::Gelu,
            EncoderFamily::Bert | EncoderFamily::DistilBert => config.hidden_act,
        };
        let untied = !config.tie_word_embeddings;
        let zeros = || Initializer::Zeros.init([vocabulary], device);
        Self {
            dense: zero_linear(width, width, true, device),
            norm: LayerNorm::new(width, config.layer_norm_eps, device),
            decoder: untied.then(|| zero_embedding(vocabulary, width, device)),
            bias: zeros(),
            decoder_bias: Self::has_decoder_bias(config).then(zeros),
            activation,
        }
    }

    /// Whether transformers 5 gives the decoder a bias of its own.
    pub(super) fn has_decoder_bias(config: &EncoderConfig) -> bool {
        !config.tie_word_embeddings && config.family != EncoderFamily::DistilBert
    }

    /// Room for new words: bias 0 and, in a decoder of its own, their `rows`.
    fn with_new_words(mut self, rows: &Tensor<2>) -> Self {
        let count = rows.dims()[0];
        self.bias = extend_bias(self.bias, count);
        self.decoder_bias = self.decoder_bias.map(|bias| extend_bias(bias, count));
        self.decoder = self.decoder.map(|decoder| extend(decoder, rows.clone()));
        self
    }

    /// Scores of all words, or of the vocabulary ids `rows`.
    ///
    /// # Shapes
    /// - hidden: `[..., hidden]`
    /// - words: the word table, `[vocabulary, hidden]`
    /// - rows: `[chosen]`
    /// - result: `[..., vocabulary or chosen]`
    ///
    /// # Panics
    /// If one of `rows` is not in the vocabulary, on devices that check it; GPUs do not.
    pub fn forward<const D: usize>(
        &self,
        hidden: Tensor<D>,
        words: Tensor<2>,
        rows: Option<Tensor<1, Int>>,
    ) -> Tensor<D> {
        let hidden = apply_activated(&self.dense, hidden, self.activation);
        let hidden = self.norm.forward(hidden);
        let mut table = match &self.decoder {
            Some(decoder) => decoder.weight.val(),
            None => words,
        };
        let mut bias = match &self.decoder_bias {
            Some(bias) => bias.val(),
            None => self.bias.val(),
        };
        if let Some(rows) = rows {
            table = table.select(0, rows.clone());
            bias = bias.select(0, rows);
        }
        kernel::linear(hidden, table.transpose(), Some(bias))
    }
}

/// An encoder with the masked-LM head: `BertForMaskedLM` and its relatives.
#[derive(Module, Debug)]
pub struct EncoderForMaskedLM<F: Ffn = FeedForward> {
    /// The encoder.
    pub encoder: EncoderModel<F>,
    /// The head.
    pub head: MaskedLMHead,
}

impl EncoderForMaskedLM {
    /// A model of zeros, to be filled by a checkpoint or by [`crate::nn::init`].
    pub fn new(config: &EncoderConfig, device: &Device) -> Self {
        Self {
            encoder: EncoderModel::new(config, false, device),
            head: MaskedLMHead::new(config, device),
        }
    }
}

impl<F: Ffn> EncoderForMaskedLM<F> {
    /// The encoder's output and the scores of every word at every position.
    ///
    /// # Shapes
    /// - scores: `[batch, length, vocabulary]`
    ///
    /// # Panics
    /// As [`EncoderModel::forward`].
    pub fn forward(&self, input: &EncoderInput) -> (EncoderOutput, Tensor<3>) {
        let output = self.encoder.forward(input);
        let words = self.encoder.embeddings.word.weight.val();
        let hidden = output.last_hidden_state.clone();
        let logits = self.head.forward(hidden, words, None);
        (output, logits)
    }

    /// Scores at chosen places only, and of chosen words only.
    ///
    /// # Shapes
    /// - hidden: `[batch, length, hidden]`
    /// - places: `[places]`, each `example * length + position`
    /// - rows: vocabulary ids, `[chosen]`; all words where absent
    /// - result: `[places, chosen]`
    ///
    /// # Panics
    /// If a place lies outside of `hidden` or one of `rows` is not in the vocabulary, on devices that
    /// check it; GPUs do not.
    pub fn logits_at(
        &self,
        hidden: Tensor<3>,
        places: Tensor<1, Int>,
        rows: Option<Tensor<1, Int>>,
    ) -> Tensor<2> {
        let [batch, length, width] = hidden.dims();
        let picked = hidden.reshape([batch * length, width]).select(0, places);
        let words = self.encoder.embeddings.word.weight.val();
        self.head.forward(picked, words, rows)
    }

    /// Room for the scores of new words.
    pub(in crate::models) fn with_new_scores(mut self, rows: &Tensor<2>) -> Self {
        self.head = self.head.with_new_words(rows);
        self
    }

    /// The same model with other feed-forward blocks.
    pub fn map_ffn<G: Ffn>(self, map: impl FnMut(usize, F) -> G) -> EncoderForMaskedLM<G> {
        EncoderForMaskedLM {
            encoder: self.encoder.map_ffn(map),
            head: self.head,
        }
    }
}
