//! Writing.

use std::collections::BTreeMap;

use safetensors::Dtype;
use serde_json::{Map, Value, json};

use crate::PromptMatrix;

/// A tensor as its file has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::io) struct RawTensor {
    /// Its name.
    pub(in crate::io) name: String,
    /// Type of its elements.
    pub(in crate::io) dtype: Dtype,
    /// Its axes.
    pub(in crate::io) shape: Vec<usize>,
    /// Its bytes, little endian.
    pub(in crate::io) bytes: Vec<u8>,
}

impl RawTensor {
    /// 32-bit floats of `shape`.
    pub(in crate::io) fn floats(name: &str, shape: &[usize], values: &[f32]) -> Self {
        Self {
            name: name.to_owned(),
            dtype: Dtype::F32,
            shape: shape.to_vec(),
            bytes: values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect(),
        }
    }

    /// A prompt.
    pub(in crate::io) fn prompt(name: &str, prompt: &PromptMatrix) -> Self {
        Self::floats(name, &[prompt.rows(), prompt.width()], prompt.values())
    }
}

/// The file of `tensors`, in their order. The same tensors give the same bytes.
pub(in crate::io) fn to_bytes(
    metadata: &BTreeMap<String, String>,
    tensors: &[RawTensor],
) -> Vec<u8> {
    let mut header = Map::new();
    header.insert("__metadata__".to_owned(), json!(metadata));
    let mut end = 0;
    for tensor in tensors {
        let offsets = [end, end + tensor.bytes.len()];
        end = offsets[1];
        let place = json!({
            "dtype": tensor.dtype, "shape": tensor.shape, "data_offsets": offsets,
        });
        header.insert(tensor.name.clone(), place);
    }
    let mut header = Value::from(header).to_string();
    let aligned = header.len().next_multiple_of(8);
    header.extend(std::iter::repeat_n(' ', aligned - header.len()));
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.into_bytes());
    for tensor in tensors {
        file.extend(&tensor.bytes);
    }
    file
}
