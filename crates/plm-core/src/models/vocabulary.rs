//! New words for a pre-trained model.

use burn::module::{Module, Param, ParamId};
use burn::nn::Embedding;
use burn::tensor::{Tensor, TensorData};

use super::bart::{
    BartForConditionalGeneration, BartForQuestionAnswering, BartForSequenceClassification,
    BartModel,
};
use super::encoder::{
    EncoderForMaskedLM, EncoderForQuestionAnswering, EncoderForSequenceClassification,
    EncoderForTokenClassification, EncoderModel,
};
use super::gpt2::{
    Gpt2ForQuestionAnswering, Gpt2ForSequenceClassification, Gpt2ForTokenClassification,
    Gpt2LmHeadModel, Gpt2Model,
};
use super::pretrained::{Pretrained, PretrainedModel};
use super::t5::{
    T5EncoderModel, T5ForConditionalGeneration, T5ForQuestionAnswering,
    T5ForSequenceClassification, T5ForTokenClassification, T5Model,
};
use crate::kernel::precision::to_dtype;
use crate::nn::Ffn;
use crate::nn::init::{Init, normal};
use crate::rng::Seed;
use crate::{Error, Result};

/// A model whose word table can grow.
pub trait WordTable: Module {
    /// The path of the word table in the base model: what [`PretrainedModel::init`] is asked with
    /// when new rows are drawn.
    const TABLE: &'static str;

    /// The word table, `[vocabulary, hidden]`.
    fn words(&self) -> Tensor<2>;

    /// The same model with `rows` below its word table, `[new, hidden]`; scores of the new words get
    /// a bias of 0, and where the scores have a table of their own, rows equal to `rows`.
    ///
    /// # Panics
    /// If `rows` are not as wide as the table.
    fn with_new_words(self, rows: Tensor<2>) -> Self;

    /// The same model with row `from` of the word table copied over row `to`. Word scores with a
    /// table of their own keep it.
    ///
    /// # Panics
    /// If either is not a row of the table.
    fn with_word_copied(self, from: usize, to: usize) -> Self;
}

/// `new` behind `old` along `axis`, of its number type and trainable as it was.
fn append<const D: usize>(old: Tensor<D>, new: Tensor<D>, axis: usize) -> Tensor<D> {
    let tracked = old.is_require_grad();
    let (device, dtype) = (old.device(), old.dtype());
    let new = to_dtype(new.to_device(&device).detach(), dtype);
    let joined = Tensor::cat(vec![old.detach(), new], axis);
    leaf(joined, tracked)
}

/// `values` as a parameter: on a device that differentiates, a joined or edited tensor is the result of
/// an operation until it is cut off, and only a tensor without history can ask for gradients.
fn leaf<const D: usize>(values: Tensor<D>, tracked: bool) -> Tensor<D> {
    values.detach().set_require_grad(tracked)
}

/// A parameter of its own with the values of `param`, trainable as that is.
pub(super) fn copy_of<const D: usize>(param: &Param<Tensor<D>>) -> Param<Tensor<D>> {
    // The mapper carries what a plain device does not show: whether training would change it.
    let (_, values, mapper) = param.clone().consume();
    let tracked = values.is_require_grad();
    Param::from_mapped_value(ParamId::new(), leaf(values, tracked), mapper)
}

/// `table` with `rows` below it.
pub(super) fn extend(mut table: Embedding, rows: Tensor<2>) -> Embedding {
    table.weight = table.weight.map(|old| append(old, rows, 0));
    table
}

/// `bias` of `count` more words, 0 each, along its last axis.
pub(super) fn extend_bias<const D: usize>(
    bias: Param<Tensor<D>>,
    count: usize,
) -> Param<Tensor<D>> {
    bias.map(|old| {
        let mut dims = old.dims();
        dims[D - 1] = count;
        let new = Tensor::zeros(dims, &old.device());
        append(old, new, D - 1)
    })
}

/// `table` with row `from` copied over row `to`.
pub(super) fn copy_row(mut table: Embedding, from: usize, to: usize) -> Embedding {
    table.weight = table.weight.map(|old| {
        let tracked = old.is_require_grad();
        let old = old.detach();
        let width = old.dims()[1];
        let row = old.clone().narrow(0, from, 1);
        leaf(old.slice_assign([to..to + 1, 0..width], row), tracked)
    });
    table
}

impl<F: Ffn> WordTable for EncoderModel<F> {
    const TABLE: &'static str = "embeddings.word.weight";

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

/// Base models with the word table `$table`.
macro_rules! with_table {
    ($table:ident, $path:literal: $($model:ident),*) => {$(
        impl<F: Ffn> WordTable for $model<F> {
            const TABLE: &'static str = $path;

            fn words(&self) -> Tensor<2> {
                self.$table.weight.val()
            }

            fn with_new_words(mut self, rows: Tensor<2>) -> Self {
                self.config.vocab_size += rows.dims()[0];
                self.$table = extend(self.$table, rows);
                self
            }

            fn with_word_copied(mut self, from: usize, to: usize) -> Self {
                self.$table = copy_row(self.$table, from, to);
                self
            }
        }
    )*};
}

with_table!(shared, "shared.weight": T5Model, T5EncoderModel);
with_table!(word, "word.weight": Gpt2Model);

/// Where the stacks have tables of their own, all three grow and change alike.
impl<F: Ffn> WordTable for BartModel<F> {
    const TABLE: &'static str = "shared.weight";

