//! Whole files.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use super::{Array, Header};
use crate::files::write_atomic;
use crate::{Error, Result};

/// What the header's length is a multiple of, so that the elements can be mapped into memory.
const ALIGNMENT: usize = 64;

/// The array in the `.npy` file at `path`. It takes as much memory as the file.
///
/// # Errors
/// [`Error::Io`]; [`Error::Format`] where the file is no array of numbers, or is shorter or longer than
/// its header says.
pub fn read(path: impl AsRef<Path>) -> Result<Array<'static>> {
    let path = path.as_ref();
    let io = |error| Error::io(path, error);
    let file = File::open(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    let mut bytes = Vec::new();
    let limit = Header::LIMIT as u64;
    (&file).take(limit).read_to_end(&mut bytes).map_err(io)?;
    let header = Header::parse(&bytes).map_err(|error| Error::format(path, error.to_string()))?;
    let size = header.data_length();
    let total = size.and_then(|size| size.checked_add(header.length));
    if total.map(|total| total as u64) != Some(length) {
        let size = size.map_or("more bytes than can be counted".to_owned(), |s| {
            s.to_string()
        });
        return Err(Error::format(
            path,
            format!(
                "the header of {} bytes says that {size} follow, the file has {length}",
                header.length
            ),
        ));
    }
    file.take(length - bytes.len() as u64)
        .read_to_end(&mut bytes)
        .map_err(io)?;
    bytes.drain(..header.length);
    Array::new(header.element, header.shape, header.fortran, bytes.into())
        .map_err(|error| Error::format(path, error.to_string()))
}

/// Writes `values`, the table of `shape` (rows, columns) row by row, to `path` as NumPy's `save` does.
///
/// # Errors
/// [`Error::Invalid`] where there are not as many values as the table has places; [`Error::Io`], and
/// then the old file is still there.
pub fn write_f32(path: impl AsRef<Path>, shape: [usize; 2], values: &[f32]) -> Result<()> {
    let [rows, columns] = shape;
    if rows.checked_mul(columns) != Some(values.len()) {
        let reason = format!("{} for a table of {rows} x {columns}", values.len());
        return Err(Error::invalid("values", reason));
    }
    let start: &[u8] = b"\x93NUMPY\x01\x00";
    let mut text =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    // The start, two bytes for the text's length, the text and its line end.
    let length = start.len() + 2 + text.len() + 1;
    let blanks = length.next_multiple_of(ALIGNMENT) - length;
    text.extend(std::iter::repeat_n(' ', blanks));
    text.push('\n');
    write_atomic(path, |file| {
        file.write_all(start)?;
        // Two numbers of at most 20 digits: the text is far below the limit of two bytes.
        file.write_all(&(text.len() as u16).to_le_bytes())?;
        file.write_all(text.as_bytes())?;
        values
            .iter()
            .try_for_each(|value| file.write_all(&value.to_le_bytes()))
    })
}
