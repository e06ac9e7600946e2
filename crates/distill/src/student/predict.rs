//! Texts ready for a student, and what it says of them.

use burn::tensor::Device;
use plm_core::config::EncoderConfig;
use plm_core::data::Labels;
use plm_core::models::{EncoderForSequenceClassification, EncoderInput};
use plm_core::nn::Ffn;
use plm_core::text::{Encoding, TruncationReport};

use crate::encode::TextEncoder;
use crate::example::Example;
use crate::labels::shown;
use crate::loss::rows_of;
use crate::{Error, Result};

/// Encoded examples with their classes.
#[derive(Debug, Clone)]
pub struct Prepared<'e> {
    /// The examples.
    pub examples: Vec<&'e Example>,
    /// Their tokens.
    pub encodings: Vec<Encoding>,
    /// Their classes; nothing where no example has a label, or labels were left alone.
    pub labels: Option<Vec<usize>>,
    /// The names of all classes in their order; none where they were not given.
    pub names: Vec<String>,
    /// What was cut off.
    pub truncation: TruncationReport,
    encoder: TextEncoder,
}

impl<'e> Prepared<'e> {
    /// Encodes `examples` and looks their labels up among `labels`: the names of the student's classes in
    /// their order, or none for texts without labels.
    ///
    /// # Errors
    /// [`Error::Core`] for a text that cannot be encoded, [`Error::Empty`] without examples,
    /// [`Error::UnknownLabel`] for a label that is not among `labels`, [`Error::PartlyLabeled`] where some
    /// examples have a label and some have none.
    pub fn new(encoder: &TextEncoder, examples: &[&'e Example], labels: &[String]) -> Result<Self> {
        let texts = Self::without_labels(encoder, examples)?;
        Ok(Self {
            labels: classes(examples, labels)?,
            names: labels.to_vec(),
            ..texts
        })
    }

    /// Encodes `examples` and leaves their labels alone, which all, some or none of them may have: for what
    /// learns from texts only.
    ///
    /// # Errors
    /// [`Error::Core`] for a text that cannot be encoded, [`Error::Empty`] without examples.
    pub fn without_labels(encoder: &TextEncoder, examples: &[&'e Example]) -> Result<Self> {
        if examples.is_empty() {
            return Err(Error::Empty { what: "examples" });
        }
        let (encodings, truncation) = encoder.encode(examples)?;
        Ok(Self {
            labels: None,
            names: Vec::new(),
            examples: examples.to_vec(),
            encodings,
            truncation,
            encoder: encoder.clone(),
        })
    }

    /// The texts are tokens of a model with `config`, else [`Error::Setting`] for one that is longer than it has
    /// positions for, or [`Error::Core`] for a tokenizer with other words: devices other than CPUs would
    /// compute with whatever stands behind its tables.
    pub(crate) fn check_model(&self, config: &EncoderConfig) -> Result<()> {
        let longest = self.encodings.iter().map(Encoding::len).max().unwrap_or(0);
        if longest > config.max_length() {
            return Err(Error::Setting {
                name: "max_length",
                value: longest.to_string(),
                limit: "the model has positions for fewer tokens: prepare the texts for this model",
            });
        }
        let rows = config.vocab_size as u64;
        let mut ids = self.encodings.iter().flat_map(|encoding| &encoding.ids);
        if ids.any(|&id| u64::from(id) >= rows) {
            self.encoder
                .tokenizer()
                .check_vocabulary(config.vocab_size)?;
        }
        Ok(())
    }

    /// The rows as one batch on `device`.
    ///
    /// # Errors
    /// [`Error::Core`] where there is none.
    ///
    /// # Panics
    /// If there is no example of such a number.
    pub fn input(&self, rows: &[usize], device: &Device) -> Result<EncoderInput> {
        let encodings: Vec<Encoding> = rows
            .iter()
            .map(|&row| self.encodings[row].clone())
            .collect();
        self.encoder.collate(&encodings, 0, device)
    }

    /// Tokens of each example.
    pub fn lengths(&self) -> Vec<usize> {
        self.encodings.iter().map(Encoding::len).collect()
    }

    /// Longest text in tokens; longer ones are cut.
    pub fn max_length(&self) -> usize {
        self.encoder.max_length()
    }

    /// Identity of the tokenizer.
    ///
    /// # Errors
    /// As [`TextEncoder::identity`].
    pub fn tokenizer(&self) -> Result<String> {
        self.encoder.identity()
    }
}

/// The class of each example, or nothing where none has a label.
fn classes(examples: &[&Example], labels: &[String]) -> Result<Option<Vec<usize>>> {
    let known = Labels::new(labels)?;
    let labeled = examples.iter().filter(|example| example.label.is_some());
    match labeled.count() {
        0 => return Ok(None),
        count if count < examples.len() => {
            let first = examples.iter().find(|example| example.label.is_none());
            return Err(Error::PartlyLabeled {
                unlabeled: examples.len() - count,
                examples: examples.len(),
                first: first
                    .map(|example| example.name.clone())
                    .unwrap_or_default(),
            });
        }
        _ => {}
    }
    let class = |example: &&Example| {
        let label = example.label.as_deref().unwrap_or_default();
        known.index(label).map_err(|_| Error::UnknownLabel {
            example: example.name.clone(),
            label: label.to_owned(),
            known: shown(labels),
        })
    };
    examples.iter().map(class).collect::<Result<_>>().map(Some)
}

/// Class scores of all examples, in order, without dropout; `batch` texts of like length at a time.
///
/// # Errors
/// [`Error::Core`] where a batch cannot be made or the texts are tokens of a larger vocabulary than the model's,
/// [`Error::Setting`] for a text that is longer than the model has positions for.
///
/// # Panics
/// If `batch` is 0.
pub fn predict<F: Ffn>(
    model: &EncoderForSequenceClassification<F>,
    data: &Prepared<'_>,
    batch: usize,
    device: &Device,
) -> Result<Vec<Vec<f64>>> {
    data.check_model(&model.encoder.config)?;
    let mut order: Vec<usize> = (0..data.examples.len()).collect();
    order.sort_by_key(|&row| data.encodings[row].len());
    let mut scores = vec![Vec::new(); order.len()];
    for rows in order.chunks(batch) {
        let logits = model.logits(&data.input(rows, device)?);
        for (&row, values) in rows.iter().zip(rows_of(logits)) {
            scores[row] = values;
        }
    }
    Ok(scores)
}
