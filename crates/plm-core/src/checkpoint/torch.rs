//! `pytorch_model.bin` through a reader that interprets the pickle without executing it.
//!
//! The reader checks every length against the file, except that a compressed pickle inside an
//! archive may unpack to 100 MiB.

use std::io::{ErrorKind, Read};
use std::path::Path;

use burn::store::pytorch_reader::{DType, PytorchError, PytorchReader, Tensor};
use safetensors::Dtype;

use crate::{Error, Result};

/// Where a TAR archive has its magic, and the magic.
const TAR: (usize, &[u8]) = (257, b"ustar");

/// The tensors of the checkpoint at `path`, which holds `length` bytes.
///
/// # Errors
/// [`Error::Io`]; [`Error::Format`] for what is no checkpoint, and for tensors larger than the
/// file (views that repeat one element).
pub(super) fn open(path: &Path, length: u64) -> Result<Vec<Tensor>> {
    refuse_tar(path)?;
    let reader = PytorchReader::new(path).map_err(|error| match error {
        PytorchError::Io(source) => explain(path, source),
        other => Error::format(path, other.to_string()),
    })?;
    let mut tensors: Vec<_> = reader.into_tensors().into_values().collect();
    tensors.sort_by(|a, b| a.name.cmp(&b.name));
    for tensor in &tensors {
        let bytes = tensor.byte_len() as u64;
        if bytes > length {
            return Err(Error::format(
                path,
                format!(
                    "tensor `{}` of shape {:?} takes {bytes} bytes, the file holds {length}",
                    tensor.name,
                    tensor.shape()
                ),
            ));
        }
    }
    if tensors.is_empty() {
        return Err(Error::format(path, "holds no tensor"));
    }
    Ok(tensors)
}

/// The bytes of `tensor`, little endian.
///
/// # Errors
/// [`Error::Io`] and [`Error::Format`].
pub(super) fn read(path: &Path, tensor: &Tensor) -> Result<Vec<u8>> {
    let bytes = tensor.read().map_err(|source| explain(path, source))?;
    if cfg!(target_endian = "big") {
        return Err(Error::format(
            path,
            "PyTorch files are read on little-endian machines only",
        ));
    }
    Ok(bytes)
}

/// A file that ends early or contradicts itself is a mistake in the file, not in reading it.
fn explain(path: &Path, source: std::io::Error) -> Error {
    match source.kind() {
        ErrorKind::UnexpectedEof | ErrorKind::InvalidData => {
            Error::format(path, source.to_string())
        }
        _ => Error::io(path, source),
    }
}

/// Archives from before PyTorch 0.1.10 (2017): no such checkpoint is in use, and an entry of a TAR
/// file may claim any size.
fn refuse_tar(path: &Path) -> Result<()> {
    let mut start = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| {
            file.take((TAR.0 + TAR.1.len()) as u64)
                .read_to_end(&mut start)
        })
        .map_err(|error| Error::io(path, error))?;
    if start.get(TAR.0..) == Some(TAR.1) {
        return Err(Error::format(
            path,
            "TAR checkpoints (PyTorch before 0.1.10) are not read",
        ));
    }
    Ok(())
}

pub(super) fn dtype(dtype: DType) -> Dtype {
    match dtype {
        DType::F64 => Dtype::F64,
        DType::F32 => Dtype::F32,
        DType::F16 => Dtype::F16,
        DType::BF16 => Dtype::BF16,
        DType::I64 => Dtype::I64,
        DType::I32 => Dtype::I32,
        DType::I16 => Dtype::I16,
        DType::I8 => Dtype::I8,
        DType::U64 => Dtype::U64,
        DType::U32 => Dtype::U32,
        DType::U16 => Dtype::U16,
        DType::U8 => Dtype::U8,
        DType::Bool => Dtype::BOOL,
    }
}
