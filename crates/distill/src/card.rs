//! Teacher cards: what a teacher classifies, and which model does.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use plm_core::files::write_atomic;
use serde::{Deserialize, Serialize};

use crate::labels::{check_dataset, check_names, shown};
use crate::teacher::{LiveTeacher, Teacher, TeacherOptions};
use crate::{Error, Result};

/// The longest card that is read: 16 MiB.
const LIMIT: u64 = 16 << 20;

/// A teacher as `teacher.toml` describes it.
///
/// ```toml
/// path = "model"
/// labels = ["World", "Sports"]
/// tokenizer = "bert-base-uncased"
/// max_length = 128
/// dataset = "ag_news"
/// license = "Apache-2.0"
/// weights = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TeacherCard {
    /// The model's directory: relative to the card's folder, or absolute.
    pub path: PathBuf,
    /// What each of the model's outputs means.
    pub labels: Vec<String>,
    /// Which tokenizer its inputs are made with: a name or a hash, compared letter for letter. A hash is
    /// that of [`TextEncoder::identity`](crate::TextEncoder::identity).
    pub tokenizer: String,
    /// The largest number of tokens in its inputs, special tokens included.
    pub max_length: usize,
    /// The data set that its labels are told apart by, where they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    /// Under what license its weights are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// SHA-256 of its weights in lower-case hexadecimal: the fingerprint of its checkpoint.
    pub weights: String,
}

/// What a loaded model says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelFacts<'a> {
    /// The number of its outputs.
    pub labels: usize,
    /// Which tokenizer it was loaded with.
    pub tokenizer: &'a str,
    /// The most tokens that it takes, where it has a limit.
    pub max_length: Option<usize>,
    /// The fingerprint of its checkpoint.
    pub weights: &'a str,
}

