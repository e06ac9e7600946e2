//! From texts to token ids.

use plm_core::text::{
    EncodeOptions, Encoding, SpecialToken, Tokenizer, Truncation, TruncationReport,
};

use crate::catalog::{Piece, T5Template};
use crate::example::{Example, Task};
use crate::verbalizer::{Pieces, Verbalizer};
use crate::{Error, Result};

/// How a family of models is given texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextForm {
    /// `<s> text </s>` or `<s> first </s> second </s>` with one separator, whatever the tokenizer
    /// itself would put (Su et al. 2022, RoBERTa and BERT).
    Masked,
    /// `<s> first second </s>`: as [`TextForm::Masked`], but the texts of a pair are one text with a space
    /// between (Su et al. 2022, a sentence and an aspect of it).
    Joined,
    /// One text with the special tokens that the tokenizer adds; the texts of a pair are joined by
    /// a space (T5, BART, GPT-2).
    Written,
    /// The pieces of a template, each tokenized by itself without special tokens and laid end to end:
    /// the template alone says where a text ends (Su et al. 2022, T5). Texts are cut, special tokens
    /// stay.
    Template(T5Template),
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
    /// Texts of at most 128 tokens, special tokens included. Su et al. 2022 count those of a single text
    /// without its special tokens: that is a limit of 130.
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
    /// [`Error::Size`] for texts that a template does not take; [`Error::Setting`] or [`Error::Core`]
    /// where a text cannot be encoded or the limit leaves no room for it.
    pub fn examples(&self, task: &Task, examples: &[Example]) -> Result<EncodedTask> {
        let pieces = match self.form {
            TextForm::Masked | TextForm::Joined => Pieces::Whole,
            TextForm::Written | TextForm::Template(_) => Pieces::First,
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
                let text = one_text(example);
                let cut = Truncation::new(self.max_tokens);
                let options = EncodeOptions::new().with_truncation(cut);
                let encoding = self.tokenizer.encode(text.as_str(), &options)?;
                report.add(&encoding);
                Ok(encoding.ids)
            }
            TextForm::Template(template) => {
                let texts = [Some(example.text.as_str()), example.pair.as_deref()];
                let texts: Vec<&str> = texts.into_iter().flatten().collect();
                let encoding = self.pieces(&template.pieces(&texts)?)?;
                report.add(&encoding);
                Ok(encoding.ids)
            }
            TextForm::Masked => self.masked(&example.text, example.pair.as_deref(), report),
            TextForm::Joined => self.masked(&one_text(example), None, report),
        }
    }

    /// Ids of one or two texts between the tokens that masked language models have for them.
    fn masked(
        &self,
        text: &str,
        pair: Option<&str>,
        report: &mut TruncationReport,
    ) -> Result<Vec<u32>> {
        let first = self.tokenizer.require(SpecialToken::Cls)?;
        let separator = self.tokenizer.require(SpecialToken::Sep)?;
        let specials = if pair.is_some() { 3 } else { 2 };
        let room = self.room(specials)?;
        let options = EncodeOptions::new()
            .without_special_tokens()
            .with_truncation(Truncation::new(room));
        let encoding = match pair {
            Some(pair) => self.tokenizer.encode((text, pair), &options)?,
            None => self.tokenizer.encode(text, &options)?,
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
        if pair.is_some() {
            ids.extend(side(1));
            ids.push(separator);
        }
        Ok(ids)
    }

    /// Ids of `pieces`, each tokenized by itself without special tokens of its own; where they are too
    /// many, the longest text loses its end.
    fn pieces(&self, pieces: &[Piece]) -> Result<Encoding> {
        let options = EncodeOptions::new().without_special_tokens();
        let mut parts = Vec::with_capacity(pieces.len());
        for piece in pieces {
            parts.push(match piece {
                Piece::Text(text) => self.tokenizer.encode(text.as_str(), &options)?.ids,
                Piece::Special(token) => {
                    let id = self.tokenizer.token_to_id(token);
                    vec![id.ok_or_else(|| {
                        let missing = format!("it has no token `{token}`");
                        plm_core::Error::tokenizer(missing)
                    })?]
                }
            });
        }
        let is_text = |place: &usize| matches!(pieces[*place], Piece::Text(_));
        let specials = (0..pieces.len()).filter(|place| !is_text(place)).count();
        let room = self.room(specials)?;
        let texts: Vec<usize> = (0..pieces.len()).filter(is_text).collect();
        let length: usize = texts.iter().map(|&place| parts[place].len()).sum();
        let truncated = length.saturating_sub(room);
        for _ in 0..truncated {
            let longest = texts
                .iter()
                .copied()
                .max_by_key(|&place| parts[place].len());
            if let Some(longest) = longest {
                parts[longest].pop();
            }
        }
        let ids = parts.concat();
        Ok(Encoding {
            type_ids: vec![0; ids.len()],
            ids,
            truncated,
            ..Encoding::default()
        })
    }

    /// Tokens that are left for texts beside `specials` special tokens.
    ///
    /// # Errors
    /// [`Error::Setting`] where there are none.
    fn room(&self, specials: usize) -> Result<usize> {
        match self.max_tokens.saturating_sub(specials) {
            0 => Err(Error::Setting {
                name: "max_tokens",
                value: self.max_tokens.to_string(),
                limit: "must leave room for a token beside the special tokens",
            }),
            room => Ok(room),
        }
    }
}

/// The texts of an example as one, with a space between.
fn one_text(example: &Example) -> String {
    match &example.pair {
        Some(pair) => format!("{} {pair}", example.text),
        None => example.text.clone(),
    }
}
