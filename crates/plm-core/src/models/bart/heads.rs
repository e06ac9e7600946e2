//! BART with scores of classes and spans.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};

use super::model::BartModel;
use crate::Result;
use crate::config::BartConfig;
use crate::models::seq2seq::{Seq2SeqInput, Seq2SeqOutput, Stack, at_last_eos};
use crate::models::seq2seq_head::Seq2SeqClassificationHead;
use crate::nn::{FeedForward, Ffn, apply, zero_linear};

/// BART with class scores per sequence: Hugging Face's `BartForSequenceClassification`.
#[derive(Module, Debug)]
pub struct BartForSequenceClassification<F: Ffn = FeedForward> {
    /// Both stacks.
    pub model: BartModel<F>,
    /// The head.
    pub classifier: Seq2SeqClassificationHead,
}

impl BartForSequenceClassification {
    /// A model of zeros, to be filled by a checkpoint or by [`crate::nn::init`].
    pub fn new(config: &BartConfig, device: &Device) -> Self {
        let (width, classes) = (config.d_model, config.num_labels);
        let dropout = config.classifier_dropout;
        Self {
            model: BartModel::new(config, device),
            classifier: Seq2SeqClassificationHead::new(width, classes, dropout, device),
        }
    }
}

impl<F: Ffn> BartForSequenceClassification<F> {
    /// The output of both stacks and class scores, `[batch, classes]`, from the decoder's state at
    /// the encoder's last end-of-sequence token. The decoder reads the encoder's ids shifted right.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] unless all examples hold equally many end-of-sequence tokens, at
    /// least one, and both stacks read ids of one length.
    ///
    /// # Panics
    /// As [`BartModel::forward`].
    pub fn forward(&self, input: &Seq2SeqInput) -> Result<(Seq2SeqOutput, Tensor<2>)> {
        let output = self.model.forward(input);
        let hidden = output.decoder.last_hidden_state.clone();
        let eos = self.model.config.eos_token_id;
        let pooled = at_last_eos(hidden, &input.encoder.tokens, eos)?;
        let logits = self.classifier.forward(pooled, &input.decoder.dropout);
        Ok((output, logits))
    }

    /// The same model with other feed-forward blocks; `map` gets the stack, the layer's number in it
    /// and its block.
    pub fn map_ffn<G: Ffn>(
        self,
        map: impl FnMut(Stack, usize, F) -> G,
    ) -> BartForSequenceClassification<G> {
        BartForSequenceClassification {
            model: self.model.map_ffn(map),
            classifier: self.classifier,
        }
    }
}

/// BART with start and end scores per token: Hugging Face's `BartForQuestionAnswering`.
#[derive(Module, Debug)]
pub struct BartForQuestionAnswering<F: Ffn = FeedForward> {
    /// Both stacks.
    pub model: BartModel<F>,
    /// To the two scores.
    pub output: Linear,
}

impl BartForQuestionAnswering {
    /// A model of zeros, to be filled by a checkpoint or by [`crate::nn::init`].
    pub fn new(config: &BartConfig, device: &Device) -> Self {
        Self {
            model: BartModel::new(config, device),
            output: zero_linear(config.d_model, 2, true, device),
        }
    }
}

impl<F: Ffn> BartForQuestionAnswering<F> {
    /// The output of both stacks, start scores and end scores of the decoder's positions,
    /// `[batch, length]` each. The decoder reads the encoder's ids shifted right.
    ///
    /// # Panics
    /// As [`BartModel::forward`].
    pub fn forward(&self, input: &Seq2SeqInput) -> (Seq2SeqOutput, Tensor<2>, Tensor<2>) {
        let output = self.model.forward(input);
        let scores = apply(&self.output, output.decoder.last_hidden_state.clone());
        let start = scores.clone().narrow(2, 0, 1).squeeze_dim(2);
        let end = scores.narrow(2, 1, 1).squeeze_dim(2);
        (output, start, end)
    }

    /// The same model with other feed-forward blocks; `map` gets the stack, the layer's number in it
    /// and its block.
    pub fn map_ffn<G: Ffn>(
        self,
        map: impl FnMut(Stack, usize, F) -> G,
    ) -> BartForQuestionAnswering<G> {
        BartForQuestionAnswering {
            model: self.model.map_ffn(map),
            output: self.output,
        }
    }
}
