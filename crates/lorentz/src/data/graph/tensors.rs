//! The tensors of a safetensors file as lists of numbers.

use std::collections::HashMap;

use burn::tensor::DType;
use plm_core::graph::Scalar;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;

/// The tensors and the metadata of a file in memory. Errors are reasons without the file's name.
pub(crate) struct Tensors<'a> {
    tensors: SafeTensors<'a>,
    metadata: HashMap<String, String>,
}

type Reason<T> = Result<T, String>;

impl<'a> Tensors<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Reason<Self> {
        check_offsets(bytes)?;
        let tensors = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| error.to_string())?;
        Ok(Self {
            tensors,
            metadata: header.metadata().clone().unwrap_or_default(),
        })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.tensors.tensor(name).is_ok()
    }

    /// Shape and numbers of an integer tensor.
    pub(super) fn integers(&self, name: &str) -> Reason<(Vec<usize>, Vec<i64>)> {
        let tensor = self.tensor(name)?;
        let numbers = match tensor.dtype() {
            Dtype::I64 => parse(tensor.data(), i64::from_le_bytes).collect(),
            Dtype::I32 => parse(tensor.data(), |b| i64::from(i32::from_le_bytes(b))).collect(),
            Dtype::U8 | Dtype::BOOL => tensor.data().iter().map(|&b| i64::from(b)).collect(),
            other => return Err(format!("`{name}` has {other:?}, must have I64, I32 or U8")),
        };
        Ok((tensor.shape().to_vec(), numbers))
    }

    /// Shape and numbers of a float tensor; all of them finite.
    pub(super) fn floats(&self, name: &str) -> Reason<(Vec<usize>, Vec<f32>)> {
        let tensor = self.tensor(name)?;
        let numbers: Vec<f32> = match tensor.dtype() {
            Dtype::F32 => parse(tensor.data(), f32::from_le_bytes).collect(),
            Dtype::F64 => parse(tensor.data(), |b| f64::from_le_bytes(b) as f32).collect(),
            other => return Err(format!("`{name}` has {other:?}, must have F32 or F64")),
        };
        match numbers.iter().position(|number| !number.is_finite()) {
            Some(at) => Err(format!("`{name}`: number {at} is {}", numbers[at])),
            None => Ok((tensor.shape().to_vec(), numbers)),
        }
    }

    /// Shape and numbers of a tensor that must have the element type `T`.
    pub(crate) fn exactly<T: Scalar>(&self, name: &str) -> Reason<(Vec<usize>, Vec<T>)> {
        let tensor = self.tensor(name)?;
        let (found, expected) = (tensor.dtype(), dtype::<T>());
        if found != expected {
            return Err(format!("`{name}` has {found:?}, must have {expected:?}"));
        }
        let numbers = match expected {
            Dtype::F64 => parse(tensor.data(), |b| T::narrow(f64::from_le_bytes(b))).collect(),
            _ => {
                let single = |b| T::narrow(f64::from(f32::from_le_bytes(b)));
                parse(tensor.data(), single).collect()
            }
        };
        Ok((tensor.shape().to_vec(), numbers))
    }

    /// The names of all tensors, in order.
    pub(crate) fn names(&self) -> Vec<&str> {
        let mut names = self.tensors.names();
        names.sort_unstable();
        names
    }

    /// The text called `key` in the metadata.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.metadata.get(key).map(String::as_str)
    }

    /// The number called `key` in the metadata.
    pub(super) fn number(&self, key: &str) -> Reason<Option<usize>> {
        let text = self.metadata.get(key);
        text.map(|text| {
            text.parse()
                .map_err(|_| format!("metadata `{key}` is {text:?}, must be a number"))
        })
        .transpose()
    }

    fn tensor(&self, name: &str) -> Reason<TensorView<'_>> {
        let tensor = self.tensors.tensor(name);
        tensor.map_err(|error| format!("`{name}`: {error}"))
    }
}

/// The element type of `T`.
pub(crate) fn dtype<T: Scalar>() -> Dtype {
    match T::DTYPE {
        DType::F64 => Dtype::F64,
        _ => Dtype::F32,
    }
}

/// Numbers of `N` little-endian bytes each.
fn parse<const N: usize, T>(
    bytes: &[u8],
    number: impl Fn([u8; N]) -> T,
) -> impl Iterator<Item = T> {
    bytes.as_chunks::<N>().0.iter().map(move |&b| number(b))
}

/// Where a tensor lies.
#[derive(Deserialize)]
struct Place {
    data_offsets: Option<[u64; 2]>,
}

/// Refuses offsets outside the file; the parser computes with them before it compares.
fn check_offsets(bytes: &[u8]) -> Reason<()> {
    const SHORT: &str = "ends within its header";
    let (length, rest) = bytes.split_first_chunk::<8>().ok_or(SHORT)?;
    let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| SHORT)?;
    let header = rest.get(..length).ok_or(SHORT)?;
    let places: HashMap<String, Place> =
        serde_json::from_slice(header).map_err(|error| format!("header: {error}"))?;
    let limit = (rest.len() - length) as u64;
    for (name, place) in places {
        if let Some([from, to]) = place.data_offsets
            && !(from <= to && to <= limit)
        {
            return Err(format!("`{name}` lies at bytes {from} to {to} of {limit}"));
        }
    }
    Ok(())
}
