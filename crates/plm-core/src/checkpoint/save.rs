//! Saving a module as a Hugging Face directory.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsStr;
use std::path::{Component, Path};

use burn::module::Module;
use safetensors::Dtype;

use super::atomic::{Replacement, write_file};
use super::load::NonFinite;
use super::outgoing::{OutTensor, collect, write_tensors};
use super::table::KeyTable;
use crate::{Error, Result};

/// The type of the floats in a saved checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SaveDtype {
    /// 32 bits.
    #[default]
    F32,
    /// 16 bits; values above 65504 are refused.
    F16,
    /// 16 bits with the range of 32.
    Bf16,
}

impl SaveDtype {
    fn dtype(self) -> Dtype {
        match self {
            Self::F32 => Dtype::F32,
            Self::F16 => Dtype::F16,
            Self::Bf16 => Dtype::BF16,
        }
    }
}

/// What is saved beside the weights, and how.
#[derive(Debug, Clone)]
pub struct SaveOptions {
    dtype: SaveDtype,
    max_shard_bytes: u64,
    overwrite: bool,
    non_finite: NonFinite,
    companions: Vec<(String, Vec<u8>)>,
}

impl Default for SaveOptions {
    fn default() -> Self {
        Self {
            dtype: SaveDtype::F32,
            max_shard_bytes: u64::MAX,
            overwrite: true,
            non_finite: NonFinite::Refuse,
            companions: Vec::new(),
        }
    }
}

impl SaveOptions {
    /// One file of 32-bit floats; an existing checkpoint is replaced; NaN is refused.
    pub fn new() -> Self {
        Self::default()
    }

    /// The type of the floats in the files.
    pub fn dtype(mut self, dtype: SaveDtype) -> Self {
        self.dtype = dtype;
        self
    }

    /// The float type's name in `config.json`.
    pub fn dtype_name(&self) -> &'static str {
        match self.dtype {
            SaveDtype::F32 => "float32",
            SaveDtype::F16 => "float16",
            SaveDtype::Bf16 => "bfloat16",
        }
    }

    /// The most bytes of tensors in one file; a larger tensor has a file of its own. More than one
    /// file is written with an index, as `transformers` does.
    pub fn max_shard_bytes(mut self, bytes: u64) -> Self {
        self.max_shard_bytes = bytes;
        self
    }

    /// Whether an existing checkpoint is replaced (default) or an error.
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.overwrite = overwrite;
        self
    }

    /// What to do with NaN and infinite weights.
    pub fn non_finite(mut self, policy: NonFinite) -> Self {
        self.non_finite = policy;
        self
    }

    /// Adds a file: `config.json`, `tokenizer.json`, `1_Pooling/config.json`. It takes the place of the
    /// one that [`crate::models::Pretrained::save`] would write under its name.
    pub fn companion(mut self, name: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        self.companions.push((name.into(), content.into()));
        self
    }

    /// Whether a file called `name` was added.
    pub(crate) fn has_companion(&self, name: &str) -> bool {
        self.companions.iter().any(|(known, _)| known == name)
    }

    /// The first name under which a second file was added.
    pub(crate) fn repeated_companion(&self) -> Option<&str> {
        let mut seen = HashSet::new();
        let mut names = self.companions.iter().map(|(name, _)| name.as_str());
        names.find(|name| !seen.insert(*name))
    }
}

/// What was saved.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SaveReport {
    /// The names of the tensors, in the module's order.
    pub tensors: Vec<String>,
    /// The files that were written.
    pub files: Vec<String>,
    /// Bytes of all tensors.
    pub bytes: u64,
}

