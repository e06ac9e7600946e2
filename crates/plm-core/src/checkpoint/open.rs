//! Opening checkpoints: which files there are and what they hold.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;
use std::ffi::OsStr;
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use burn::store::pytorch_reader::Tensor as TorchTensor;
use memmap2::Mmap;

use super::source::{Bytes, Entry, OpenFile, TensorSource};
use super::{index, torch};
use crate::files::safetensors::Layout;
use crate::{Error, Result};

/// What is looked for in a directory, in this order.
const NAMES: [&str; 4] = [
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
];

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
    let layout = Layout::of(&map).map_err(|error| Error::format(path, error.to_string()))?;
    let entries = (layout.tensors)
        .into_iter()
        .map(|tensor| {
            let entry = Entry {
                dtype: tensor.dtype,
                shape: tensor.shape,
                file,
                // The file is in memory: its places fit.
                bytes: Bytes::Mapped(tensor.range.start as usize..tensor.range.end as usize),
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
