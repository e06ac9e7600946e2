//! A text classifier that is attacked or defended.

use std::path::Path;

use burn::module::Module;
use burn::tensor::activation::softmax;
use burn::tensor::{DType, Device, FloatDType, Tensor};
use plm_core::kernel::at_least_single;
use plm_core::models::{EncoderForSequenceClassification, EncoderInput, Pretrained, RowOverride};
use plm_core::nn::{FeedForward, Ffn};
use plm_core::text::{EncodeOptions, Encoding, Padding, Tokenizer, Truncation, collate};

use super::RowPatch;
use crate::{Classifier, Error, PooledState, Result};

/// An encoder classifier with its tokenizer, on a plain device.
#[derive(Debug, Clone)]
pub struct Victim<F: Ffn = FeedForward> {
    /// The model.
    pub model: EncoderForSequenceClassification<F>,
    tokenizer: Tokenizer,
    max_length: usize,
    padding: Padding,
    device: Device,
    batch: usize,
    forwards: u64,
}

impl Victim {
    /// The classifier in the Hugging Face directory `dir`; texts are cut to `max_length` tokens.
    ///
    /// # Errors
    /// [`Error::Core`] where the directory holds no classifier with a tokenizer, and those of
    /// [`Victim::new`].
    pub fn load(dir: impl AsRef<Path>, max_length: usize, device: &Device) -> Result<Self> {
        let loaded = Pretrained::<EncoderForSequenceClassification>::load(dir, device)?;
        let tokenizer = loaded.tokenizer()?.clone();
        Self::new(loaded.model, tokenizer, max_length, device)
    }
}

impl<F: Ffn> Victim<F> {
    /// A victim from its parts.
    ///
    /// # Errors
    /// [`Error::Setting`] for a length of 0, [`Error::Positions`] for one beyond the model's positions,
    /// [`Error::Core`] for a tokenizer without padding token or with other words than the model.
    pub fn new(
        model: EncoderForSequenceClassification<F>,
        tokenizer: Tokenizer,
        max_length: usize,
        device: &Device,
    ) -> Result<Self> {
        let config = &model.encoder.config;
        crate::error::at_least("max_length", max_length, 1, "must be at least 1")?;
        check_length(max_length, config.max_length())?;
        tokenizer.check_vocabulary(config.vocab_size)?;
        Ok(Self {
            padding: Padding::of(&tokenizer)?,
            max_length,
            model: model.valid(),
            tokenizer,
            device: device.clone().inner(),
            batch: 32,
            forwards: 0,
        })
    }

    /// The same victim with another model, as attacks give it.
    #[must_use]
    pub fn with_model(&self, model: EncoderForSequenceClassification<F>) -> Self {
        Self {
            model: model.valid(),
            forwards: 0,
            ..self.clone()
        }
    }