/// Writes `module` to the directory `dir` under the names of `table`.
///
/// All files are written to a new directory beside `dir`, flushed to disk, and only then put in
/// its place. A failure leaves what was there as it was. An existing directory must be empty or hold
/// a checkpoint. Files of the same names are replaced and weights of other names (shards, PyTorch
/// files) removed; everything else in it, folders included, is in the new directory before: by hard
/// links, or copied where the file system has none.
///
/// A process killed on the way leaves `dir` with all of the old or all of the new, and maybe a hidden
/// folder beside it. This holds where two directories can be exchanged in one step: on Linux and
/// Apple's systems, by most file systems. Elsewhere there is a moment without `dir`, when what it held
/// has a hidden name beside it that ends in `.old`.
///
/// # Errors
/// - [`Error::Io`] where the file system says no.
/// - [`Error::Checkpoint`] for parameters that the table does not know, values that are not finite
///   or do not fit the type, an existing `dir` that may not be replaced.
/// - [`Error::Invalid`] for a table that contradicts itself, or a companion file whose name leaves
///   the directory or is that of a weight file.
pub fn save<M: Module>(
    dir: impl AsRef<Path>,
    module: &M,
    table: &KeyTable<'_>,
    options: &SaveOptions,
) -> Result<SaveReport> {
    let dir = dir.as_ref();
    for (name, _) in &options.companions {
        check_companion(name)?;
    }
    let tensors = collect(dir, module, table, options.dtype.dtype())?;
    let place = Replacement::begin(dir, options.overwrite)?;
    let shards = split(&tensors, options.max_shard_bytes);
    let mut report = SaveReport {
        tensors: tensors.iter().map(|tensor| tensor.name.clone()).collect(),
        files: Vec::new(),
        bytes: tensors.iter().map(OutTensor::bytes).sum(),
    };
    let mut index = BTreeMap::new();
    for (number, shard) in shards.iter().enumerate() {
        let file = match shards.len() {
            1 => "model.safetensors".to_owned(),
            count => format!("model-{:05}-of-{count:05}.safetensors", number + 1),
        };
        write_tensors(&place.path().join(&file), shard, options.non_finite)?;
        index.extend(shard.iter().map(|tensor| (&tensor.name, file.clone())));
        report.files.push(file);
    }
    if shards.len() > 1 {
        let text = serde_json::json!({
            "metadata": { "total_size": report.bytes },
            "weight_map": index,
        });
        let file = "model.safetensors.index.json".to_owned();
        write_file(&place.path().join(&file), format!("{text:#}\n").as_bytes())?;
        report.files.push(file);
    }
    for (name, content) in &options.companions {
        write_file(&place.path().join(name), content)?;
        report.files.push(name.clone());
    }
    // The tokens it adds to a vocabulary are in the new definition.
    let tokenizer = options.has_companion("tokenizer.json");
    place.finish(|name| is_weights(name) || tokenizer && name == "added_tokens.json")?;
    Ok(report)
}

/// Whether loading a directory may read weights from a file of this name.
fn is_weights(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let shard = |part: &str| {
        part.strip_prefix('-')
            .and_then(|numbers| numbers.split_once("-of-"))
            .is_some_and(|(number, count)| digits(number) && digits(count))
    };
    [("model", ".safetensors"), ("pytorch_model", ".bin")]
        .into_iter()
        .filter_map(|(stem, ending)| Some((name.strip_prefix(stem)?, ending)))
        .any(|(rest, ending)| {
            let rest = rest.strip_suffix(".index.json").unwrap_or(rest);
            rest.strip_suffix(ending)
                .is_some_and(|part| part.is_empty() || shard(part))
        })
}

/// Fills files in order, each up to `limit` bytes.
fn split(tensors: &[OutTensor], limit: u64) -> Vec<Vec<&OutTensor>> {
    let mut shards = vec![Vec::new()];
    let mut filled = 0;
    for tensor in tensors {
        let bytes = tensor.bytes();
        let last = shards.len() - 1;
        if !shards[last].is_empty() && bytes > limit.saturating_sub(filled) {
            shards.push(vec![tensor]);
            filled = bytes;
        } else {
            shards[last].push(tensor);
            filled += bytes;
        }
    }
    shards
}

/// Refuses companion files that leave the directory or pass for weights.
fn check_companion(name: &str) -> Result<()> {
    let path = Path::new(name);
    let inside = !name.is_empty()
        && !name.ends_with('/')
        && path
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
    let weights = ["safetensors", "bin"]
        .iter()
        .any(|ending| path.extension().is_some_and(|found| found == *ending))
        || name.ends_with(".index.json");
    if inside && !weights {
        Ok(())
    } else {
        Err(Error::invalid(
            "companion file",
            format!("`{name}` must be a name inside the directory and not that of weights"),
        ))
    }
}
