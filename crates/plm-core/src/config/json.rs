//! `config.json` as a file: parsing, typed access, keeping what we do not know.

use std::fmt::Debug;
use std::io::ErrorKind;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{Error, Result};

/// The file with a model's settings for generation.
pub(crate) const GENERATION_FILE: &str = "generation_config.json";

/// A `config.json`, with the name to use in errors, and the `generation_config.json` beside it.
#[derive(Debug, Clone)]
pub struct ConfigFile {
    origin: String,
    fields: Map<String, Value>,
    generation: Option<Vec<u8>>,
}

/// A configuration that can be read from and written to a `config.json`.
pub trait ModelConfig: Sized + Clone + PartialEq + Debug {
    /// Reads and checks the fields.
    ///
    /// # Errors
    /// [`Error::Config`] naming the file, the field, its value and what is allowed.
    fn from_file(file: &ConfigFile) -> Result<Self>;

    /// The fields as Hugging Face spells them, including `model_type`.
    fn to_fields(&self) -> Map<String, Value>;
}

impl ConfigFile {
    /// Reads `dir/config.json` and, where it exists, `dir/generation_config.json`.
    ///
    /// # Errors
    /// [`Error::Io`] if a file cannot be read, [`Error::Format`] if the first is not a JSON object.
    pub fn read(dir: impl AsRef<Path>) -> Result<Self> {
        let path = dir.as_ref().join("config.json");
        let text = std::fs::read(&path).map_err(|source| Error::io(&path, source))?;
        let beside = path.with_file_name(GENERATION_FILE);
        let generation = match std::fs::read(&beside) {
            Ok(content) => Some(content),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(Error::io(&beside, error)),
        };
        match serde_json::from_slice(&text) {
            Ok(Value::Object(fields)) => Ok(Self {
                origin: path.display().to_string(),
                fields,
                generation,
            }),
            Ok(_) => Err(Error::format(&path, "not a JSON object")),
            Err(error) => Err(Error::format(&path, error.to_string())),
        }
    }

    /// A configuration made in memory; `origin` names it in errors.
    pub fn from_fields(origin: impl Into<String>, fields: Map<String, Value>) -> Self {
        Self {
            origin: origin.into(),
            fields,
            generation: None,
        }
    }

    /// The file of a new model with these settings, which must be read back as they are; `origin`
    /// names it in errors.
    ///
    /// # Errors
    /// [`Error::Config`] for settings that do not hold together, [`Error::Invalid`] for those that the
    /// family's file has no field for.
    pub fn from_config<C: ModelConfig>(origin: impl Into<String>, config: &C) -> Result<Self> {
        let file = Self::from_fields(origin, config.to_fields());
        let kept = C::from_file(&file)?;
        if kept == *config {
            return Ok(file);
        }
        let (given, kept) = (format!("{config:#?}"), format!("{kept:#?}"));
        let lost: Vec<&str> = given
            .lines()
            .filter(|line| !kept.lines().any(|other| other == *line))
            .map(|line| line.trim().trim_end_matches(','))
            .collect();
        let lost = lost.join("`, `");
        let reason = format!("a `config.json` of its family cannot say `{lost}`");
        Err(Error::invalid(file.origin, reason))
    }

    /// The content of the `generation_config.json` beside the file, unread, where there is one.
    pub fn generation(&self) -> Option<&[u8]> {
        self.generation.as_deref()
    }

    /// All fields.
    pub fn fields(&self) -> &Map<String, Value> {
        &self.fields
    }

    /// The field `model_type`.
    ///
    /// # Errors
    /// [`Error::Config`] if it is missing or not a string.
    pub fn model_type(&self) -> Result<&str> {
        match self.fields.get("model_type") {
            Some(Value::String(name)) => Ok(name),
            Some(other) => Err(self.error("model_type", format!("is {other}, not a string"))),
            None => Err(self.error("model_type", "is missing")),
        }
    }

    /// Field `key`, which must be there.
    ///
    /// # Errors
    /// [`Error::Config`] if it is missing, null or of another type.
    pub fn required<T: DeserializeOwned>(&self, key: &str) -> Result<T> {
        self.optional(key)?
            .ok_or_else(|| self.error(key, "is missing"))
    }

    /// Field `key`, or `default` where it is missing or null.
    ///
    /// # Errors
    /// [`Error::Config`] if it is of another type.
    pub fn or<T: DeserializeOwned>(&self, key: &str, default: T) -> Result<T> {
        Ok(self.optional(key)?.unwrap_or(default))
    }

