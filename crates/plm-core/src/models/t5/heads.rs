//! T5 with scores of classes and spans.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};

use super::model::{T5EncoderModel, T5Model};
use crate::config::T5Config;
use crate::models::encoder::{EncoderInput, EncoderOutput};
use crate::models::seq2seq::{Seq2SeqInput, Seq2SeqOutput, Stack, at_last_eos};
use crate::models::seq2seq_head::{Seq2SeqClassificationHead, seq2seq_classifier};
use crate::models::spans::start_and_end;
use crate::nn::{FeedForward, Ffn, apply, site, zero_linear};
use crate::{Result, kernel};

seq2seq_classifier!(
    /// T5 with class scores per sequence: Hugging Face's `T5ForSequenceClassification`.
    T5ForSequenceClassification,
    T5Model,
    T5Config
);

/// T5 with start and end scores per token: Hugging Face's `T5ForQuestionAnswering`.
#[derive(Module, Debug)]
pub struct T5ForQuestionAnswering<F: Ffn = FeedForward> {
    /// Both stacks.
    pub model: T5Model<F>,
    /// To the two scores.
    pub output: Linear,
}

impl T5ForQuestionAnswering {
    /// A model of zeros, to be filled by a checkpoint or by [`crate::nn::init`].
    pub fn new(config: &T5Config, device: &Device) -> Self {
        Self {
            model: T5Model::new(config, device),
            output: zero_linear(config.d_model, 2, true, device),
        }
    }
}

impl<F: Ffn> T5ForQuestionAnswering<F> {
    /// The output of both stacks, start scores and end scores of the decoder's positions,
    /// `[batch, length]` each. The decoder reads the encoder's ids shifted right.
    ///
    /// # Panics
    /// As [`T5Model::forward`].
    pub fn forward(&self, input: &Seq2SeqInput) -> (Seq2SeqOutput, Tensor<2>, Tensor<2>) {
        let output = self.model.forward(input);
        let scores = apply(&self.output, output.decoder.last_hidden_state.clone());
        let [start, end] = start_and_end(scores);
        (output, start, end)
    }

    /// The same model with other feed-forward blocks; `map` gets the stack, the layer's number in it
    /// and its block.
    pub fn map_ffn<G: Ffn>(
        self,
        map: impl FnMut(Stack, usize, F) -> G,
    ) -> T5ForQuestionAnswering<G> {
        T5ForQuestionAnswering {
            model: self.model.map_ffn(map),
            output: self.output,
        }
    }
}

/// T5's encoder with class scores per token: Hugging Face's `T5ForTokenClassification`.
#[derive(Module, Debug)]
pub struct T5ForTokenClassification<F: Ffn = FeedForward> {
    /// The encoder.
    pub model: T5EncoderModel<F>,
    /// To the classes.
    pub classifier: Linear,
    /// Dropout before it.
    #[module(skip)]
    pub dropout: f64,
}

impl T5ForTokenClassification {
    /// A model of zeros, to be filled by a checkpoint or by [`crate::nn::init`].
    pub fn new(config: &T5Config, device: &Device) -> Self {
        Self {
            model: T5EncoderModel::new(config, device),
            classifier: zero_linear(config.d_model, config.num_labels, true, device),
            dropout: config.classifier_dropout,
        }
    }
}

impl<F: Ffn> T5ForTokenClassification<F> {
    /// The encoder's output and class scores, `[batch, length, classes]`.
    ///
    /// # Panics
    /// As [`T5EncoderModel::forward`].
    pub fn forward(&self, input: &EncoderInput) -> (EncoderOutput, Tensor<3>) {
        let output = self.model.forward(input);
        let mask = input.dropout.site(site::HEAD, self.dropout);
        let hidden = kernel::dropout(output.last_hidden_state.clone(), mask.as_ref());
        let logits = apply(&self.classifier, hidden);
        (output, logits)
    }

    /// The same model with other feed-forward blocks; `map` gets each layer's number and block.
    pub fn map_ffn<G: Ffn>(self, map: impl FnMut(usize, F) -> G) -> T5ForTokenClassification<G> {
        T5ForTokenClassification {
            model: self.model.map_ffn(map),
            classifier: self.classifier,
            dropout: self.dropout,
        }
    }
}
