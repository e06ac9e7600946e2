//! What the tests share.

mod entries;
mod file;
mod file_wrong;
mod hostile;
mod npy;
mod peft;
mod peft_kinds;
mod peft_wrong;
mod torch;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use burn::module::Param;
use burn::tensor::Tensor;
use plm_prompt::io::load_safetensors_entry;
use plm_prompt::{PromptMatrix, SoftPrompt};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, serialize};

use super::support::devices;

/// The file `name` of the fixtures.
fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

/// The tensor `key` of the expected values in the fixture `folder`.
fn expected(folder: &str, key: &str) -> PromptMatrix {
    load_safetensors_entry(fixture(folder).join("expected.safetensors"), key).unwrap()
}

/// A prompt whose numbers all differ.
fn prompt(rows: usize, width: usize) -> PromptMatrix {
    let values = (0..rows * width).map(|at| at as f32 / 8.0 - 1.0);
    PromptMatrix::new(rows, width, values.collect()).unwrap()
}

/// A prompt that training has driven beyond all numbers.
fn diverged(rows: usize, width: usize) -> PromptMatrix {
    let (_, device) = devices().remove(0);
    let vectors = Tensor::<2>::full([rows, width], f32::INFINITY, &device);
    let source = SoftPrompt {
        vectors: Param::from_tensor(vectors),
    };
    source.to_matrix()
}

/// Bytes of 32-bit floats.
fn bytes(values: &[f32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

/// A safetensors file written by the crate `safetensors`.
fn tensors(
    metadata: &[(String, String)],
    tensors: &[(&str, Dtype, Vec<usize>, Vec<u8>)],
) -> Vec<u8> {
    let views = tensors.iter().map(|(name, dtype, shape, bytes)| {
        (
            *name,
            TensorView::new(*dtype, shape.clone(), bytes).unwrap(),
        )
    });
    let metadata: HashMap<String, String> = metadata.iter().cloned().collect();
    // The crate writes no valid header where there is neither a text nor a tensor.
    let metadata = (!metadata.is_empty()).then_some(metadata);
    serialize(views, metadata).unwrap()
}