    /// Field `key`, if it is there and not null.
    ///
    /// # Errors
    /// [`Error::Config`] if it is of another type.
    pub fn optional<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        match self.fields.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => serde_json::from_value(value.clone())
                .map(Some)
                .map_err(|error| self.error(key, format!("is {value}: {error}"))),
        }
    }

    /// A token's id, or the first of a list of ids, if it is there and not null.
    ///
    /// # Errors
    /// [`Error::Config`] if it is of another type or an empty list.
    pub(super) fn token(&self, key: &str) -> Result<Option<usize>> {
        if !matches!(self.fields.get(key), Some(Value::Array(_))) {
            return self.optional(key);
        }
        match self.required::<Vec<usize>>(key)?.first() {
            Some(&id) => Ok(Some(id)),
            None => Err(self.error(key, "is an empty list")),
        }
    }

    /// A size: a required integer from 1 to 2³⁰.
    ///
    /// # Errors
    /// [`Error::Config`] if it is missing, not an integer or out of range.
    pub fn size(&self, key: &str) -> Result<usize> {
        let value: Value = self.required(key)?;
        match value.as_u64() {
            Some(size @ 1..=0x4000_0000) => Ok(size as usize),
            _ => Err(self.error(key, format!("is {value}, not an integer from 1 to 2^30"))),
        }
    }

    /// A number of layers: a required integer from 1 to 4,096. Models are built before their weights are
    /// looked at, so that the number alone must not take much memory.
    ///
    /// # Errors
    /// [`Error::Config`] if it is missing, not an integer or out of range.
    pub fn layers(&self, key: &str) -> Result<usize> {
        let value: Value = self.required(key)?;
        match value.as_u64() {
            Some(layers @ 1..=4096) => Ok(layers as usize),
            _ => Err(self.error(key, format!("is {value}, not an integer from 1 to 4096"))),
        }
    }

    /// A probability in `[0, 1)`, or `default` where it is missing.
    ///
    /// # Errors
    /// [`Error::Config`] if it is not a number or out of range.
    pub fn probability(&self, key: &str, default: f64) -> Result<f64> {
        let value: f64 = self.or(key, default)?;
        if (0.0..1.0).contains(&value) {
            Ok(value)
        } else {
            Err(self.error(key, format!("is {value}, not in [0, 1)")))
        }
    }

    /// Checks that `parts` (field `parts_key`) divides `whole` (field `whole_key`).
    ///
    /// # Errors
    /// [`Error::Config`] if it does not.
    pub fn check_divides(
        &self,
        parts_key: &str,
        parts: usize,
        whole_key: &str,
        whole: usize,
    ) -> Result<()> {
        if whole.is_multiple_of(parts) {
            return Ok(());
        }
        let reason = format!("is {parts}, which does not divide `{whole_key}` = {whole}");
        Err(self.error(parts_key, reason))
    }

    /// Sets field `key`.
    pub fn set(&mut self, key: &str, value: impl Into<Value>) {
        self.fields.insert(key.to_owned(), value.into());
    }

    /// Takes field `key` out.
    pub(crate) fn remove(&mut self, key: &str) {
        self.fields.remove(key);
    }

    /// Sets the number of classes, under transformers' default names `LABEL_0`, `LABEL_1`, ….
    pub fn set_num_labels(&mut self, num_labels: usize) {
        let names: Vec<String> = (0..num_labels).map(|id| format!("LABEL_{id}")).collect();
        self.set_labels(&names);
    }

    /// Sets the classes' names: `id2label` and `label2id`.
    pub fn set_labels(&mut self, names: &[String]) {
        let by_id: Map<String, Value> = names
            .iter()
            .enumerate()
            .map(|(id, name)| (id.to_string(), Value::from(name.as_str())))
            .collect();
        let by_name: Map<String, Value> = names
            .iter()
            .enumerate()
            .map(|(id, name)| (name.clone(), Value::from(id)))
            .collect();
        self.fields.insert("id2label".to_owned(), by_id.into());
        self.fields.insert("label2id".to_owned(), by_name.into());
        self.fields.remove("num_labels");
    }

    /// An [`Error::Config`] for field `key`.
    pub fn error(&self, key: &str, reason: impl Into<String>) -> Error {
        Error::config(&self.origin, key, reason)
    }

    /// The number of classes: the length of `id2label`, else `num_labels`, else 2 as in Hugging Face.
    ///
    /// # Errors
    /// [`Error::Config`] if either field is of another type.
    pub fn num_labels(&self) -> Result<usize> {
        if let Some(labels) = self.optional::<Map<String, Value>>("id2label")? {
            return Ok(labels.len());
        }
        self.or("num_labels", 2)
    }
}