impl TeacherCard {
    /// Reads the card at `path`.
    ///
    /// # Errors
    /// [`Error::Core`] where it cannot be read or is longer than 16 MiB, else as
    /// [`TeacherCard::parse`].
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let io = |error| plm_core::Error::io(path, error);
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(io)?;
        file.take(LIMIT + 1).read_to_end(&mut bytes).map_err(io)?;
        if bytes.len() as u64 > LIMIT {
            let reason = format!("longer than {LIMIT} bytes, the limit for a card");
            return Err(plm_core::Error::format(path, reason).into());
        }
        Self::parse(&bytes, path)
    }

    /// The teacher of the card at `path`, with its labels.
    ///
    /// A tokenizer that the card calls by a name and not by a hash is not compared: a checkpoint does not
    /// say what its tokenizer is called.
    ///
    /// # Errors
    /// As [`TeacherCard::load`] and [`LiveTeacher::load`]. [`Error::InFile`] around the error of
    /// [`TeacherCard::check`], and around [`Error::CardMismatch`] where the checkpoint names its classes
    /// otherwise.
    pub fn open(path: impl AsRef<Path>, device: &Device) -> Result<LiveTeacher> {
        let path = path.as_ref();
        let card = Self::load(path)?;
        let dir = card.model_dir(path);
        let options = TeacherOptions {
            max_length: card.max_length,
            dropout: None,
        };
        let teacher = LiveTeacher::load(&dir, options, device)?;
        let weights = plm_core::checkpoint::fingerprint(&dir)?;
        let teacher = card.claim(teacher, &weights);
        teacher.map_err(|error| error.in_file(path))
    }

    /// `teacher` with the card's labels, where the card is its.
    fn claim(&self, teacher: LiveTeacher, weights: &str) -> Result<LiveTeacher> {
        let info = teacher.info();
        self.check(ModelFacts {
            labels: info.classes,
            tokenizer: match is_sha256(&self.tokenizer) {
                true => &info.tokenizer,
                false => &self.tokenizer,
            },
            max_length: Some(teacher.model().encoder.config.max_length()),
            weights,
        })?;
        match &info.labels {
            Some(labels) if *labels != self.labels => Err(Error::CardMismatch {
                what: "labels",
                card: shown(&self.labels),
                model: shown(labels),
                fix: "take the model's, in their order; other names are aliases of a label space",
            }),
            _ => teacher.with_labels(self.labels.iter().map(String::as_str)),
        }
    }

    /// Reads the card in `bytes`, which errors call `origin`.
    ///
    /// # Errors
    /// [`Error::Core`] with the line where it is not TOML of this form, or a key is missing or
    /// unknown. [`Error::InFile`] around the error of [`TeacherCard::validate`].
    pub fn parse(bytes: &[u8], origin: impl AsRef<Path>) -> Result<Self> {
        let origin = origin.as_ref();
        let card: Self = toml::from_slice(bytes).map_err(|error| {
            let before = &bytes[..error.span().map_or(0, |span| span.start.min(bytes.len()))];
            let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
            plm_core::Error::line(origin, line, error.message())
        })?;
        card.validate().map_err(|error| error.in_file(origin))?;
        Ok(card)
    }

    /// Writes the card to `path`, from where [`TeacherCard::load`] gives it back.
    ///
    /// # Errors
    /// As [`TeacherCard::validate`]; [`Error::Core`] where the file cannot be written; what was
    /// there before is then still there.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        self.validate()?;
        let text = toml::to_string(self)
            .map_err(|error| plm_core::Error::format(path, error.to_string()))?;
        Ok(write_atomic(path, |writer| {
            writer.write_all(text.as_bytes())
        })?)
    }

    /// The entries can be what they stand for.
    ///
    /// # Errors
    /// [`Error::EmptyLabel`] and [`Error::DuplicateLabel`] for the labels' names, [`Error::Dataset`]
    /// for a data set without a name or with `/` in it, [`Error::Entry`] for fewer than two labels and
    /// for anything else.
    pub fn validate(&self) -> Result<()> {
        check_names("labels", &self.labels)?;
        if self.labels.len() < 2 {
            return Err(Error::entry(
                "labels",
                format!("a list of {}", self.labels.len()),
                "a classifier needs at least two",
            ));
        }
        if let Some(dataset) = &self.dataset {
            check_dataset(dataset)?;
        }
        if self.path.as_os_str().is_empty() {
            return Err(Error::entry("path", "empty", "name the model's directory"));
        }
        if self.tokenizer.is_empty() {
            return Err(Error::entry("tokenizer", "empty", "name the tokenizer"));
        }
        if self.max_length == 0 {
            return Err(Error::entry(
                "max_length",
                "0",
                "at least 1 token is needed",
            ));
        }
        if !is_sha256(&self.weights) {
            return Err(Error::entry(
                "weights",
                format!("`{}`", self.weights),
                "a SHA-256 has 64 digits from 0-9 and a-f",
            ));
        }
        Ok(())
    }

    /// The model's directory, where the card lies at `card`.
    pub fn model_dir(&self, card: impl AsRef<Path>) -> PathBuf {
        let folder = card.as_ref().parent().unwrap_or_else(|| Path::new(""));
        folder.join(&self.path)
    }

    /// The card belongs to the model with these `facts`.
    ///
    /// # Errors
    /// [`Error::CardMismatch`] for another number of labels than the model has outputs, another
    /// tokenizer, inputs longer than the model takes, or other weights.
    pub fn check(&self, facts: ModelFacts<'_>) -> Result<()> {
        let mismatch = |what, card: &dyn ToString, model: &dyn ToString, fix| {
            Err(Error::CardMismatch {
                what,
                card: card.to_string(),
                model: model.to_string(),
                fix,
            })
        };
        if self.labels.len() != facts.labels {
            let fix = "list one label for each of the model's outputs, in their order";
            return mismatch("number of labels", &self.labels.len(), &facts.labels, fix);
        }
        if self.tokenizer != facts.tokenizer {
            let fix = "another tokenizer feeds the model wrong token ids; load the card's";
            return mismatch("tokenizer", &self.tokenizer, &facts.tokenizer, fix);
        }
        if let Some(limit) = facts.max_length.filter(|&limit| self.max_length > limit) {
            let fix = "lower the card's to the model's";
            return mismatch("max_length", &self.max_length, &limit, fix);
        }
        if self.weights != facts.weights {
            let fix = "the model has changed since the card was written; import it again";
            return mismatch("weights", &self.weights, &facts.weights, fix);
        }
        Ok(())
    }
}

/// Whether it is a SHA-256 in lower-case hexadecimal.
fn is_sha256(text: &str) -> bool {
    let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    text.len() == 64 && text.bytes().all(digit)
}

#[cfg(test)]
#[path = "card_tests.rs"]
mod tests;
