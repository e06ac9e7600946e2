//! Safetensors files with their metadata.
//!
//! The file is: length of the header (8 bytes, little endian), header (JSON: name -> type, shape,
//! first and last byte; under `__metadata__` texts), then the bytes of all tensors without gaps.
//! Written here because the crate `safetensors` reads only whole files, lets the last of two entries
//! of one name win, and writes the metadata in an order that differs from run to run.

mod header;
mod read;
mod write;

pub(super) use read::{TensorFile, checked};
pub(super) use write::{RawTensor, to_bytes};