    /// Asks about `batch` texts at a time; 32 unless told.
    ///
    /// # Panics
    /// If `batch` is 0.
    #[must_use]
    pub fn with_batch(mut self, batch: usize) -> Self {
        assert!(batch > 0, "a batch of 0 texts");
        self.batch = batch;
        self
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// The plain device.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Tokens that texts are cut to, special ones included.
    pub fn max_length(&self) -> usize {
        self.max_length
    }

    /// How many classes it tells apart.
    pub fn classes(&self) -> usize {
        self.model.classifier.output.weight.dims()[1]
    }

    /// The vocabulary id of `word`, which is to be one token.
    ///
    /// Byte-level tokenizers (RoBERTa) have another token for a word with a space before it: give the victim
    /// a tokenizer [with a prefix space](Tokenizer::with_prefix_space) to get that one.
    ///
    /// # Errors
    /// [`Error::NotOnePiece`] naming its tokens where it is not; `role` says what it is for.
    pub fn word_id(&self, role: &'static str, word: &str) -> Result<u32> {
        let options = EncodeOptions::new().without_special_tokens();
        let encoding = self.tokenizer.encode(word, &options)?;
        match encoding.ids.as_slice() {
            [id] if Some(*id) != self.unknown() => Ok(*id),
            ids => Err(Error::NotOnePiece {
                role,
                word: word.to_owned(),
                pieces: ids
                    .iter()
                    .map(|&id| self.tokenizer.id_to_token(id).unwrap_or_default())
                    .collect(),
            }),
        }
    }

    fn unknown(&self) -> Option<u32> {
        self.tokenizer.special(plm_core::text::SpecialToken::Unk)
    }

    /// The tokens of `texts`.
    ///
    /// # Errors
    /// [`Error::Core`] naming the first text that cannot be encoded.
    pub fn encode(&self, texts: &[&str]) -> Result<Vec<Encoding>> {
        let options = EncodeOptions::new().with_truncation(Truncation::new(self.max_length));
        let batch = self
            .tokenizer
            .encode_batch(texts.iter().copied(), &options)?;
        Ok(batch.encodings)
    }

    /// Encoded texts as one batch on `device`.
    ///
    /// # Errors
    /// [`Error::Core`] where there is none.
    pub fn input(&self, encodings: &[Encoding], device: &Device) -> Result<EncoderInput> {
        let batch = collate(encodings, &self.padding, device)?;
        Ok(EncoderInput::ids(batch.ids)
            .with_padding(batch.mask)
            .with_token_types(batch.token_type_ids))
    }

    /// The vectors of `patch` as they stand in for those of this model.
    ///
    /// # Errors
    /// [`Error::Patch`] where they do not fit.
    pub(crate) fn rows_in_place(&self, patch: &RowPatch) -> Result<RowOverride> {
        let [words, width] = self.model.encoder.embeddings.word.weight.dims();
        let mut rows = patch.to_override(words, width, &self.device)?;
        rows.rows = rows.rows.cast(FloatDType::from(self.table_type()));
        Ok(rows)
    }

    /// The number type of the word table.
    pub(crate) fn table_type(&self) -> DType {
        self.model.encoder.embeddings.word.weight.val().dtype()
    }

    /// The probabilities of `texts` with other vectors in place of some rows of the word table.
    ///
    /// # Errors
    /// As [`Victim::encode`].
    pub fn probabilities_with(
        &mut self,
        texts: &[&str],
        rows: Option<&RowOverride>,
    ) -> Result<Vec<Vec<f64>>> {
        let mut all = vec![Vec::new(); texts.len()];
        self.each_batch(texts, |victim, places, input| {
            let input = match rows {
                Some(rows) => input.with_row_override(rows.clone()),
                None => input,
            };
            let logits = victim.model.logits(&input);
            for (&place, row) in places.iter().zip(rows_of(probabilities_of(logits))) {
                all[place] = row;
            }
        })?;
        Ok(all)
    }

    /// Batches of texts of like length, with their places.
    fn each_batch(
        &mut self,
        texts: &[&str],
        mut each: impl FnMut(&Self, &[usize], EncoderInput),
    ) -> Result<()> {
        let encodings = self.encode(texts)?;
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order.sort_by_key(|&place| encodings[place].len());
        for places in order.chunks(self.batch) {
            let own: Vec<Encoding> = places.iter().map(|&at| encodings[at].clone()).collect();
            let input = self.input(&own, &self.device)?;
            each(self, places, input);
        }
        self.forwards += texts.len() as u64;
        Ok(())
    }
}

impl<F: Ffn> Classifier for Victim<F> {
    fn probabilities(&mut self, texts: &[&str]) -> Result<Vec<Vec<f64>>> {
        self.probabilities_with(texts, None)
    }

    fn forwards(&self) -> u64 {
        self.forwards
    }
}

impl<F: Ffn> PooledState for Victim<F> {
    fn states(&mut self, texts: &[&str]) -> Result<Vec<Vec<f32>>> {
        let mut all = vec![Vec::new(); texts.len()];
        self.each_batch(texts, |victim, places, input| {
            let pooled = victim.model.encoder.pooled(&input);
            for (&place, row) in places.iter().zip(rows_of(pooled)) {
                all[place] = row.iter().map(|&value| value as f32).collect();
            }
        })?;
        Ok(all)
    }
}

/// Texts of `max_length` tokens fit into a model with `positions` positions.
pub(super) fn check_length(max_length: usize, positions: usize) -> Result<()> {
    if max_length <= positions {
        return Ok(());
    }
    Err(Error::Positions {
        max_length,
        positions,
    })
}

/// The probabilities of class scores, in single precision at least: differences of probabilities near 1 are
/// lost in 16 bits.
///
/// # Shapes
/// - logits and result: `[texts, classes]`
pub(crate) fn probabilities_of(logits: Tensor<2>) -> Tensor<2> {
    softmax(at_least_single(logits), 1)
}

/// A tensor's numbers on the host, row by row.
pub(crate) fn rows_of(tensor: Tensor<2>) -> Vec<Vec<f64>> {
    let [_, columns] = tensor.dims();
    let values: Vec<f64> = tensor.inner().into_data().iter::<f64>().collect();
    values.chunks(columns.max(1)).map(<[f64]>::to_vec).collect()
}
