//! BART with scores of classes and spans.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};

use super::model::BartModel;
use crate::Result;
use crate::config::BartConfig;
use crate::models::seq2seq::{Seq2SeqInput, Seq2SeqOutput, Stack, at_last_eos};
use crate::models::seq2seq_head::{Seq2SeqClassificationHead, seq2seq_classifier};
use crate::models::spans::start_and_end;
use crate::nn::{FeedForward, Ffn, apply, zero_linear};

seq2seq_classifier!(
    /// BART with class scores per sequence: Hugging Face's `BartForSequenceClassification`.
    BartForSequenceClassification,
    BartModel,
    BartConfig
);

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
        let [start, end] = start_and_end(scores);
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
