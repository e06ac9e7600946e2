//! What soft prompts need of T5 and BART.

use burn::module::Module;
use burn::tensor::{Int, Tensor};
use plm_core::generate::GenerativeModel;
use plm_core::models::{
    BartForConditionalGeneration, Seq2SeqInput, Seq2SeqOutput, Stack, T5ForConditionalGeneration,
};
use plm_core::nn::Ffn;

/// `<s>` in the vocabularies of BART, the default of `bos_token_id` in its settings.
const BART_BEGINNING: usize = 0;

/// What soft prompts need of a model with an encoder and a decoder.
pub trait Seq2SeqLM: Module + GenerativeModel {
    /// Hidden size.
    fn width(&self) -> usize {
        self.table().dims()[1]
    }
    /// The encoder's word table, `[vocabulary, width]`.
    fn table(&self) -> Tensor<2>;
    /// What the encoder multiplies word vectors with; slots are not multiplied.
    fn word_scale(&self) -> f64;
    /// The token that the decoder begins with.
    fn start_id(&self) -> usize;
    /// Tokens that it writes behind that one before the first word of every answer.
    fn answer_prefix(&self) -> Vec<usize>;
    /// Layers of a stack.
    fn layers(&self, stack: Stack) -> usize;
    /// Runs both stacks.
    fn run(&self, input: &Seq2SeqInput) -> Seq2SeqOutput;
    /// Scores at chosen places, `[places, chosen]`.
    fn scores_at(
        &self,
        hidden: Tensor<3>,
        places: Tensor<1, Int>,
        words: Option<Tensor<1, Int>>,
    ) -> Tensor<2>;
    /// The decoder's input for given targets, `[batch, length]`.
    fn shifted(&self, targets: Tensor<2, Int>) -> Tensor<2, Int>;
}

impl<F: Ffn> Seq2SeqLM for T5ForConditionalGeneration<F> {
    fn table(&self) -> Tensor<2> {
        self.model.shared.weight.val()
    }

    fn word_scale(&self) -> f64 {
        1.0
    }

    fn start_id(&self) -> usize {
        self.model.config.decoder_start_token_id
    }

    fn answer_prefix(&self) -> Vec<usize> {
        Vec::new()
    }

    fn layers(&self, stack: Stack) -> usize {
        match stack {
            Stack::Encoder => self.model.encoder.layers.len(),
            Stack::Decoder => self.model.decoder.layers.len(),
        }
    }

    fn run(&self, input: &Seq2SeqInput) -> Seq2SeqOutput {
        self.model.forward(input)
    }

    fn scores_at(
        &self,
        hidden: Tensor<3>,
        places: Tensor<1, Int>,
        words: Option<Tensor<1, Int>>,
    ) -> Tensor<2> {
        self.logits_at(hidden, places, words)
    }

    fn shifted(&self, targets: Tensor<2, Int>) -> Tensor<2, Int> {
        self.decoder_ids(targets)
    }
}

impl<F: Ffn> Seq2SeqLM for BartForConditionalGeneration<F> {
    fn table(&self) -> Tensor<2> {
        let own = self.model.encoder.word.as_ref();
        own.unwrap_or(&self.model.shared).weight.val()
    }

    fn word_scale(&self) -> f64 {
        if self.model.config.scale_embedding {
            (self.model.config.d_model as f64).sqrt()
        } else {
            1.0
        }
    }

    fn start_id(&self) -> usize {
        self.model.config.decoder_start_token_id
    }

    fn answer_prefix(&self) -> Vec<usize> {
        vec![BART_BEGINNING]
    }

    fn layers(&self, stack: Stack) -> usize {
        match stack {
            Stack::Encoder => self.model.encoder.layers.len(),
            Stack::Decoder => self.model.decoder.layers.len(),
        }
    }

    fn run(&self, input: &Seq2SeqInput) -> Seq2SeqOutput {
        self.model.forward(input)
    }

    fn scores_at(
        &self,
        hidden: Tensor<3>,
        places: Tensor<1, Int>,
        words: Option<Tensor<1, Int>>,
    ) -> Tensor<2> {
        self.logits_at(hidden, places, words)
    }

    fn shifted(&self, targets: Tensor<2, Int>) -> Tensor<2, Int> {
        self.decoder_ids(targets)
    }
}
