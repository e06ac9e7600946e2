//! BART with word scores.

use burn::module::{Module, Param};
use burn::nn::{Embedding, Initializer};
use burn::tensor::{Device, Int, Tensor};

use super::model::BartModel;
use crate::config::BartConfig;
use crate::models::language_model::seq2seq_language_model;
use crate::models::seq2seq::{Seq2SeqInput, Seq2SeqOutput, Stack, word_scores};
use crate::models::vocabulary::{extend, extend_bias};
use crate::nn::{FeedForward, Ffn, zero_embedding};

/// BART that writes text: Hugging Face's `BartForConditionalGeneration`.
#[derive(Module, Debug)]
pub struct BartForConditionalGeneration<F: Ffn = FeedForward> {
    /// Both stacks.
    pub model: BartModel<F>,
    /// Word scores of their own, `[vocabulary, d_model]`; the word table where absent (tied).
    pub lm_head: Option<Embedding>,
    /// Added to the word scores, `[1, vocabulary]`; not trained. Absent where the file had none.
    pub final_logits_bias: Option<Param<Tensor<2>>>,
}

impl BartForConditionalGeneration {
    /// A model of zeros, to be filled by a checkpoint or by [`crate::nn::init`].
    pub fn new(config: &BartConfig, device: &Device) -> Self {
        let words = config.vocab_size;
        let untied = !config.tie_word_embeddings;
        let bias: Param<Tensor<2>> = Initializer::Zeros.init([1, words], device);
        Self {
            model: BartModel::new(config, device),
            lm_head: untied.then(|| zero_embedding(words, config.d_model, device)),
            final_logits_bias: Some(bias.set_require_grad(false)),
        }
    }
}

impl<F: Ffn> BartForConditionalGeneration<F> {
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
        let table = self.lm_head.as_ref().unwrap_or(&self.model.shared);
        let bias = self.final_logits_bias.as_ref();
        let bias = bias.map(|bias| bias.val().squeeze_dim::<1>(0));
        word_scores(hidden, table.weight.val(), bias, rows)
    }

    /// Room for the scores of new words.
    pub(in crate::models) fn with_new_scores(mut self, rows: &Tensor<2>) -> Self {
        self.lm_head = self.lm_head.map(|head| extend(head, rows.clone()));
        let bias = self.final_logits_bias;
        self.final_logits_bias = bias.map(|bias| extend_bias(bias, rows.dims()[0]));
        self
    }

    /// The same model with other feed-forward blocks; `map` gets the stack, the layer's number in it
    /// and its block.
    pub fn map_ffn<G: Ffn>(
        self,
        map: impl FnMut(Stack, usize, F) -> G,
    ) -> BartForConditionalGeneration<G> {
        BartForConditionalGeneration {
            model: self.model.map_ffn(map),
            lm_head: self.lm_head,
            final_logits_bias: self.final_logits_bias,
        }
    }
}
