//! T5 with class scores.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};

use super::model::{T5EncoderModel, T5Model};
use crate::config::T5Config;
use crate::models::encoder::{EncoderInput, EncoderOutput};
use crate::models::seq2seq::{Seq2SeqInput, Seq2SeqOutput, Stack, at_last_eos};
use crate::models::seq2seq_head::{Seq2SeqClassificationHead, seq2seq_classifier};
use crate::nn::{FeedForward, Ffn, apply, site, zero_linear};
use crate::{Result, kernel};

seq2seq_classifier!(
    /// T5 with class scores per sequence: Hugging Face's `T5ForSequenceClassification`.
    T5ForSequenceClassification,
    T5Model,
    T5Config
);

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
    /// If the input has token types.
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
