//! T5 with word scores.

use burn::module::Module;
use burn::nn::Embedding;
use burn::tensor::{Device, Int, Tensor};

use super::model::T5Model;
use crate::config::T5Config;
use crate::models::loss::token_cross_entropy;
use crate::models::seq2seq::{
    Seq2SeqInput, Seq2SeqOutput, Stack, at_places, shift_right, word_scores,
};
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
    /// The output of both stacks and the scores of every word at every position of the decoder,
    /// `[batch, length, vocabulary]`.
    ///
    /// # Panics
    /// If the input has token types.
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
        let config = &self.model.config;
        let hidden = if config.scale_decoder_outputs {
            hidden * (config.d_model as f64).powf(-0.5)
        } else {
            hidden
        };
        let table = self.lm_head.as_ref().unwrap_or(&self.model.shared);
        word_scores(hidden, table.weight.val(), None, rows)
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
    ) -> T5ForConditionalGeneration<G> {
        T5ForConditionalGeneration {
            model: self.model.map_ffn(map),
            lm_head: self.lm_head,
        }
    }
}
