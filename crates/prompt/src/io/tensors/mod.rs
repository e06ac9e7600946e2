//! Safetensors files with their metadata.
//!
//! Written here because the crate `safetensors` reads only whole files, and writes the metadata in an
//! order that differs from run to run.

mod read;
mod write;

pub(super) use read::{TensorFile, checked};
pub(super) use write::{RawTensor, to_bytes};
