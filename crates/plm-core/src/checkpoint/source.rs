//! Tensors by name, from one file or many.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};

use burn::store::pytorch_reader::Tensor as TorchTensor;
use memmap2::Mmap;
use safetensors::Dtype;
use sha2::{Digest, Sha256};

use super::{convert, torch};
use crate::{Error, Result};

/// The tensors of a checkpoint.
///
/// Opening reads and checks the headers only; safetensors files are mapped into memory, so a file
/// must not be changed in place while its source lives (replacing it, as [`save`](super::save)
/// does, is fine).
#[derive(Debug)]
pub struct TensorSource {
    pub(super) path: PathBuf,
    pub(super) files: Vec<OpenFile>,
    pub(super) tensors: BTreeMap<String, Entry>,
    pub(super) unlisted: Vec<String>,
}

/// One file of a checkpoint.
#[derive(Debug)]
pub(super) struct OpenFile {
    pub(super) path: PathBuf,
    /// Its bytes, if it is a safetensors file.
    pub(super) map: Option<Mmap>,
}

/// One tensor of a checkpoint.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) dtype: Dtype,
    pub(super) shape: Vec<usize>,
    /// Position of its file in the source.
    pub(super) file: usize,
    pub(super) bytes: Bytes,
}

/// Where the bytes of a tensor are.
#[derive(Debug)]
pub(super) enum Bytes {
    /// In the mapped file.
    Mapped(Range<usize>),
    /// Behind the reader of PyTorch files.
    Torch(TorchTensor),
}

impl TensorSource {
    /// What was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The files that hold the tensors.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|file| file.path.as_path())
    }

    /// The names of all tensors, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// How many tensors there are.
    pub fn len(&self) -> usize {
        self.tensors.len()
    }

    /// Whether there is no tensor.
    pub fn is_empty(&self) -> bool {
        self.tensors.is_empty()
    }

    /// Whether there is a tensor `name`.
    pub fn contains(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// The shape of tensor `name` as it lies in the file.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(|entry| entry.shape.as_slice())
    }

    /// The type of the elements of tensor `name` in the file.
    pub fn dtype(&self, name: &str) -> Option<Dtype> {
        self.tensors.get(name).map(|entry| entry.dtype)
    }

    /// The name of the file that holds tensor `name`.
    pub(super) fn file_name(&self, name: &str) -> Option<String> {
        let file = self.file(self.tensors.get(name)?).file_name()?;
        Some(file.to_string_lossy().into_owned())
    }

    /// Tensors that lie in a shard but not in the index. They can be read like the others.
    pub fn unlisted(&self) -> &[String] {
        &self.unlisted
    }

    /// The values of tensor `name`, row by row. F16, BF16 and F64 are converted.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] where there is no such tensor or it does not hold floats;
    /// [`Error::Io`] and [`Error::Format`] where its bytes cannot be read.
    pub fn read_f32(&self, name: &str) -> Result<Vec<f32>> {
        let entry = self.entry(name)?;
        let bytes = self.bytes(entry)?;
        convert::to_f32(&bytes, entry.dtype).ok_or_else(|| self.wrong_type(name, entry, "floats"))
    }

    /// The transpose of matrix `name`, row by row: `[columns, rows]` for a shape `[rows, columns]`
    /// in the file.
    ///
    /// # Errors
    /// As [`read_f32`](Self::read_f32); also [`Error::Checkpoint`] where it is not a matrix.
    pub fn read_f32_transposed(&self, name: &str) -> Result<Vec<f32>> {
        let entry = self.entry(name)?;
        let [rows, _] = entry.shape[..] else {
            return Err(Error::checkpoint(
                self.file(entry),
                format!("`{name}` of shape {:?} is not a matrix", entry.shape),
            ));
        };
        let bytes = self.bytes(entry)?;
        convert::to_f32_transposed(&bytes, entry.dtype, rows)
            .ok_or_else(|| self.wrong_type(name, entry, "floats"))
    }

    /// The values of tensor `name` of integers or booleans (0 and 1).
    ///
    /// # Errors
    /// As [`read_f32`](Self::read_f32), and [`Error::Checkpoint`] for a value above the largest
    /// 64-bit integer.
    pub fn read_i64(&self, name: &str) -> Result<Vec<i64>> {
        let entry = self.entry(name)?;
        let bytes = self.bytes(entry)?;
        convert::to_i64(&bytes, entry.dtype)
            .ok_or_else(|| self.wrong_type(name, entry, "integers"))?
            .map_err(|value| {
                Error::checkpoint(
                    self.file(entry),
                    format!("`{name}` holds {value}, above the limit {}", i64::MAX),
                )
            })
    }

    /// Whether two tensors hold the same values in the same shape.
    pub(crate) fn same(&self, a: &str, b: &str) -> Result<bool> {
        let (first, second) = (self.entry(a)?, self.entry(b)?);
        if first.shape != second.shape {
            return Ok(false);
        }
        if first.dtype == second.dtype {
            return Ok(self.bytes(first)? == self.bytes(second)?);
        }
        Ok(self.read_f32(a)? == self.read_f32(b)?)
    }

    /// A hash of the names, types, shapes and values of all tensors (SHA-256 in hexadecimal). It
    /// does not depend on the kind of file or on how tensors are spread over files.
    ///
    /// # Errors
    /// [`Error::Io`] and [`Error::Format`] where the bytes cannot be read.
    pub fn fingerprint(&self) -> Result<String> {
        let mut hash = Sha256::new();
        for (name, entry) in &self.tensors {
            hash.update((name.len() as u64).to_le_bytes());
            hash.update(name);
            hash.update(format!("{}{:?}", entry.dtype, entry.shape));
            hash.update(self.bytes(entry)?);
        }
        let mut text = String::with_capacity(64);
        for byte in hash.finalize() {
            let _ = write!(text, "{byte:02x}");
        }
        Ok(text)
    }

    fn entry(&self, name: &str) -> Result<&Entry> {
        self.tensors
            .get(name)
            .ok_or_else(|| Error::checkpoint(&self.path, format!("no tensor `{name}`")))
    }

    fn file(&self, entry: &Entry) -> &Path {
        &self.files[entry.file].path
    }

    fn bytes<'s>(&'s self, entry: &'s Entry) -> Result<Cow<'s, [u8]>> {
        let file = &self.files[entry.file];
        match (&entry.bytes, &file.map) {
            (Bytes::Mapped(range), Some(map)) => Ok(Cow::Borrowed(&map[range.clone()])),
            (Bytes::Mapped(_), None) => unreachable!("mapped tensors come from mapped files"),
            (Bytes::Torch(tensor), _) => Ok(Cow::Owned(torch::read(&file.path, tensor)?)),
        }
    }

    fn wrong_type(&self, name: &str, entry: &Entry, wanted: &str) -> Error {
        Error::checkpoint(
            self.file(entry),
            format!("`{name}` is of type {}, not {wanted}", entry.dtype),
        )
    }
}

/// The fingerprint of the checkpoint at `path`: [`TensorSource::fingerprint`].
///
/// # Errors
/// As [`TensorSource::open`] and [`TensorSource::fingerprint`].
pub fn fingerprint(path: impl AsRef<Path>) -> Result<String> {
    TensorSource::open(path)?.fingerprint()
}
