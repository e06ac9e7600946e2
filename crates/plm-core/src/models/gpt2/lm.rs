//! GPT-2 with word scores.

use burn::module::Module;
use burn::nn::Embedding;
use burn::tensor::{Device, Int, Tensor};

use super::model::Gpt2Model;
use crate::config::Gpt2Config;
use crate::models::encoder::EncoderInput;
use crate::models::language_model::word_scores_at;
use crate::models::loss::token_cross_entropy;
use crate::models::seq2seq::{DecoderOutput, word_scores};
use crate::models::vocabulary::extend;
use crate::nn::{FeedForward, Ffn, zero_embedding};

/// GPT-2 that writes text: Hugging Face's `GPT2LMHeadModel`.
#[derive(Module, Debug)]
pub struct Gpt2LmHeadModel<F: Ffn = FeedForward> {
    /// The layers.
    pub model: Gpt2Model<F>,
    /// Word scores of their own, `[vocabulary, hidden]`; the word table where absent (tied).
    pub lm_head: Option<Embedding>,
}

impl Gpt2LmHeadModel {
    /// A model of zeros, to be filled by a checkpoint or by [`crate::nn::init`].
    pub fn new(config: &Gpt2Config, device: &Device) -> Self {
        let untied = !config.tie_word_embeddings;
        Self {
            model: Gpt2Model::new(config, device),
            lm_head: untied.then(|| zero_embedding(config.vocab_size, config.n_embd, device)),
        }
    }
}

impl<F: Ffn> Gpt2LmHeadModel<F> {
    /// The layers' output and the scores of every next word, `[batch, length, vocabulary]`.
    ///
    /// # Panics
    /// As [`Gpt2Model::forward`].
    pub fn forward(&self, input: &EncoderInput) -> (DecoderOutput, Tensor<3>) {
        let output = self.model.forward(input);
        let logits = self.scores(output.last_hidden_state.clone(), None);
        (output, logits)
    }

    /// Word scores of hidden states.
    ///
    /// # Shapes
    /// - hidden: `[..., hidden]`
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
        let table = self.lm_head.as_ref().unwrap_or(&self.model.word);
        word_scores(hidden, table.weight.val(), None, rows)
    }

    word_scores_at!();

    /// Room for the scores of new words.
    pub(in crate::models) fn with_new_scores(mut self, rows: &Tensor<2>) -> Self {
        self.lm_head = self.lm_head.map(|head| extend(head, rows.clone()));
        self
    }

    /// The same model with other feed-forward blocks; `map` gets each layer's number and block.
    pub fn map_ffn<G: Ffn>(self, map: impl FnMut(usize, F) -> G) -> Gpt2LmHeadModel<G> {
        Gpt2LmHeadModel {
            model: self.model.map_ffn(map),
            lm_head: self.lm_head,
        }
    }
}

/// Mean cross-entropy of the next token at every position, as Hugging Face computes it: the scores
/// at position `i` against the label at `i + 1`, [`crate::models::loss::IGNORE_INDEX`] left out.
///
/// # Shapes
/// - logits: `[batch, length, vocabulary]`
/// - labels: `[batch, length]`, usually the input ids
/// - result: `[1]`
///
/// # Panics
/// If `length` is below 2: nothing follows the only token.
pub fn causal_cross_entropy(logits: Tensor<3>, labels: Tensor<2, Int>) -> Tensor<1> {
    let [_, length] = labels.dims();
    assert!(length > 1, "a sequence of {length} has no next token");
    token_cross_entropy(
        logits.narrow(1, 0, length - 1),
        labels.narrow(1, 1, length - 1),
    )
}
