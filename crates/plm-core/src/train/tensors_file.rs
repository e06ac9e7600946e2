//! Named tensors in a safetensors file, bit for bit.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::{DType, TensorData};
use safetensors::tensor::{Dtype, SafeTensors, View, serialize_to_file};

use crate::{Error, Result};

/// Writes `tensors` to `path`.
///
/// # Errors
/// [`Error::Io`] or [`Error::Format`] where that fails or an element type has no name in the format.
pub(super) fn write(path: &Path, tensors: &BTreeMap<String, TensorData>) -> Result<()> {
    let mut views = Vec::with_capacity(tensors.len());
    for (name, data) in tensors {
        let dtype = match data.dtype() {
            DType::F64 => Dtype::F64,
            DType::F32 => Dtype::F32,
            DType::F16 => Dtype::F16,
            DType::BF16 => Dtype::BF16,
            DType::I64 => Dtype::I64,
            other => {
                return Err(Error::format(
                    path,
                    format!(
                        "tensor `{name}` has elements of type {other:?}, which cannot be saved"
                    ),
                ));
            }
        };
        views.push((name.as_str(), DataView { dtype, data }));
    }
    serialize_to_file(views, None, path).map_err(|error| Error::format(path, error.to_string()))
}

/// The tensors in `bytes`, read from `path`.
///
/// # Errors
/// [`Error::Format`] where they are not in safetensors format or of an element type that
/// [`write`] does not make.
pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<BTreeMap<String, TensorData>> {
    let file =
        SafeTensors::deserialize(bytes).map_err(|error| Error::format(path, error.to_string()))?;
    file.iter()
        .map(|(name, view)| {
            let (shape, data) = (view.shape().to_vec(), view.data());
            let data = match view.dtype() {
                Dtype::F64 => TensorData::new(numbers::<f64>(data), shape),
                Dtype::F32 => TensorData::new(numbers::<f32>(data), shape),
                Dtype::I64 => TensorData::new(numbers::<i64>(data), shape),
                Dtype::F16 => TensorData::new(numbers::<half::f16>(data), shape),
                Dtype::BF16 => TensorData::new(numbers::<half::bf16>(data), shape),
                other => {
                    return Err(Error::format(
                        path,
                        format!("tensor `{name}` has elements of type {other:?}"),
                    ));
                }
            };
            Ok((name.to_owned(), data))
        })
        .collect()
}

/// Copies little-endian numbers out of bytes of any alignment.
fn numbers<T: bytemuck::AnyBitPattern + bytemuck::NoUninit>(bytes: &[u8]) -> Vec<T> {
    bytemuck::pod_collect_to_vec(bytes)
}

struct DataView<'a> {
    dtype: Dtype,
    data: &'a TensorData,
}

impl View for DataView<'_> {
    fn dtype(&self) -> Dtype {
        self.dtype
    }
    fn shape(&self) -> &[usize] {
        self.data.shape().as_slice()
    }
    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(self.data.as_bytes())
    }
    fn data_len(&self) -> usize {
        self.data.as_bytes().len()
    }
}
