//! Tensors by name, from one file or many.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;
use std::ffi::OsStr;
use std::fs::File;
use std::io::ErrorKind;
use std::ops::Range;
use std::path::{Path, PathBuf};

use burn::store::pytorch_reader::Tensor as TorchTensor;
use memmap2::Mmap;
use safetensors::Dtype;
use sha2::{Digest, Sha256};

use super::{convert, header, index, torch};
use crate::{Error, Result};

/// What is looked for in a directory, in this order.
const NAMES: [&str; 4] = [
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
];

/// The tensors of a checkpoint.
///
/// Opening reads and checks the headers only; safetensors files are mapped into memory, so a file
/// must not be changed in place while its source lives (replacing it, as [`save`](super::save)
/// does, is fine).
#[derive(Debug)]
pub struct TensorSource {
    path: PathBuf,
    files: Vec<OpenFile>,
    tensors: BTreeMap<String, Entry>,
    unlisted: Vec<String>,
}

#[derive(Debug)]
struct OpenFile {
    path: PathBuf,
    map: Option<Mmap>,
}

#[derive(Debug)]
struct Entry {
    dtype: Dtype,
    shape: Vec<usize>,
    file: usize,
    bytes: Bytes,
}

#[derive(Debug)]
enum Bytes {
    Mapped(Range<usize>),
    Torch(TorchTensor),
}

impl TensorSource {
    /// Opens a checkpoint directory, a `.safetensors`, `.bin`, `.pt` or `.pth` file, or the
    /// `.index.json` of a sharded one. In a directory the first that exists is taken:
    /// `model.safetensors`, `model.safetensors.index.json`, `pytorch_model.bin`,
    /// `pytorch_model.bin.index.json`.
    ///
    /// # Errors
    /// - [`Error::Io`] where the file system says no.
    /// - [`Error::Format`] for a file that is truncated, lies about its sizes or is something else,
    ///   and for an index that points outside its directory.
    /// - [`Error::Checkpoint`] for a directory without weights, a shard without a tensor that the
    ///   index says it has, and a tensor in two shards.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let kind = std::fs::metadata(path).map_err(|error| Error::io(path, error))?;
        let file = if kind.is_dir() {
            find(path)?
        } else {
            path.to_path_buf()
        };
        let mut source = Self {
            path: path.to_path_buf(),
            files: Vec::new(),
            tensors: BTreeMap::new(),
            unlisted: Vec::new(),
        };
        if file.extension() == Some(OsStr::new("json")) {
            source.add_shards(&file)?;
        } else {
            source.add(file)?;
        }
        Ok(source)
    }

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
    pub(super) fn same(&self, a: &str, b: &str) -> Result<bool> {
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
            text.push_str(&format!("{byte:02x}"));
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

    fn add_shards(&mut self, path: &Path) -> Result<()> {
        for (file, mut listed) in index::read(path)? {
            let shard = index::beside(path, &file);
            let found = self.add(shard.clone())?;
            listed.sort();
            let absent: Vec<_> = listed
                .iter()
                .filter(|name| found.binary_search(name).is_err())
                .map(|name| format!("`{name}`"))
                .collect();
            if !absent.is_empty() {
                return Err(Error::checkpoint(
                    shard,
                    format!(
                        "lacks what {} says it has: {}",
                        path.display(),
                        absent.join(", ")
                    ),
                ));
            }
            self.unlisted.extend(
                found
                    .into_iter()
                    .filter(|name| listed.binary_search(name).is_err()),
            );
        }
        Ok(())
    }

    /// Adds the tensors of one file and returns their names, sorted.
    fn add(&mut self, path: PathBuf) -> Result<Vec<String>> {
        let kind = std::fs::metadata(&path).map_err(|error| Error::io(&path, error))?;
        if !kind.is_file() {
            return Err(Error::format(&path, "is not a regular file"));
        }
        if kind.len() == 0 {
            return Err(Error::format(&path, "is empty (0 bytes)"));
        }
        let file = self.files.len();
        let (map, entries) = match path.extension().and_then(OsStr::to_str) {
            Some("safetensors") => {
                let (map, entries) = open_safetensors(&path, file)?;
                (Some(map), entries)
            }
            Some("bin" | "pt" | "pth") => {
                let tensors = torch::open(&path, kind.len())?;
                (None, torch_entries(tensors, file))
            }
            _ => {
                return Err(Error::format(
                    &path,
                    "is none of .safetensors, .bin, .pt, .pth, .index.json",
                ));
            }
        };
        self.files.push(OpenFile {
            path: path.clone(),
            map,
        });
        let mut names = Vec::with_capacity(entries.len());
        for (name, entry) in entries {
            match self.tensors.entry(name) {
                Slot::Vacant(slot) => {
                    names.push(slot.key().clone());
                    slot.insert(entry);
                }
                Slot::Occupied(slot) => {
                    let first = &self.files[slot.get().file].path;
                    return Err(Error::checkpoint(
                        path,
                        format!("tensor `{}` is also in {}", slot.key(), first.display()),
                    ));
                }
            }
        }
        names.sort();
        Ok(names)
    }
}

/// The fingerprint of the checkpoint at `path`: [`TensorSource::fingerprint`].
///
/// # Errors
/// As [`TensorSource::open`] and [`TensorSource::fingerprint`].
pub fn fingerprint(path: impl AsRef<Path>) -> Result<String> {
    TensorSource::open(path)?.fingerprint()
}

/// The first of [`NAMES`] in `directory`.
fn find(directory: &Path) -> Result<PathBuf> {
    for name in NAMES {
        let file = directory.join(name);
        match std::fs::metadata(&file) {
            Ok(_) => return Ok(file),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(Error::io(file, error)),
        }
    }
    Err(Error::checkpoint(
        directory,
        format!("holds none of {}", NAMES.join(", ")),
    ))
}

fn open_safetensors(path: &Path, file: usize) -> Result<(Mmap, Vec<(String, Entry)>)> {
    let handle = File::open(path).map_err(|error| Error::io(path, error))?;
    // SAFETY: the map is read only and private to the source. Another process that truncates the
    // file in place would end this one; the type's documentation forbids it.
    let map = unsafe { Mmap::map(&handle) }.map_err(|error| Error::io(path, error))?;
    let located = header::parse(&map).map_err(|reason| Error::format(path, reason))?;
    let entries = located
        .into_iter()
        .map(|tensor| {
            let entry = Entry {
                dtype: tensor.dtype,
                shape: tensor.shape,
                file,
                bytes: Bytes::Mapped(tensor.range),
            };
            (tensor.name, entry)
        })
        .collect();
    Ok((map, entries))
}

fn torch_entries(tensors: Vec<TorchTensor>, file: usize) -> Vec<(String, Entry)> {
    tensors
        .into_iter()
        .map(|tensor| {
            let entry = Entry {
                dtype: torch::dtype(tensor.dtype()),
                shape: tensor.shape().to_vec(),
                file,
                bytes: Bytes::Torch(tensor.clone()),
            };
            (tensor.name, entry)
        })
        .collect()
}
