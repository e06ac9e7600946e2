//! How to generate, as in Hugging Face's `generation_config.json`.

use std::path::Path;

use serde_json::{Map, Value};

use super::unsupported::refuse_unsupported;
use crate::config::{ConfigFile, GENERATION_FILE};
use crate::{Error, Result};

/// When beam search stops.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum EarlyStopping {
    /// `false`: when better sequences are unlikely.
    #[default]
    Heuristic,
    /// `true`: as soon as there are as many finished sequences as beams.
    Always,
    /// `"never"`: only when better sequences are impossible.
    Never,
}

/// How to generate. Names, meanings and defaults are those of transformers' `GenerationConfig`.
#[derive(Debug, Clone, PartialEq)]
pub struct GenerationConfig {
    /// Length limit, prompt included; `max_new_tokens` goes before it.
    pub max_length: Option<usize>,
    /// Limit of new tokens; where neither limit is given 20, or as many as the model's positions allow.
    pub max_new_tokens: Option<usize>,
    /// The end of sequence is banned below this length, (padded) prompt included; above the length
    /// limit, up to that.
    pub min_length: usize,
    /// The end of sequence is banned below this number of new tokens. Goes before `min_length`; 0 for
    /// no such rule.
    pub min_new_tokens: usize,
    /// Beams; 1 for greedy search and sampling.
    pub num_beams: usize,
    /// Sequences returned per example.
    pub num_return_sequences: usize,
    /// Beam scores are divided by `length ^ length_penalty`.
    pub length_penalty: f64,
    /// When beam search stops.
    pub early_stopping: EarlyStopping,
    /// No run of this many tokens occurs twice; 0 for no such rule.
    pub no_repeat_ngram_size: usize,
    /// Divides (or multiplies, where negative) the scores of tokens that occurred; 1 for none.
    pub repetition_penalty: f64,
    /// Whether tokens are drawn by their probability.
    pub do_sample: bool,
    /// Divides scores before sampling.
    pub temperature: f64,
    /// Sampling takes one of this many best tokens; 0 for all.
    pub top_k: usize,
    /// Sampling takes one of the fewest tokens that together have this probability; 1 for all.
    pub top_p: f64,
    /// The first new token of a sequence of one token.
    pub forced_bos_token_id: Option<i64>,
    /// The last token at the length limit is one of these.
    pub forced_eos_token_id: Vec<i64>,
    /// Tokens that end a sequence.
    pub eos_token_id: Vec<i64>,
    /// Fills sequences that ended.
    pub pad_token_id: Option<i64>,
    /// What the decoder begins with; where absent, what the model's settings say.
    pub decoder_start_token_id: Option<i64>,
    /// Whether keys and values of earlier tokens are kept; the results are the same.
    pub use_cache: bool,
}

impl Default for GenerationConfig {
    fn default() -> Self {
        Self {
            max_length: None,
            max_new_tokens: None,
            min_length: 0,
            min_new_tokens: 0,
            num_beams: 1,
            num_return_sequences: 1,
            length_penalty: 1.0,
            early_stopping: EarlyStopping::Heuristic,
            no_repeat_ngram_size: 0,
            repetition_penalty: 1.0,
            do_sample: false,
            temperature: 1.0,
            top_k: 50,
            top_p: 1.0,
            forced_bos_token_id: None,
            forced_eos_token_id: Vec::new(),
            eos_token_id: Vec::new(),
            pad_token_id: None,
            decoder_start_token_id: None,
            use_cache: true,
        }
    }
}

