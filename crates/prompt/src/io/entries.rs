//! Prompts as tensors of a safetensors file, one for each task.

use std::path::{Path, PathBuf};

use safetensors::Dtype;

use super::tensors::TensorFile;
use crate::{PromptMatrix, Result};

/// A tensor that can be read as a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Name of the tensor.
    pub name: String,
    /// Number of slots.
    pub rows: usize,
    /// Numbers of a slot.
    pub width: usize,
}

/// The tensors of the safetensors file at `path` that can be read as prompts, by name: those of floats
/// with two axes.
///
/// # Errors
/// [`Error::Core`](crate::Error::Core), and [`Error::Core`](crate::Error::Core) for what is no
/// safetensors file.
pub fn list_entries(path: impl AsRef<Path>) -> Result<Vec<Entry>> {
    let file = TensorFile::open(path.as_ref())?;
    let mut entries: Vec<Entry> = file
        .tensors()
        .iter()
        .filter_map(|tensor| match (tensor.dtype, &tensor.shape[..]) {
            (Dtype::F16 | Dtype::BF16 | Dtype::F32 | Dtype::F64, &[rows, width]) => Some(Entry {
                name: tensor.name.clone(),
                rows,
                width,
            }),
            _ => None,
        })
        .collect();
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}

/// The prompt in the tensor `key` of the safetensors file at `path`. No other tensor is read.
///
/// # Errors
/// [`Error::Core`](crate::Error::Core), [`Error::Core`](crate::Error::Core) for what is no safetensors
/// file or holds a number that is not finite, [`Error::NoEntry`](crate::Error::NoEntry) listing the
/// tensors where `key` is none, [`Error::Entry`](crate::Error::Entry) where it is no matrix of floats.
pub fn load_safetensors_entry(path: impl AsRef<Path>, key: &str) -> Result<PromptMatrix> {
    let mut file = TensorFile::open(path.as_ref())?;
    let tensor = file.find(key)?;
    file.matrix(&tensor)
}

/// Splits `FILE.safetensors#NAME` into the file and the name; without a name, `place` is the file.
///
/// ```
/// # use plm_prompt::io::split_entry;
/// let (file, name) = split_entry("prompts/t5.safetensors#squad");
/// assert_eq!((file.to_str(), name), (Some("prompts/t5.safetensors"), Some("squad")));
/// assert_eq!(split_entry("a#b/t5.safetensors").1, None);
/// ```
pub fn split_entry(place: &str) -> (PathBuf, Option<&str>) {
    match place.rsplit_once(".safetensors#") {
        Some((stem, name)) => (PathBuf::from(format!("{stem}.safetensors")), Some(name)),
        None => (PathBuf::from(place), None),
    }
}
