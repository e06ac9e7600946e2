//! T5 with word scores.

use burn::module::Module;
use burn::nn::Embedding;
use burn::tensor::{Device, Int, Tensor};

use super::model::T5Model;
use crate::config::T5Config;
use crate::models::language_model::seq2seq_language_model;
use crate::models::seq2seq::{Seq2SeqInput, Seq2SeqOutput, Stack, word_scores};
use crate::models::vocabulary::extend;
use crate::nn::{FeedForward, Ffn, zero_embedding};

/// T5 that writes text: Hugging Face's `T5ForConditionalGeneration`.
#[derive(Module, Debug)]
pub struct T5ForConditionalGeneration<F: Ffn = FeedForward> {
    /// Both stacks.
    pub model: T5Model<F>,
    /// Word scores of their own, `[vocabulary, d_model]` (T5 1.1); the word table where absent.
    pub lm_head: Option<Embedding>,
}

impl T5ForConditionalGeneration {
    /// A model of zeros, to be filled by a checkpoint or by [`crate::nn::init`].
    pub fn new(config: &T5Config, device: &Device) -> Self {
        let untied = !config.tie_word_embeddings;
        Self {
            model: T5Model::new(config, device),
            lm_head: untied.then(|| zero_embedding(config.vocab_size, config.d_model, device)),
        }
    }
}

impl<F: Ffn> T5ForConditionalGeneration<F> {
    seq2seq_language_model!();

    /// Word scores of decoder states.
    ///
    /// # Shapes
    /// - hidden: `[..., d_model]`
    /// - rows: vocabulary ids, `[chosen]`; all words where absent
    /// - result: `[..., vocabulary or chosen]`
    ///
    /// # Panics
    /// If one of `rows` is not in the vocabulary, on devices that check it; GPUs do not.
    pub fn scores<const D: usize>(
        &self,
        hidden: Tensor<D>,
        rows: Option<Tensor<1, Int>>,
    ) -> Tensor<D> {
        let config = &self.model.config;
        let hidden = if config.scale_decoder_outputs {
            hidden * (config.d_model as f64).powf(-0.5)
        } else {
            hidden
        };
        let table = self.lm_head.as_ref().unwrap_or(&self.model.shared);
        word_scores(hidden, table.weight.val(), None, rows)
    }

    /// Room for the scores of new words.
    pub(in crate::models) fn with_new_scores(mut self, rows: &Tensor<2>) -> Self {
        self.lm_head = self.lm_head.map(|head| extend(head, rows.clone()));
        self
    }

    /// The same model with other feed-forward blocks; `map` gets the stack, the layer's number in it
    /// and its block.
    pub fn map_ffn<G: Ffn>(
        self,
        map: impl FnMut(Stack, usize, F) -> G,
    ) -> T5ForConditionalGeneration<G> {
        T5ForConditionalGeneration {
            model: self.model.map_ffn(map),
            lm_head: self.lm_head,
        }
    }
}