    fn words(&self) -> Tensor<2> {
        self.shared.weight.val()
    }

    fn with_new_words(mut self, rows: Tensor<2>) -> Self {
        self.config.vocab_size += rows.dims()[0];
        let grow = |table: Embedding| extend(table, rows.clone());
        self.encoder.word = self.encoder.word.map(grow);
        self.decoder.word = self.decoder.word.map(grow);
        self.shared = grow(self.shared);
        self
    }

    fn with_word_copied(mut self, from: usize, to: usize) -> Self {
        let copy = |table: Embedding| copy_row(table, from, to);
        self.encoder.word = self.encoder.word.map(copy);
        self.decoder.word = self.decoder.word.map(copy);
        self.shared = copy(self.shared);
        self
    }
}

/// Models with a head over the base model `$base`; `$grow` makes room in the head.
macro_rules! with_head {
    ($base:ident: $kind:ident: $($model:ident $($grow:ident)?),* $(,)?) => {$(
        impl<F: Ffn> WordTable for $model<F> {
            const TABLE: &'static str = $kind::<F>::TABLE;

            fn words(&self) -> Tensor<2> {
                self.$base.words()
            }

            fn with_new_words(mut self, rows: Tensor<2>) -> Self {
                $(self = self.$grow(&rows);)?
                self.$base = self.$base.with_new_words(rows);
                self
            }

            fn with_word_copied(mut self, from: usize, to: usize) -> Self {
                self.$base = self.$base.with_word_copied(from, to);
                self
            }
        }
    )*};
}

with_head!(
    encoder: EncoderModel: EncoderForMaskedLM with_new_scores, EncoderForSequenceClassification,
    EncoderForTokenClassification, EncoderForQuestionAnswering,
);
with_head!(
    model: T5Model: T5ForConditionalGeneration with_new_scores, T5ForSequenceClassification,
    T5ForQuestionAnswering,
);
with_head!(model: T5EncoderModel: T5ForTokenClassification);
with_head!(
    model: BartModel: BartForConditionalGeneration with_new_scores, BartForSequenceClassification,
    BartForQuestionAnswering,
);
with_head!(
    model: Gpt2Model: Gpt2LmHeadModel with_new_scores, Gpt2ForSequenceClassification,
    Gpt2ForTokenClassification, Gpt2ForQuestionAnswering,
);

impl<M: PretrainedModel + WordTable> Pretrained<M> {
    /// Adds words to tokenizer and model and returns their ids. Words that are there already keep
    /// theirs. New rows are drawn by the family's rule, each from `seed` and its number: words that are
    /// added later differ from these under the same seed.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] without a tokenizer or where it refuses a word.
    pub fn add_tokens(&mut self, words: &[&str], special: bool, seed: Seed) -> Result<Vec<u32>> {
        let settings = self.settings()?;
        let Some(tokenizer) = &mut self.tokenizer else {
            return Err(self.no_tokenizer());
        };
        let ids = tokenizer.add_tokens(words, special)?;
        let table = self.model.words();
        let [rows, width] = table.dims();
        let wanted = ids
            .iter()
            .max()
            .map_or(rows, |&id| (id as usize + 1).max(rows));
        if wanted > rows {
            let deviation = match M::init(&settings, M::TABLE) {
                Init::Normal(deviation) => deviation,
                // The deviation of Glorot's uniform numbers.
                Init::Glorot => (2.0 / (wanted + width) as f64).sqrt(),
                Init::Keep | Init::Constant(_) => 0.0,
            };
            let values: Vec<f32> = (rows..wanted)
                .flat_map(|row| normal(seed.at(row as u64), "new words", width, deviation))
                .collect();
            let data = TensorData::new(values, [wanted - rows, width]);
            let new = Tensor::from_data(data, &table.device().inner());
            self.model = self.model.clone().with_new_words(new);
            self.config.set("vocab_size", wanted);
            tokenizer.limit_to(wanted);
        }
        Ok(ids)
    }

    /// Copies the vector of the word `from` over that of the word `to`.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] if either is not a word of the tokenizer, or the model has no row for it.
    pub fn copy_token(&mut self, from: &str, to: &str) -> Result<()> {
        let tokenizer = self.tokenizer()?;
        let rows = self.model.words().dims()[0];
        let row = |word: &str| {
            let id = tokenizer
                .token_to_id(word)
                .ok_or_else(|| Error::tokenizer(format!("`{word}` is not in the vocabulary")))?;
            match id as usize {
                row if row < rows => Ok(row),
                _ => Err(tokenizer.no_row(id, rows)),
            }
        };
        let (from, to) = (row(from)?, row(to)?);
        self.model = self.model.clone().with_word_copied(from, to);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{DType, FloatDType};

    use super::*;

    #[test]
    fn new_rows_have_the_number_type_of_the_old_ones() {
        let device = crate::device::parse("flex").unwrap();
        let mut table = burn::nn::EmbeddingConfig::new(2, 3).init(&device);
        table.weight = table.weight.map(|old| old.cast(FloatDType::F64));
        let bias = Param::from_tensor(Tensor::<1>::ones([2], &device).cast(FloatDType::F16));
        let table = extend(table, Tensor::ones([1, 3], &device));
        assert_eq!(
            (table.weight.dims(), table.weight.dtype()),
            ([3, 3], DType::F64)
        );
        let bias = extend_bias(bias, 2);
        assert_eq!((bias.dims(), bias.dtype()), ([4], DType::F16));
    }
}
