//! Reading.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde_json::{Map, Value};

use super::adapter::PeftAdapter;
use super::multitask::Factors;
use super::settings::{PeftKind, Settings};
use super::{CONFIG, PROMPT, WEIGHTS};
use crate::io::tensors::{RawTensor, TensorFile, checked};
use crate::{Error, Result};

/// The most bytes of a file of settings.
const LONGEST_CONFIG: u64 = 1 << 20;

impl PeftAdapter {
    /// Reads the directory `directory`. Numbers of 16 bits are widened to 32.
    ///
    /// # Errors
    /// [`Error::Core`]; [`Error::Core`] for files that are cut short or not of their kind;
    /// [`Error::AdapterKind`] for adapters without a soft prompt; [`Error::Entry`] and
    /// [`Error::NoEntry`] naming the file, the setting or the tensor, its value and what may stand there.
    pub fn load(directory: impl AsRef<Path>) -> Result<Self> {
        let directory = directory.as_ref();
        let path = directory.join(CONFIG);
        let settings = Settings::parse(&path, read_settings(&path)?)?;
        let path = directory.join(WEIGHTS);
        if !path.exists() && directory.join("adapter_model.bin").exists() {
            let reason = "is missing beside adapter_model.bin, a file of PyTorch; save the adapter \
                          with safe_serialization, or read the prompt with the reader of \
                          checkpoints";
            return Err(Error::format(&path, reason));
        }
        let mut file = TensorFile::open(&path)?;
        let prompt = file.find(PROMPT)?;
        let [total, width] = sizes(&path, &settings, &prompt.shape)?;
        let mut values = file.floats(&prompt)?;
        let unused = values.split_off(settings.slots * width);
        checked(&path, PROMPT, total - settings.slots, width, unused.clone())?;
        let prompt = checked(&path, PROMPT, settings.slots, width, values)?;
        let factors = match settings.kind {
            PeftKind::MultitaskPromptTuning => Some(Factors::read(&path, &mut file, total, width)?),
            PeftKind::PromptTuning | PeftKind::PTuning => None,
        };
        let kept = kept(&path, &mut file, factors.is_some())?;
        Ok(Self {
            settings,
            prompt,
            unused,
            factors,
            kept,
        })
    }
}

fn read_settings(path: &Path) -> Result<Map<String, Value>> {
    let io = |error| Error::io(path, error);
    let mut text = Vec::new();
    let file = File::open(path).map_err(io)?;
    file.take(LONGEST_CONFIG + 1)
        .read_to_end(&mut text)
        .map_err(io)?;
    if text.len() as u64 > LONGEST_CONFIG {
        let reason = format!("more than {LONGEST_CONFIG} bytes, too many for settings");
        return Err(Error::format(path, reason));
    }
    serde_json::from_slice(&text)
        .map_err(|error| Error::format(path, format!("is no JSON object: {error}")))
}

/// Rows and width of the prompt of `shape`, checked against the settings.
fn sizes(path: &Path, settings: &Settings, shape: &[usize]) -> Result<[usize; 2]> {
    let slots = settings.slots;
    let fits = |total: usize| match settings.submodules {
        Some(submodules) => slots.checked_mul(submodules) == Some(total),
        None => total == slots || slots.checked_mul(2) == Some(total),
    };
    match *shape {
        [total, width]
            if width > 0 && fits(total) && settings.width.is_none_or(|given| given == width) =>
        {
            Ok([total, width])
        }
        _ => {
            let submodules = settings.submodules;
            let times = submodules.map_or("1 or 2".to_owned(), |times| times.to_string());
            let width = settings
                .width
                .map_or("any".to_owned(), |width| width.to_string());
            let expected = format!(
                "{CONFIG} says num_virtual_tokens {slots}, num_transformer_submodules {times} and \
                 token_dim {width}; their rows are the product of the first two"
            );
            Err(Error::entry(
                path,
                PROMPT,
                format!("of shape {shape:?}"),
                expected,
            ))
        }
    }
}

/// The tensors of the model. Wider types come first, so that all are aligned.
fn kept(path: &Path, file: &mut TensorFile, tasks: bool) -> Result<Vec<RawTensor>> {
    let mut kept = Vec::new();
    for tensor in file.tensors().to_vec() {
        let name = tensor.name.as_str();
        if name == PROMPT || tasks && Factors::NAMES.contains(&name) {
            continue;
        }
        if !name.starts_with("base_model.") {
            let expected = "an adapter has only its prompt and tensors `base_model.…`; remove it";
            return Err(Error::entry(path, name, "unknown", expected));
        }
        kept.push(RawTensor {
            bytes: file.bytes(&tensor)?,
            name: tensor.name,
            dtype: tensor.dtype,
            shape: tensor.shape,
        });
    }
    kept.sort_by(|a, b| (b.dtype.bitsize(), &a.name).cmp(&(a.dtype.bitsize(), &b.name)));
    Ok(kept)
}
