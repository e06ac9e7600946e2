//! T5 without a head: both stacks, or the encoder alone.

use burn::module::Module;
use burn::nn::Embedding;
use burn::tensor::{Device, Tensor};

use super::stack::{Memory, T5Stack};
use crate::config::T5Config;
use crate::models::encoder::{EncoderInput, EncoderOutput};
use crate::models::seq2seq::{
    DecoderOutput, Seq2SeqInput, Seq2SeqOutput, Stack, refuse_token_types, word_vectors,
};
use crate::nn::{FeedForward, Ffn, zero_embedding};

/// T5's encoder and decoder: Hugging Face's `T5Model`.
#[derive(Module, Debug)]
pub struct T5Model<F: Ffn = FeedForward> {
    /// The word table of both stacks, `[vocabulary, d_model]`.
    pub shared: Embedding,
    /// The encoder.
    pub encoder: T5Stack<F>,
    /// The decoder.
    pub decoder: T5Stack<F>,
    /// The settings.
    #[module(skip)]
    pub config: T5Config,
}

impl T5Model {
    /// A model of zeros, to be filled by a checkpoint or by [`crate::nn::init`].
    pub fn new(config: &T5Config, device: &Device) -> Self {
        Self {
            shared: zero_embedding(config.vocab_size, config.d_model, device),
            encoder: T5Stack::new(config, false, device),
            decoder: T5Stack::new(config, true, device),
            config: config.clone(),
        }
    }
}

impl<F: Ffn> T5Model<F> {
    /// Runs both stacks. Positions are relative: `positions` of the inputs are not read.
    ///
    /// # Panics
    /// If the input has token types, or what [`EncoderInput`] says of ids and replaced rows does not hold.
    pub fn forward(&self, input: &Seq2SeqInput) -> Seq2SeqOutput {
        let encoder = self.encode(&input.encoder);
        let decoder = self.decode(input, &encoder.last_hidden_state);
        Seq2SeqOutput { encoder, decoder }
    }

    /// Runs the encoder.
    ///
    /// # Panics
    /// If the input has token types, or what [`EncoderInput`] says of ids and replaced rows does not hold.
    pub fn encode(&self, input: &EncoderInput) -> EncoderOutput {
        encode(&self.shared, &self.encoder, input)
    }

    /// Runs the decoder over an encoder's output, `[batch, keys, hidden]`; of `input.encoder` only
    /// the mask is read.
    ///
    /// # Panics
    /// If the input has token types, or what [`EncoderInput`] says of ids and replaced rows does not hold.
    pub fn decode(&self, input: &Seq2SeqInput, encoded: &Tensor<3>) -> DecoderOutput {
        refuse_token_types(&input.decoder);
        let x = word_vectors(&self.shared, &input.decoder, 1.0);
        let memory = Memory {
            encoded,
            mask: input.cross_mask(),
            wanted: &input.cross_attentions,
        };
        let (last_hidden_state, tapped) = self.decoder.forward(x, &input.decoder, Some(memory));
        DecoderOutput {
            last_hidden_state,
            tapped,
        }
    }

    /// The same model with other feed-forward blocks; `map` gets the stack, the layer's number in it
    /// and its block.
    pub fn map_ffn<G: Ffn>(self, mut map: impl FnMut(Stack, usize, F) -> G) -> T5Model<G> {
        T5Model {
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

fn encode<F: Ffn>(shared: &Embedding, stack: &T5Stack<F>, input: &EncoderInput) -> EncoderOutput {
    refuse_token_types(input);
    let x = word_vectors(shared, input, 1.0);
    let (last_hidden_state, tapped) = stack.forward(x, input, None);
    EncoderOutput {
        last_hidden_state,
        pooler_output: None,
        tapped: tapped.own,
    }
}

/// T5's encoder alone: Hugging Face's `T5EncoderModel`.
#[derive(Module, Debug)]
pub struct T5EncoderModel<F: Ffn = FeedForward> {
    /// The word table, `[vocabulary, d_model]`.
    pub shared: Embedding,
    /// The encoder.
    pub encoder: T5Stack<F>,
    /// The settings.
    #[module(skip)]
    pub config: T5Config,
}

impl T5EncoderModel {
    /// A model of zeros, to be filled by a checkpoint or by [`crate::nn::init`].
    pub fn new(config: &T5Config, device: &Device) -> Self {
        Self {
            shared: zero_embedding(config.vocab_size, config.d_model, device),
            encoder: T5Stack::new(config, false, device),
            config: config.clone(),
        }
    }
}

impl<F: Ffn> T5EncoderModel<F> {
    /// Runs the encoder. Positions are relative: `positions` of the input is not read.
    ///
    /// # Panics
    /// If the input has token types, or what [`EncoderInput`] says of ids and replaced rows does not hold.
    pub fn forward(&self, input: &EncoderInput) -> EncoderOutput {
        encode(&self.shared, &self.encoder, input)
    }

    /// The same model with other feed-forward blocks; `map` gets each layer's number and block.
    pub fn map_ffn<G: Ffn>(self, map: impl FnMut(usize, F) -> G) -> T5EncoderModel<G> {
        T5EncoderModel {
            shared: self.shared,
            encoder: self.encoder.map_ffn(map),
            config: self.config,
        }
    }
}
