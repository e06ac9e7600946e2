//! BART without a head.

use burn::module::Module;
use burn::nn::Embedding;
use burn::tensor::{Device, Tensor};

use super::stack::{BartDecoder, BartEncoder};
use crate::config::BartConfig;
use crate::models::encoder::{EncoderInput, EncoderOutput};
use crate::models::seq2seq::{
    DecoderOutput, Seq2SeqInput, Seq2SeqOutput, Stack, refuse_token_types, word_vectors,
};
use crate::nn::{FeedForward, Ffn, zero_embedding};

/// BART's encoder and decoder: Hugging Face's `BartModel`.
#[derive(Module, Debug)]
pub struct BartModel<F: Ffn = FeedForward> {
    /// The word table of both stacks, `[vocabulary, d_model]`; not read where they have their own.
    pub shared: Embedding,
    /// The encoder.
    pub encoder: BartEncoder<F>,
    /// The decoder.
    pub decoder: BartDecoder<F>,
    /// The settings.
    #[module(skip)]
    pub config: BartConfig,
}

impl BartModel {
    /// A model of zeros, to be filled by a checkpoint or by [`crate::nn::init`].
    pub fn new(config: &BartConfig, device: &Device) -> Self {
        Self {
            shared: zero_embedding(config.vocab_size, config.d_model, device),
            encoder: BartEncoder::new(config, device),
            decoder: BartDecoder::new(config, device),
            config: config.clone(),
        }
    }
}

impl<F: Ffn> BartModel<F> {
    /// Runs both stacks. Position ids are rows of the position tables: position `i` is row `i + 2`.
    /// Tokens given as vectors are not multiplied by the embedding scale.
    ///
    /// # Panics
    /// If the input has token types, a sequence is longer than `max_position_embeddings`, or what
    /// [`EncoderInput`] says of ids and replaced rows does not hold.
    pub fn forward(&self, input: &Seq2SeqInput) -> Seq2SeqOutput {
        let encoder = self.encode(&input.encoder);
        let decoder = self.decode(input, &encoder.last_hidden_state);
        Seq2SeqOutput { encoder, decoder }
    }

    /// Runs the encoder.
    ///
    /// # Panics
    /// As [`BartModel::forward`].
    pub fn encode(&self, input: &EncoderInput) -> EncoderOutput {
        self.encoder
            .forward(self.words(Stack::Encoder, input), input)
    }

    /// Runs the decoder over an encoder's output, `[batch, keys, hidden]`; of `input.encoder` only
    /// the mask is read.
    ///
    /// # Panics
    /// As [`BartModel::forward`].
    pub fn decode(&self, input: &Seq2SeqInput, encoded: &Tensor<3>) -> DecoderOutput {
        let words = self.words(Stack::Decoder, &input.decoder);
        self.decoder.forward(words, input, encoded)
    }

    /// The word vectors of a stack's input, `[batch, length, d_model]`.
    pub(super) fn words(&self, stack: Stack, input: &EncoderInput) -> Tensor<3> {
        refuse_token_types(input);
        let scale = if self.config.scale_embedding {
            (self.config.d_model as f64).sqrt()
        } else {
            1.0
        };
        let own = match stack {
            Stack::Encoder => &self.encoder.word,
            Stack::Decoder => &self.decoder.word,
        };
        word_vectors(own.as_ref().unwrap_or(&self.shared), input, scale)
    }

    /// The same model with other feed-forward blocks; `map` gets the stack, the layer's number in it
    /// and its block.
    pub fn map_ffn<G: Ffn>(self, mut map: impl FnMut(Stack, usize, F) -> G) -> BartModel<G> {
        BartModel {
            shared: self.shared,
            encoder: self
                .encoder
                .map_ffn(|layer, ffn| map(Stack::Encoder, layer, ffn)),
            decoder: self
                .decoder
                .map_ffn(|layer, ffn| map(Stack::Decoder, layer, ffn)),
            config: self.config,
        }
    }
}
