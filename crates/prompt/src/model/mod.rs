//! Frozen language models that read soft prompts.

mod embed;
mod gpt2;
mod layout;
mod masked_lm;
mod seq2seq;
mod seq2seq_lm;

use std::collections::BTreeMap;

use burn::tensor::{Device, Int, Tensor};
use plm_core::nn::DropoutContext;
use plm_core::text::Batch;

pub use gpt2::PromptedGpt2;
pub use layout::{PromptStyle, ReadOut};
pub use masked_lm::PromptedMaskedLM;
pub use seq2seq::{PromptedBart, PromptedSeq2Seq, PromptedT5};
pub use seq2seq_lm::Seq2SeqLM;

use crate::{Error, Result};

/// What a forward pass takes beside prompt and text.
#[derive(Debug, Clone, Default)]
pub struct Pass {
    /// Whether dropout acts.
    pub dropout: DropoutContext,
    /// Factors of feed-forward intermediates by layer, `[1, 1, neurons]`: 0 switches a neuron off.
    pub neuron_masks: BTreeMap<usize, Tensor<3>>,
}

/// A frozen language model that reads a soft prompt before a text and answers with a word.
///
/// Prompts are given as tensors: `[batch, slots, width]`, one for each example, or
/// `[1, slots, width]`, one for all.
pub trait PromptModel {
    /// Width of a slot: the hidden size.
    fn width(&self) -> usize;

    /// The word table, `[vocabulary, width]`, that prompts may be initialized from.
    fn words(&self) -> Tensor<2>;

    /// The model on its autodiff device with all parameters frozen: gradients pass through to the
    /// prompt, and no weight keeps activations for a gradient of its own.
    fn tracked(&self) -> Self
    where
        Self: Sized;

    /// Most slots and tokens together; unlimited where absent.
    fn max_length(&self) -> Option<usize>;

    /// Slots that a prompt must have for the answer to be read.
    fn min_slots(&self) -> usize;

    /// Leading slots of a prompt that are not read and so not trained.
    fn unread_slots(&self) -> usize {
        0
    }

    /// What slots have for positions and where the answer is read, for models that leave a choice.
    fn layout(&self) -> Option<(PromptStyle, ReadOut)> {
        None
    }

    /// Scores of the answer's first word, for chosen words.
    ///
    /// # Shapes
    /// - prompts: `[batch or 1, slots, width]`
    /// - words: vocabulary ids, `[chosen]`
    /// - result: `[batch, chosen]`
    ///
    /// # Panics
    /// If sizes do not fit; [`PromptModel::check`] says so beforehand.
    fn answer_scores(
        &self,
        prompts: Tensor<3>,
        text: &Batch,
        words: Tensor<1, Int>,
        pass: &Pass,
    ) -> Tensor<2>;

    /// Feed-forward values after the activation at the position where the answer is read, one tensor
    /// a layer, when the model is given prompts and no text but its first special token (Su et al.
    /// 2022, section 5.2).
    ///
    /// # Shapes
    /// - prompts: `[prompts, slots, width]`
    /// - result: for each layer `[prompts, neurons]`
    fn stimulated_neurons(&self, prompts: Tensor<3>) -> Vec<Tensor<2>>;

    /// Where the model computes.
    fn device(&self) -> Device {
        self.words().device()
    }

    /// Refuses prompts that the model cannot read together with texts of up to `tokens` tokens.
    ///
    /// # Errors
    /// [`Error::Width`], [`Error::NoSlot`], [`Error::TooLong`].
    fn check(&self, slots: usize, width: usize, tokens: usize) -> Result<()> {
        let expected = self.width();
        if width != expected {
            return Err(Error::Width {
                found: width,
                expected,
            });
        }
        if slots < self.min_slots() {
            return Err(Error::NoSlot { slots });
        }
        match self.max_length() {
            Some(limit) if slots + tokens > limit => Err(Error::TooLong {
                slots,
                tokens,
                limit,
            }),
            _ => Ok(()),
        }
    }
}

/// A prompted model that writes.
pub trait TextModel: PromptModel {
    /// Most tokens of a target where the prompt has `slots` slots and the text up to `tokens` tokens,
    /// padding included; unlimited where absent.
    fn target_room(&self, slots: usize, tokens: usize) -> Option<usize>;

    /// Scores of all words at every place of the targets, given the targets before it.
    ///
    /// # Shapes
    /// - prompts: `[batch or 1, slots, width]`
    /// - targets: `[batch, length]`, [`IGNORE_INDEX`](plm_core::models::loss::IGNORE_INDEX) at padding;
    ///   whole texts, so that BART's begin with `<s>`
    /// - result: `[batch * length, vocabulary]`
    fn target_scores(
        &self,
        prompts: Tensor<3>,
        text: &Batch,
        targets: Tensor<2, Int>,
        pass: &Pass,
    ) -> Tensor<2>;
}
