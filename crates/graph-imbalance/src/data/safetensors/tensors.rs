//! The tensors of a file, by name.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use plm_core::files::npy::{Array, ArrayError, Element};
use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;

use crate::data::parts::of;
use crate::{Error, Result};

/// The tensors and the metadata of a file in memory.
pub(super) struct Tensors<'a> {
    tensors: SafeTensors<'a>,
    metadata: HashMap<String, String>,
    path: &'a Path,
    read: BTreeSet<String>,
}

/// A tensor's place, as far as it is looked at here.
#[derive(Deserialize)]
struct Place {
    data_offsets: Option<(u64, u64)>,
}

impl<'a> Tensors<'a> {
    /// The tensors in `bytes`, a file that errors call `path`.
    pub(super) fn new(bytes: &'a [u8], path: &'a Path) -> Result<Self> {
        let wrong = |reason: String| Error::format(path, reason);
        check_offsets(bytes).map_err(wrong)?;
        let tensors = SafeTensors::deserialize(bytes).map_err(|e| wrong(e.to_string()))?;
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| wrong(e.to_string()))?;
        Ok(Self {
            tensors,
            metadata: header.metadata().clone().unwrap_or_default(),
            path,
            read: BTreeSet::new(),
        })
    }

    /// Whether there is a tensor called `name`.
    pub(super) fn has(&self, name: &str) -> bool {
        self.tensors.tensor(name).is_ok()
    }

    /// The names of the tensors that nobody asked for, sorted.
    pub(super) fn unused(&self) -> Vec<String> {
        let names = self.tensors.names().into_iter().map(str::to_owned);
        let names: BTreeSet<String> = names.filter(|name| !self.read.contains(name)).collect();
        names.into_iter().collect()
    }

    /// What `view` makes of the tensor called `name`.
    pub(super) fn tensor<T>(
        &mut self,
        name: &str,
        view: impl FnOnce(&Array<'_>) -> Result<T, ArrayError>,
    ) -> Result<T> {
        let value = self.array(name).and_then(|array| view(&array));
        let value = of(self.path, name, value)?;
        self.read.insert(name.to_owned());
        Ok(value)
    }

    fn array(&self, name: &str) -> Result<Array<'a>, ArrayError> {
        let tensor = self.tensors.tensor(name).map_err(|e| e.to_string())?;
        let code = match tensor.dtype() {
            Dtype::BOOL => "b1",
            Dtype::U8 => "u1",
            Dtype::I8 => "i1",
            Dtype::I16 => "i2",
            Dtype::U16 => "u2",
            Dtype::I32 => "i4",
            Dtype::U32 => "u4",
            Dtype::I64 => "i8",
            Dtype::U64 => "u8",
            Dtype::F32 => "f4",
            Dtype::F64 => "f8",
            other => return Err(format!("numbers of type {other:?} are not read").into()),
        };
        let element = Element::new('<', code)?;
        let shape = tensor.shape().to_vec();
        Array::new(element, shape, false, tensor.data().into())
    }

    /// The number called `key` in the metadata.
    pub(super) fn number(&self, key: &str) -> Result<Option<usize>> {
        let parse = |text: &String| {
            let number = text.parse();
            of(
                self.path,
                key,
                number.map_err(|_| format!("{text:?} is no number")),
            )
        };
        self.metadata.get(key).map(parse).transpose()
    }

    /// The list of names called `key` in the metadata, which is empty or has `count` of them.
    pub(super) fn names(&self, key: &str, count: usize) -> Result<Vec<String>> {
        let Some(text) = self.metadata.get(key) else {
            return Ok(Vec::new());
        };
        let names: Result<Vec<String>, _> = serde_json::from_str(text);
        let names = of(self.path, key, names.map_err(|e| e.to_string()))?;
        if names.len() != count && !names.is_empty() {
            let reason = format!("`{key}`: {} names for {count}", names.len());
            return Err(Error::format(self.path, reason));
        }
        Ok(names)
    }
}

/// Refuses offsets beyond the file, which the crate `safetensors` adds up before it compares them.
fn check_offsets(bytes: &[u8]) -> Result<(), String> {
    let short = || "ends within its header".to_owned();
    let (length, rest) = bytes.split_first_chunk::<8>().ok_or_else(short)?;
    let length = u64::from_le_bytes(*length);
    let header = usize::try_from(length)
        .ok()
        .and_then(|length| rest.get(..length));
    let header = header.ok_or_else(short)?;
    let places: HashMap<String, Place> =
        serde_json::from_slice(header).map_err(|error| format!("header: {error}"))?;
    let limit = (rest.len() - header.len()) as u64;
    for (name, place) in places {
        if let Some((from, to)) = place.data_offsets
            && (from > to || to > limit)
        {
            return Err(format!("`{name}`: bytes {from} to {to} of {limit}"));
        }
    }
    Ok(())
}
