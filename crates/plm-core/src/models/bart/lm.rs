//! BART with word scores.

use burn::module::{Module, Param};
use burn::nn::{Embedding, Initializer};
use burn::tensor::{Device, Int, Tensor};

use super::model::BartModel;
use crate::config::BartConfig;
use crate::models::loss::token_cross_entropy;
use crate::models::seq2seq::{
    Seq2SeqInput, Seq2SeqOutput, Stack, at_places, shift_right, word_scores,
};
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
    /// The output of both stacks and the scores of every word at every position of the decoder,
    /// `[batch, length, vocabulary]`.
    ///
    /// # Panics
    /// As [`BartModel::forward`].
    pub fn forward(&self, input: &Seq2SeqInput) -> (Seq2SeqOutput, Tensor<3>) {
        let output = self.model.forward(input);
        let logits = self.scores(output.decoder.last_hidden_state.clone(), None);
        (output, logits)
    }

    /// Word scores of decoder states.
    ///
    /// # Shapes
    /// - hidden: `[..., d_model]`
    /// - rows: vocabulary ids, `[chosen]`; all words where absent
    /// - result: `[..., vocabulary or chosen]`
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

    /// Scores at chosen places only, and of chosen words only.
    ///
    /// # Shapes
    /// - hidden: decoder states, `[batch, length, d_model]`
    /// - places: `[places]`, each `example * length + position`
    /// - rows: vocabulary ids, `[chosen]`; all words where absent
    /// - result: `[places, chosen]`
    pub fn logits_at(
        &self,
        hidden: Tensor<3>,
        places: Tensor<1, Int>,
        rows: Option<Tensor<1, Int>>,
    ) -> Tensor<2> {
        self.scores(at_places(hidden, places), rows)
    }

    /// The decoder's input for given targets ([`shift_right`]), `[batch, length]`.
    pub fn decoder_ids(&self, labels: Tensor<2, Int>) -> Tensor<2, Int> {
        let config = &self.model.config;
        shift_right(labels, config.decoder_start_token_id, config.pad_token_id)
    }

    /// Mean cross-entropy of the targets, [`crate::models::loss::IGNORE_INDEX`] left out.
    ///
    /// # Shapes
    /// - logits: `[batch, length, vocabulary]`
    /// - labels: `[batch, length]`
    /// - result: `[1]`
    pub fn loss(&self, logits: Tensor<3>, labels: Tensor<2, Int>) -> Tensor<1> {
        token_cross_entropy(logits, labels)
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
