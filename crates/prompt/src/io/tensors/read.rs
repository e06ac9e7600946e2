//! Reading.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use plm_core::files::safetensors::{Layout, LayoutError, Located, PREFIX, header_length};
use safetensors::Dtype;

use crate::{Error, PromptMatrix, Result};

/// An open safetensors file. Only its header is in memory.
#[derive(Debug)]
pub(in crate::io) struct TensorFile {
    path: PathBuf,
    file: File,
    layout: Layout,
}

impl TensorFile {
    /// Opens the file and checks its header against its length.
    pub(in crate::io) fn open(path: &Path) -> Result<Self> {
        let io = |error| Error::io(path, error);
        let mut file = File::open(path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        let format = |error: LayoutError| Error::format(path, error.to_string());
        let mut prefix = [0; PREFIX];
        if length >= PREFIX as u64 {
            file.read_exact(&mut prefix).map_err(io)?;
        }
        let claimed = header_length(prefix, length).map_err(format)?;
        let header = exactly(&mut file, claimed).map_err(io)?;
        let layout = Layout::parse(&header, length).map_err(format)?;
        Ok(Self {
            path: path.to_path_buf(),
            file,
            layout,
        })
    }

    /// The texts of the header.
    pub(in crate::io) fn metadata(&self) -> &BTreeMap<String, String> {
        &self.layout.metadata
    }

    /// The tensors in the order of their bytes.
    pub(in crate::io) fn tensors(&self) -> &[Located] {
        &self.layout.tensors
    }

    /// The tensor `name`.
    pub(in crate::io) fn find(&self, name: &str) -> Result<Located> {
        let found = self.tensors().iter().find(|tensor| tensor.name == name);
        found.cloned().ok_or_else(|| Error::NoEntry {
            path: self.path.clone(),
            key: name.to_owned(),
            available: self.names(),
        })
    }

    /// The bytes of `tensor`, little endian.
    pub(in crate::io) fn bytes(&mut self, tensor: &Located) -> Result<Vec<u8>> {
        let io = |error| Error::io(&self.path, error);
        let place = SeekFrom::Start(tensor.range.start);
        self.file.seek(place).map_err(io)?;
        exactly(&mut self.file, tensor.range.end - tensor.range.start).map_err(io)
    }

    /// The values of `tensor`, which is of 16-bit, 32-bit or 64-bit floats.
    pub(in crate::io) fn floats(&mut self, tensor: &Located) -> Result<Vec<f32>> {
        let bytes = self.bytes(tensor)?;
        to_f32(&bytes, tensor.dtype).ok_or_else(|| {
            let found = format!("of type {}", tensor.dtype);
            let expected = "a prompt is of type F16, BF16, F32 or F64";
            Error::entry(&self.path, &tensor.name, found, expected)
        })
    }

    /// The prompt that `tensor` holds.
    pub(in crate::io) fn matrix(&mut self, tensor: &Located) -> Result<PromptMatrix> {
        let [rows, width] = tensor.shape[..] else {
            let found = format!("of shape {:?}", tensor.shape);
            let expected = "a prompt has two axes, slots and width";
            return Err(Error::entry(&self.path, &tensor.name, found, expected));
        };
        let values = self.floats(tensor)?;
        checked(&self.path, &tensor.name, rows, width, values)
    }

    fn names(&self) -> String {
        names(self.tensors().iter().map(|tensor| tensor.name.as_str()))
    }
}

/// At most a dozen of `names` for a message.
fn names<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    const MOST: usize = 12;
    let count = names.len();
    let mut text = names.take(MOST).collect::<Vec<_>>().join(", ");
    match count {
        0 => "none".clone_into(&mut text),
        1..=MOST => {}
        _ => text.push_str(&format!(" and {} more", count - MOST)),
    }
    text
}

/// The prompt of `values`, with the file and the tensor in the text of what is wrong with it.
pub(in crate::io) fn checked(
    path: &Path,
    name: &str,
    rows: usize,
    width: usize,
    values: Vec<f32>,
) -> Result<PromptMatrix> {
    PromptMatrix::new(rows, width, values)
        .map_err(|error| Error::format(path, format!("tensor `{name}`: {error}")))
}

/// The next `length` bytes; `length` was checked against the file.
fn exactly(file: &mut File, length: u64) -> std::io::Result<Vec<u8>> {
    let length = usize::try_from(length).map_err(std::io::Error::other)?;
    let mut bytes = vec![0; length];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Little-endian floats as the nearest 32-bit floats; `None` for other types.
fn to_f32(bytes: &[u8], dtype: Dtype) -> Option<Vec<f32>> {
    fn each<const N: usize>(bytes: &[u8], read: impl Fn([u8; N]) -> f32) -> Vec<f32> {
        bytes.as_chunks().0.iter().map(|&item| read(item)).collect()
    }
    match dtype {
        Dtype::F16 => Some(each(bytes, |item| f16::from_le_bytes(item).to_f32())),
        Dtype::BF16 => Some(each(bytes, |item| bf16::from_le_bytes(item).to_f32())),
        Dtype::F32 => Some(each(bytes, f32::from_le_bytes)),
        Dtype::F64 => Some(each(bytes, |item| f64::from_le_bytes(item) as f32)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_float_type_is_read() {
        let value = 1.5_f32;
        let cases: [(Dtype, Vec<u8>); 4] = [
            (Dtype::F16, f16::from_f32(value).to_le_bytes().to_vec()),
            (Dtype::BF16, bf16::from_f32(value).to_le_bytes().to_vec()),
            (Dtype::F32, value.to_le_bytes().to_vec()),
            (Dtype::F64, f64::from(value).to_le_bytes().to_vec()),
        ];
        for (dtype, bytes) in cases {
            assert_eq!(to_f32(&bytes, dtype), Some(vec![value]), "{dtype}");
        }
        assert_eq!(to_f32(&[0; 4], Dtype::I32), None);
    }

    #[test]
    fn long_lists_of_names_are_cut() {
        assert_eq!(names([].into_iter()), "none");
        assert_eq!(names(["a", "b"].into_iter()), "a, b");
        assert!(names(["a"; 14].into_iter()).ends_with("a and 2 more"));
    }
}
