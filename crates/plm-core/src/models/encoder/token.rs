//! The encoder with scores per token: token and span classification.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};

use super::input::{EncoderInput, EncoderOutput};
use super::model::EncoderModel;
use crate::config::{EncoderConfig, EncoderFamily};
use crate::kernel;
use crate::models::spans::start_and_end;
use crate::nn::{FeedForward, Ffn, apply, site, zero_linear};

/// An encoder with class scores per token: `BertForTokenClassification` and its relatives.
#[derive(Module, Debug)]
pub struct EncoderForTokenClassification<F: Ffn = FeedForward> {
    /// The encoder.
    pub encoder: EncoderModel<F>,
    /// To the classes.
    pub classifier: Linear,
    /// Dropout before it.
    #[module(skip)]
    pub dropout: f64,
}

impl EncoderForTokenClassification {
    /// A model of zeros, to be filled by a checkpoint or by [`crate::nn::init`].
    pub fn new(config: &EncoderConfig, device: &Device) -> Self {
        Self {
            encoder: EncoderModel::new(config, false, device),
            classifier: zero_linear(config.hidden_size, config.num_labels, true, device),
            dropout: match config.family {
                EncoderFamily::DistilBert | EncoderFamily::Mpnet => config.hidden_dropout_prob,
                EncoderFamily::Bert | EncoderFamily::Roberta => config.classifier_dropout,
            },
        }
    }
}

impl<F: Ffn> EncoderForTokenClassification<F> {
    /// The encoder's output and class scores, `[batch, length, classes]`.
    ///
    /// # Panics
    /// As [`EncoderModel::forward`].
    pub fn forward(&self, input: &EncoderInput) -> (EncoderOutput, Tensor<3>) {
        let output = self.encoder.forward(input);
        let mask = input.dropout.site(site::FINAL, self.dropout);
        let hidden = kernel::dropout(output.last_hidden_state.clone(), mask.as_ref());
        let logits = apply(&self.classifier, hidden);
        (output, logits)
    }

    /// The same model with other feed-forward blocks.
    pub fn map_ffn<G: Ffn>(
        self,
        map: impl FnMut(usize, F) -> G,
    ) -> EncoderForTokenClassification<G> {
        EncoderForTokenClassification {
            encoder: self.encoder.map_ffn(map),
            classifier: self.classifier,
            dropout: self.dropout,
        }
    }
}

/// An encoder with start and end scores per token: `BertForQuestionAnswering` and its relatives.
#[derive(Module, Debug)]
pub struct EncoderForQuestionAnswering<F: Ffn = FeedForward> {
    /// The encoder.
    pub encoder: EncoderModel<F>,
    /// To the two scores.
    pub output: Linear,
    /// Dropout before it.
    #[module(skip)]
    pub dropout: f64,
}

impl EncoderForQuestionAnswering {
    /// A model of zeros, to be filled by a checkpoint or by [`crate::nn::init`].
    pub fn new(config: &EncoderConfig, device: &Device) -> Self {
        Self {
            encoder: EncoderModel::new(config, false, device),
            output: zero_linear(config.hidden_size, 2, true, device),
            dropout: config.qa_dropout,
        }
    }
}

impl<F: Ffn> EncoderForQuestionAnswering<F> {
    /// The encoder's output, start scores and end scores, `[batch, length]` each.
    ///
    /// # Panics
    /// As [`EncoderModel::forward`].
    pub fn forward(&self, input: &EncoderInput) -> (EncoderOutput, Tensor<2>, Tensor<2>) {
        let output = self.encoder.forward(input);
        let mask = input.dropout.site(site::FINAL, self.dropout);
        let hidden = kernel::dropout(output.last_hidden_state.clone(), mask.as_ref());
        let scores = apply(&self.output, hidden);
        let [start, end] = start_and_end(scores);
        (output, start, end)
    }

    /// The same model with other feed-forward blocks.
    pub fn map_ffn<G: Ffn>(self, map: impl FnMut(usize, F) -> G) -> EncoderForQuestionAnswering<G> {
        EncoderForQuestionAnswering {
            encoder: self.encoder.map_ffn(map),
            output: self.output,
            dropout: self.dropout,
        }
    }
}