impl GenerationConfig {
    /// Reads `dir/generation_config.json`; where there is none, the same fields of
    /// `dir/config.json`, as transformers does.
    ///
    /// # Errors
    /// [`Error::Io`] if neither can be read, [`Error::Format`] if it is not a JSON object,
    /// [`Error::Config`] as [`GenerationConfig::from_file`].
    pub fn read(dir: impl AsRef<Path>) -> Result<Self> {
        let path = dir.as_ref().join(GENERATION_FILE);
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Self::from_file(&ConfigFile::read(dir)?);
            }
            Err(error) => return Err(Error::io(&path, error)),
        };
        match serde_json::from_slice(&text) {
            Ok(Value::Object(fields)) => {
                Self::from_file(&ConfigFile::from_fields(path.display().to_string(), fields))
            }
            Ok(_) => Err(Error::format(&path, "not a JSON object")),
            Err(error) => Err(Error::format(&path, error.to_string())),
        }
    }

    /// Reads and checks fields; unknown ones are ignored. An explicit `min_new_tokens` of 0 lifts
    /// `min_length`, as in transformers.
    ///
    /// # Errors
    /// [`Error::Config`] for a field of the wrong type or out of range, and for settings of
    /// transformers that would change the text and are not supported (`bad_words_ids`,
    /// `num_beam_groups`).
    pub fn from_file(file: &ConfigFile) -> Result<Self> {
        refuse_unsupported(file)?;
        let default = Self::default();
        let min_new_tokens: Option<usize> = file.optional("min_new_tokens")?;
        let min_length = file.or("min_length", 0)?;
        let early_stopping = match file.optional::<Value>("early_stopping")? {
            None | Some(Value::Bool(false)) => EarlyStopping::Heuristic,
            Some(Value::Bool(true)) => EarlyStopping::Always,
            Some(Value::String(text)) if text == "never" => EarlyStopping::Never,
            Some(other) => {
                let reason = format!("is {other}, not true, false or \"never\"");
                return Err(file.error("early_stopping", reason));
            }
        };
        let config = Self {
            max_length: file.optional("max_length")?,
            max_new_tokens: file.optional("max_new_tokens")?,
            min_length: if min_new_tokens == Some(0) {
                0
            } else {
                min_length
            },
            min_new_tokens: min_new_tokens.unwrap_or(0),
            num_beams: file.or("num_beams", default.num_beams)?,
            num_return_sequences: file.or("num_return_sequences", default.num_return_sequences)?,
            length_penalty: file.or("length_penalty", default.length_penalty)?,
            early_stopping,
            no_repeat_ngram_size: file.or("no_repeat_ngram_size", 0)?,
            repetition_penalty: file.or("repetition_penalty", default.repetition_penalty)?,
            do_sample: file.or("do_sample", default.do_sample)?,
            temperature: file.or("temperature", default.temperature)?,
            top_k: file.or("top_k", default.top_k)?,
            top_p: file.or("top_p", default.top_p)?,
            forced_bos_token_id: file.optional("forced_bos_token_id")?,
            forced_eos_token_id: ids(file, "forced_eos_token_id")?,
            eos_token_id: ids(file, "eos_token_id")?,
            pad_token_id: file.optional("pad_token_id")?,
            decoder_start_token_id: file.optional("decoder_start_token_id")?,
            use_cache: file.or("use_cache", default.use_cache)?,
        };
        config
            .check_with(&|key, reason| file.error(key, reason))
            .map(|()| config)
    }

    /// Checks that the settings are in range and do not contradict each other.
    ///
    /// # Errors
    /// [`Error::Config`] naming the setting, its value and what is allowed.
    pub fn check(&self) -> Result<()> {
        self.check_with(&refuse)
    }

    fn check_with(&self, refuse: &dyn Fn(&str, String) -> Error) -> Result<()> {
        for (key, value) in [
            ("num_beams", self.num_beams),
            ("num_return_sequences", self.num_return_sequences),
            ("max_new_tokens", self.max_new_tokens.unwrap_or(1)),
            ("max_length", self.max_length.unwrap_or(1)),
        ] {
            if value == 0 {
                return Err(refuse(key, "is 0, below 1".to_owned()));
            }
        }
        for (key, value) in [
            ("temperature", self.temperature),
            ("repetition_penalty", self.repetition_penalty),
        ] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(refuse(key, format!("is {value}, not a positive number")));
            }
        }
        if !(self.top_p > 0.0 && self.top_p <= 1.0) {
            return Err(refuse("top_p", format!("is {}, not in (0, 1]", self.top_p)));
        }
        if !self.length_penalty.is_finite() {
            let reason = format!("is {}, not finite", self.length_penalty);
            return Err(refuse("length_penalty", reason));
        }
        let (returned, beams) = (self.num_return_sequences, self.num_beams);
        if beams > 1 && self.do_sample {
            let reason = format!("is {beams} with `do_sample`: beams of samples are not supported");
            return Err(refuse("num_beams", reason));
        }
        if !self.do_sample && returned > beams {
            let reason = format!("is {returned}, above `num_beams` = {beams} without `do_sample`");
            return Err(refuse("num_return_sequences", reason));
        }
        for (key, id) in self.named_ids() {
            if id < 0 {
                return Err(refuse(key, format!("is {id}, below 0")));
            }
        }
        Ok(())
    }

    fn named_ids(&self) -> Vec<(&'static str, i64)> {
        let mut named = Vec::new();
        named.extend(self.eos_token_id.iter().map(|&id| ("eos_token_id", id)));
        let forced = self.forced_eos_token_id.iter();
        named.extend(forced.map(|&id| ("forced_eos_token_id", id)));
        named.extend(
            self.forced_bos_token_id
                .map(|id| ("forced_bos_token_id", id)),
        );
        named.extend(self.pad_token_id.map(|id| ("pad_token_id", id)));
        let start = self.decoder_start_token_id;
        named.extend(start.map(|id| ("decoder_start_token_id", id)));
        named
    }

    /// Checks that token ids lie in a vocabulary.
    pub(super) fn check_ids(&self, vocabulary: usize) -> Result<()> {
        for (key, id) in self.named_ids() {
            if id >= vocabulary as i64 {
                let reason = format!("is {id}, not below the vocabulary's size {vocabulary}");
                return Err(refuse(key, reason));
            }
        }
        Ok(())
    }

    /// What fills sequences that ended.
    pub(super) fn fill(&self) -> i64 {
        let eos = self.eos_token_id.first().copied();
        self.pad_token_id.or(eos).unwrap_or(0)
    }

    /// Settings from fields in memory; `origin` names them in errors.
    ///
    /// # Errors
    /// As [`GenerationConfig::from_file`].
    pub fn from_fields(origin: impl Into<String>, fields: Map<String, Value>) -> Result<Self> {
        Self::from_file(&ConfigFile::from_fields(origin, fields))
    }
}

pub(super) fn refuse(key: &str, reason: String) -> Error {
    Error::config("generation settings", key, reason)
}

/// One id or a list of them, each once.
fn ids(file: &ConfigFile, key: &str) -> Result<Vec<i64>> {
    let mut ids: Vec<i64> = match file.optional::<Value>(key)? {
        None => Vec::new(),
        Some(Value::Array(_)) => file.required(key)?,
        Some(_) => vec![file.required(key)?],
    };
    let mut seen = std::collections::HashSet::new();
    ids.retain(|id| seen.insert(*id));
    Ok(ids)
}
