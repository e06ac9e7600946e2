//! What a prompt was made for and how.

use std::collections::BTreeMap;
use std::path::Path;

use super::taker::Taker;
use crate::model::{PromptStyle, ReadOut};
use crate::{Error, Result};

/// What a prompt was made for and how.
#[derive(Debug, Clone, PartialEq)]
pub struct PromptInfo {
    /// Name of the frozen model.
    pub backbone: String,
    /// Hash that tells the frozen model from others, in lowercase hexadecimal digits: one of its
    /// configuration or, stricter, of its weights. `plm_core::train::checksum(&model, |_| true)` gives
    /// the latter.
    pub config_hash: String,
    /// How the slots meet position embeddings.
    pub style: PromptStyle,
    /// Where the answer is read; [`ReadOut::MaskSlot`] in files that do not say. Models that leave no
    /// choice do not look at it.
    pub read_out: ReadOut,
    /// Name of the task.
    pub task: Option<String>,
    /// Words that stand for the classes, in the order of the classes.
    pub label_words: Vec<String>,
    /// Their token ids.
    pub label_ids: Vec<u32>,
    /// Name of the template that puts a text together.
    pub template: Option<String>,
    /// Seed of the training run.
    pub seed: Option<u64>,
    /// Optimizer steps taken.
    pub steps: Option<u64>,
    /// Score on the development set.
    pub score: Option<f64>,
}

impl PromptInfo {
    /// A prompt for `backbone`, read at the mask's slot, of which nothing else is known.
    pub fn new(
        backbone: impl Into<String>,
        config_hash: impl Into<String>,
        style: PromptStyle,
    ) -> Self {
        Self {
            backbone: backbone.into(),
            config_hash: config_hash.into(),
            style,
            read_out: ReadOut::default(),
            task: None,
            label_words: Vec::new(),
            label_ids: Vec::new(),
            template: None,
            seed: None,
            steps: None,
            score: None,
        }
    }

    /// With another place where the answer is read.
    pub fn with_read_out(mut self, read_out: ReadOut) -> Self {
        self.read_out = read_out;
        self
    }

    /// Checks that the prompt was made for the model called `name` that has the hash `hash`.
    ///
    /// # Errors
    /// [`Error::Backbone`] with both values and what to do.
    pub fn check_backbone(&self, name: &str, hash: &str) -> Result<()> {
        let differs = |what, prompt: &str, model: &str, fix| Error::Backbone {
            what,
            prompt: format!("`{prompt}`"),
            model: format!("`{model}`"),
            fix,
        };
        if self.backbone != name {
            let fix = "load the model that the prompt was trained with, or, where only the name \
                       changed, write the new name to the prompt's information";
            return Err(differs("the backbone", &self.backbone, name, fix));
        }
        if self.config_hash != hash {
            let fix = "load the version of the model that the prompt was trained with, or train \
                       the prompt again, starting from this one";
            return Err(differs(
                "the configuration hash",
                &self.config_hash,
                hash,
                fix,
            ));
        }
        Ok(())
    }

    /// The entries of a file's metadata.
    ///
    /// # Errors
    /// [`Error::Setting`] for what the file could not give back.
    pub(super) fn entries(&self) -> Result<BTreeMap<String, String>> {
        let refuse = |name, value: String, limit| Error::Setting { name, value, limit };
        if self.backbone.is_empty() {
            let limit = "the name of the model that the prompt was trained with";
            return Err(refuse("backbone", "empty".to_owned(), limit));
        }
        if !is_hash(&self.config_hash) {
            let limit = "an even number of lowercase hexadecimal digits, 8 to 128";
            return Err(refuse(
                "config_hash",
                format!("`{}`", self.config_hash),
                limit,
            ));
        }
        if self.label_words.len() != self.label_ids.len() {
            let value = format!(
                "{} for {} words",
                self.label_ids.len(),
                self.label_words.len()
            );
            return Err(refuse("label_ids", value, "each label word has one id"));
        }
        if let Some(score) = self.score.filter(|score| !score.is_finite()) {
            return Err(refuse(
                "score",
                score.to_string(),
                "a finite number or none",
            ));
        }
        let mut entries = BTreeMap::new();
        let mut put = |key: &str, value: Option<String>| {
            if let Some(value) = value {
                entries.insert(key.to_owned(), value);
            }
        };
        put("backbone", Some(self.backbone.clone()));
        put("config_hash", Some(self.config_hash.clone()));
        put("style", Some(self.style.name().to_owned()));
        put("read_out", Some(self.read_out.name().to_owned()));
        put("task", self.task.clone());
        put("template", self.template.clone());
        put("seed", self.seed.map(|seed| seed.to_string()));
        put("steps", self.steps.map(|steps| steps.to_string()));
        put("score", self.score.map(|score| score.to_string()));
        put(
            "label_words",
            Some(serde_json::Value::from(self.label_words.as_slice()).to_string()),
        );
        put(
            "label_ids",
            Some(serde_json::Value::from(self.label_ids.as_slice()).to_string()),
        );
        Ok(entries)
    }

    /// Takes the information out of `entries`, the metadata of the file at `path`.
    ///
    /// # Errors
    /// [`Error::Entry`] naming the key, its value and what may stand there.
    pub(super) fn take(entries: &mut BTreeMap<String, String>, path: &Path) -> Result<Self> {
        let mut taker = Taker { entries, path };
        let backbone = taker.text("backbone")?;
        let config_hash = taker.text("config_hash")?;
        if !is_hash(&config_hash) {
            let expected = "must be an even number of lowercase hexadecimal digits, 8 to 128";
            return Err(Error::entry(
                path,
                "config_hash",
                format!("`{config_hash}`"),
                expected,
            ));
        }
        let style = taker.text("style")?;
        let style = PromptStyle::parse(&style).ok_or_else(|| {
            let expected = "must be `zero_position` or `absolute`";
            Error::entry(path, "style", format!("`{style}`"), expected)
        })?;
        let read_out = match taker.entries.remove("read_out") {
            None => ReadOut::default(),
            Some(text) => ReadOut::parse(&text).ok_or_else(|| {
                let expected = "must be `mask_slot`, `first_slot` or `mask_token`";
                Error::entry(path, "read_out", format!("`{text}`"), expected)
            })?,
        };
        let label_words: Vec<String> = taker.list("label_words", "a JSON list of texts")?;
        let label_ids: Vec<u32> = taker.list("label_ids", "a JSON list of token ids")?;
        if label_words.len() != label_ids.len() {
            let found = format!("a list of {}", label_ids.len());
            let expected = format!(
                "must have one id for each of the {} words",
                label_words.len()
            );
            return Err(Error::entry(path, "label_ids", found, expected));
        }
        let score = taker.number("score", "a finite number")?;
        if score.is_some_and(|score: f64| !score.is_finite()) {
            return Err(Error::entry(
                path,
                "score",
                format!("{score:?}"),
                "must be finite",
            ));
        }
        Ok(Self {
            backbone,
            config_hash,
            style,
            read_out,
            task: taker.entries.remove("task"),
            label_words,
            label_ids,
            template: taker.entries.remove("template"),
            seed: taker.number("seed", "a whole number")?,
            steps: taker.number("steps", "a whole number")?,
            score,
        })
    }
}

fn is_hash(text: &str) -> bool {
    (8..=128).contains(&text.len())
        && text.len().is_multiple_of(2)
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
