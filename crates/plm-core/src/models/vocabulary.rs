//! New words for a pre-trained model.

use burn::module::Module;
use burn::tensor::{Tensor, TensorData};

use super::encoder::{
    EncoderForMaskedLM, EncoderForQuestionAnswering, EncoderForSequenceClassification,
    EncoderForTokenClassification, EncoderModel,
};
use super::pretrained::{Pretrained, PretrainedModel};
use crate::nn::Ffn;
use crate::nn::init::{Init, normal};
use crate::rng::Seed;
use crate::{Error, Result};

/// A model whose word table can grow.
pub trait WordTable: Module {
    /// The word table, `[vocabulary, hidden]`.
    fn words(&self) -> Tensor<2>;

    /// The same model with `rows` below its word table, `[new, hidden]`; scores of the new words get
    /// a bias of 0, and where the decoder is not tied, decoder rows equal to `rows`.
    fn with_new_words(self, rows: Tensor<2>) -> Self;

    /// The same model with row `from` of the word table copied over row `to`.
    ///
    /// # Panics
    /// If either is not a row of the table.
    fn with_word_copied(self, from: usize, to: usize) -> Self;
}

impl<F: Ffn> WordTable for EncoderModel<F> {
    fn words(&self) -> Tensor<2> {
        self.embeddings.word.weight.val()
    }

    fn with_new_words(mut self, rows: Tensor<2>) -> Self {
        self.config.vocab_size += rows.dims()[0];
        self.embeddings = self.embeddings.extend_words(rows);
        self
    }

    fn with_word_copied(mut self, from: usize, to: usize) -> Self {
        self.embeddings = self.embeddings.copy_row(from, to);
        self
    }
}

impl<F: Ffn> WordTable for EncoderForMaskedLM<F> {
    fn words(&self) -> Tensor<2> {
        self.encoder.words()
    }

    fn with_new_words(mut self, rows: Tensor<2>) -> Self {
        self.head = self.head.with_new_words(rows.clone());
        self.encoder = self.encoder.with_new_words(rows);
        self
    }

    fn with_word_copied(mut self, from: usize, to: usize) -> Self {
        self.encoder = self.encoder.with_word_copied(from, to);
        self
    }
}

macro_rules! through_encoder {
    ($($model:ident),*) => {$(
        impl<F: Ffn> WordTable for $model<F> {
            fn words(&self) -> Tensor<2> {
                self.encoder.words()
            }

            fn with_new_words(mut self, rows: Tensor<2>) -> Self {
                self.encoder = self.encoder.with_new_words(rows);
                self
            }

            fn with_word_copied(mut self, from: usize, to: usize) -> Self {
                self.encoder = self.encoder.with_word_copied(from, to);
                self
            }
        }
    )*};
}

through_encoder!(
    EncoderForSequenceClassification,
    EncoderForTokenClassification,
    EncoderForQuestionAnswering
);

impl<M: PretrainedModel + WordTable> Pretrained<M> {
    /// Adds words to tokenizer and model and returns their ids. Words that are there already keep
    /// theirs. New rows are drawn from `seed` by the family's rule.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] without a tokenizer or where it refuses a word.
    pub fn add_tokens(&mut self, words: &[&str], special: bool, seed: Seed) -> Result<Vec<u32>> {
        let settings = self.settings()?;
        let Some(tokenizer) = &mut self.tokenizer else {
            return Err(Error::tokenizer("the checkpoint's directory holds none"));
        };
        let ids = tokenizer.add_tokens(words, special)?;
        let table = self.model.words();
        let [rows, width] = table.dims();
        let wanted = ids
            .iter()
            .max()
            .map_or(rows, |&id| (id as usize + 1).max(rows));
        if wanted > rows {
            let deviation = match M::init(&settings, "embeddings.word.weight") {
                Init::Normal(deviation) => deviation,
                Init::Keep | Init::Constant(_) => 0.0,
            };
            let count = (wanted - rows) * width;
            let values = normal(seed, "new words", count, deviation);
            let data = TensorData::new(values, [wanted - rows, width]);
            let new = Tensor::from_data(data, &table.device().inner());
            self.model = self.model.clone().with_new_words(new);
            self.config.set("vocab_size", wanted);
        }
        Ok(ids)
    }

    /// Copies the vector of the word `from` over that of the word `to`.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] if either is not a word of the tokenizer.
    pub fn copy_token(&mut self, from: &str, to: &str) -> Result<()> {
        let tokenizer = self.tokenizer()?;
        let row = |word: &str| {
            tokenizer
                .token_to_id(word)
                .map(|id| id as usize)
                .ok_or_else(|| Error::tokenizer(format!("`{word}` is not in the vocabulary")))
        };
        let (from, to) = (row(from)?, row(to)?);
        self.model = self.model.clone().with_word_copied(from, to);
        Ok(())
    }
}
