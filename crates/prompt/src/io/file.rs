//! Our own file of a prompt: one tensor, and what the prompt was made for in the metadata.
//!
//! | key | value |
//! |---|---|
//! | `format`, `format_version` | `plm-prompt`, `1` |
//! | `n`, `d` | slots and width, as the tensor `prompt` `[n, d]` has them |
//! | `backbone`, `config_hash` | name and hash of the frozen model |
//! | `style` | `zero_position` or `absolute` |
//! | `read_out` | `mask_slot` (also where it is missing), `first_slot` or `mask_token` |
//! | `label_words`, `label_ids` | JSON lists of equal length |
//! | `task`, `template`, `seed`, `steps`, `score` | where they are known |

use std::io::Write as _;
use std::path::Path;

use safetensors::Dtype;

use super::info::PromptInfo;
use super::taker::Taker;
use super::tensors::{RawTensor, TensorFile, to_bytes};
use crate::model::PromptModel;
use crate::{Error, PromptMatrix, Result};
use plm_core::files::write_atomic;

const FORMAT: &str = "plm-prompt";
const VERSION: u32 = 1;
const TENSOR: &str = "prompt";

/// A prompt and what it was made for.
#[derive(Debug, Clone, PartialEq)]
pub struct PromptFile {
    /// The prompt.
    pub prompt: PromptMatrix,
    /// What it was made for and how.
    pub info: PromptInfo,
}

impl PromptFile {
    /// Writes the file at `path` as a whole or not at all. The same prompt gives the same bytes.
    ///
    /// # Errors
    /// [`Error::Setting`] for information that the file could not give back, [`Error::NotFinite`] for a
    /// prompt with a number that [`load`](Self::load) would refuse, [`Error::Core`] where the file
    /// cannot be written; a file of that name is then left as it is.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        self.prompt.check_finite()?;
        let mut metadata = self.info.entries()?;
        for (key, value) in [
            ("format", FORMAT.to_owned()),
            ("format_version", VERSION.to_string()),
            ("n", self.prompt.rows().to_string()),
            ("d", self.prompt.width().to_string()),
        ] {
            metadata.insert(key.to_owned(), value);
        }
        let bytes = to_bytes(&metadata, &[RawTensor::prompt(TENSOR, &self.prompt)]);
        Ok(write_atomic(path.as_ref(), |file| file.write_all(&bytes))?)
    }

    /// Reads the file at `path`. Only what [`save`](Self::save) writes is accepted.
    ///
    /// # Errors
    /// [`Error::Core`]; [`Error::Core`] for what is no such file; [`Error::Entry`] and
    /// [`Error::NoEntry`] naming the key or the tensor, its value and what may stand there.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let mut file = TensorFile::open(path)?;
        let mut metadata = file.metadata().clone();
        let entries = &mut metadata;
        let mut taker = Taker { entries, path };
        let format = taker.entries.remove("format").unwrap_or_default();
        if format != FORMAT {
            let expected = "a prompt's file says `plm-prompt`; read other files of prompts by \
                            `load_safetensors_entry` or `PeftAdapter::load`";
            return Err(Error::entry(
                path,
                "format",
                format!("`{format}`"),
                expected,
            ));
        }
        let version = taker.number::<u32>("format_version", "a whole number")?;
        if version != Some(VERSION) {
            let found = version.map_or("missing".to_owned(), |version| version.to_string());
            let expected = format!("this version reads {VERSION}; newer files need a newer one");
            return Err(Error::entry(path, "format_version", found, expected));
        }
        let mut size = |key| {
            let size = taker.number::<usize>(key, "a whole number")?;
            size.ok_or_else(|| Error::entry(path, key, "missing", "a prompt's file must have it"))
        };
        let (n, d) = (size("n")?, size("d")?);
        let info = PromptInfo::take(&mut metadata, path)?;
        if let Some((key, value)) = metadata.pop_first() {
            let expected = format!("version {VERSION} has no such key; remove it");
            return Err(Error::entry(path, key, format!("`{value}`"), expected));
        }
        let tensor = file.find(TENSOR)?;
        if tensor.shape != [n, d] || tensor.dtype != Dtype::F32 {
            let found = format!("of type {} and shape {:?}", tensor.dtype, tensor.shape);
            let expected = format!("the metadata says F32 and [{n}, {d}]");
            return Err(Error::entry(path, TENSOR, found, expected));
        }
        if let Some(other) = file.tensors().iter().find(|other| other.name != TENSOR) {
            let expected = "a prompt's file has only the tensor `prompt`";
            return Err(Error::entry(path, &other.name, "one more tensor", expected));
        }
        let prompt = file.matrix(&tensor)?;
        Ok(Self { prompt, info })
    }

    /// Checks that `model` reads prompts as this one was trained to be read: of this width and, where
    /// the model leaves a choice, of this style with the answer at this place. It cannot tell one model
    /// from another of the same form: [`check_backbone`](Self::check_backbone) does.
    ///
    /// # Errors
    /// [`Error::Backbone`] with both values and what to do.
    pub fn check_model<M: PromptModel>(&self, model: &M) -> Result<()> {
        self.check_width(model.width())?;
        let Some((style, read_out)) = model.layout() else {
            return Ok(());
        };
        let fix = "give the model the layout of the prompt (`with_layout`)";
        for (what, prompt, model) in [
            ("the style", self.info.style.name(), style.name()),
            ("the answer at", self.info.read_out.name(), read_out.name()),
        ] {
            if prompt != model {
                return Err(Error::Backbone {
                    what,
                    prompt: format!("`{prompt}`"),
                    model: format!("`{model}`"),
                    fix,
                });
            }
        }
        Ok(())
    }

    fn check_width(&self, width: usize) -> Result<()> {
        if self.prompt.width() == width {
            return Ok(());
        }
        Err(Error::Backbone {
            what: "the width",
            prompt: self.prompt.width().to_string(),
            model: width.to_string(),
            fix: "a prompt fits hidden states of its own width only; project it to this model or \
                  train one",
        })
    }

    /// Checks that the prompt was made for the model called `name` that has the hash `hash`, is
    /// `width` numbers wide, and has `rows` slots where a number of slots is given. Nothing is ever
    /// cut, repeated or broadcast.
    ///
    /// # Errors
    /// [`Error::Backbone`] with both values and what to do.
    pub fn check_backbone(
        &self,
        name: &str,
        hash: &str,
        width: usize,
        rows: Option<usize>,
    ) -> Result<()> {
        self.info.check_backbone(name, hash)?;
        self.check_width(width)?;
        match rows {
            Some(rows) if rows != self.prompt.rows() => Err(Error::Backbone {
                what: "the number of slots",
                prompt: self.prompt.rows().to_string(),
                model: rows.to_string(),
                fix: "set the number of slots to that of the prompt",
            }),
            _ => Ok(()),
        }
    }
}
