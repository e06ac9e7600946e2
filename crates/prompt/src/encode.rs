//! From texts to token ids.

use plm_core::text::{EncodeOptions, SpecialToken, Tokenizer, Truncation, TruncationReport};

use crate::example::{Example, Task};
use crate::verbalizer::{Pieces, Verbalizer};
use crate::{Error, Result};

/// How a family of models is given texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextForm {
    /// `<s> text </s>` or `<s> first </s> second </s>` with one separator, whatever the tokenizer
    /// itself would put (Su et al. 2022, RoBERTa and BERT).
    Masked,
    /// One text with the special tokens that the tokenizer adds; the texts of a pair are joined by
    /// a space (T5, BART, GPT-2). Templates are applied beforehand: [`crate::catalog`].
    Written,
}

/// Turns the examples of tasks into token ids.
#[derive(Debug, Clone)]
pub struct TaskEncoder<'t> {
    tokenizer: &'t Tokenizer,
    form: TextForm,
    max_tokens: usize,
}

/// An example as token ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedExample {
    /// Ids, special tokens included.
    pub ids: Vec<u32>,
    /// Number of the class.
    pub label: usize,
}

/// The examples of one task as token ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedTask {
    /// Its name.
    pub name: String,
    /// Its label words.
    pub verbalizer: Verbalizer,
    /// Its examples.
    pub examples: Vec<EncodedExample>,
    /// What was cut off.
    pub report: TruncationReport,
}

impl<'t> TaskEncoder<'t> {
    /// Texts of at most 128 tokens, special tokens included.
    pub fn new(tokenizer: &'t Tokenizer, form: TextForm) -> Self {
        Self {
            tokenizer,
            form,
            max_tokens: 128,
        }
    }

    /// With another limit. Pairs are cut on their longer side.
    pub fn with_max_tokens(mut self, max_tokens: usize) -> Self {
        self.max_tokens = max_tokens;
        self
    }

    /// The training examples of `task`.
    ///
    /// # Errors
    /// As [`TaskEncoder::examples`].
    pub fn train(&self, task: &Task) -> Result<EncodedTask> {
        self.examples(task, &task.train)
    }

    /// The examples of `task` that choose the best epoch.
    ///
    /// # Errors
    /// As [`TaskEncoder::examples`].
    pub fn dev(&self, task: &Task) -> Result<EncodedTask> {
        self.examples(task, &task.dev)
    }

    /// The examples of `task` that measure.
    ///
    /// # Errors
    /// As [`TaskEncoder::examples`].
    pub fn test(&self, task: &Task) -> Result<EncodedTask> {
        self.examples(task, &task.test)
    }

    /// `examples` with the label words of `task`.
    ///
    /// # Errors
    /// As [`Verbalizer::new`]; [`Error::Label`] for a class that the task does not have;
    /// [`Error::Core`] where a text cannot be encoded or the limit leaves no room for it.
    pub fn examples(&self, task: &Task, examples: &[Example]) -> Result<EncodedTask> {
        let pieces = match self.form {
            TextForm::Masked => Pieces::Whole,
            TextForm::Written => Pieces::First,
        };
        let verbalizer = Verbalizer::new(&task.name, &task.label_words, self.tokenizer, pieces)?;
        let mut report = TruncationReport::default();
        let mut encoded = Vec::with_capacity(examples.len());
        for (index, example) in examples.iter().enumerate() {
            if example.label >= verbalizer.classes() {
                return Err(Error::Label {
                    task: task.name.clone(),
                    example: index,
                    label: example.label,
                    classes: verbalizer.classes(),
                });
            }
            let ids = self.ids(example, &mut report)?;
            encoded.push(EncodedExample {
                ids,
                label: example.label,
            });
        }
        Ok(EncodedTask {
            name: task.name.clone(),
            verbalizer,
            examples: encoded,
            report,
        })
    }

    fn ids(&self, example: &Example, report: &mut TruncationReport) -> Result<Vec<u32>> {
        match self.form {
            TextForm::Written => {
                let text = match &example.pair {
                    Some(pair) => format!("{} {pair}", example.text),
                    None => example.text.clone(),
                };
                let cut = Truncation::new(self.max_tokens);
                let options = EncodeOptions::new().with_truncation(cut);
                let encoding = self.tokenizer.encode(text.as_str(), &options)?;
                report.add(&encoding);
                Ok(encoding.ids)
            }
            TextForm::Masked => {
                let first = self.tokenizer.require(SpecialToken::Cls)?;
                let separator = self.tokenizer.require(SpecialToken::Sep)?;
                let specials = if example.pair.is_some() { 3 } else { 2 };
                let room = self.max_tokens.saturating_sub(specials);
                if room == 0 {
                    return Err(Error::Setting {
                        name: "max_tokens",
                        value: self.max_tokens.to_string(),
                        limit: "must leave room for a token beside the special tokens",
                    });
                }
                let options = EncodeOptions::new()
                    .without_special_tokens()
                    .with_truncation(Truncation::new(room));
                let encoding = match &example.pair {
                    Some(pair) => self
                        .tokenizer
                        .encode((example.text.as_str(), pair.as_str()), &options)?,
                    None => self.tokenizer.encode(example.text.as_str(), &options)?,
                };
                report.add(&encoding);
                let mut ids = vec![first];
                let side = |side| {
                    encoding
                        .ids
                        .iter()
                        .zip(&encoding.sequence_ids)
                        .filter(move |(_, own)| **own == Some(side))
                        .map(|(&id, _)| id)
                };
                ids.extend(side(0));
                ids.push(separator);
                if example.pair.is_some() {
                    ids.extend(side(1));
                    ids.push(separator);
                }
                Ok(ids)
            }
        }
    }
}
