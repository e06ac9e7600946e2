//! Prompts in NumPy's `.npy` files, as google-research/prompt-tuning ships them.

mod header;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use self::header::Header;
use super::tensors::checked;
use crate::{Error, PromptMatrix, Result};

/// The prompt in the `.npy` file at `path`: an array of two axes, slots and width, of 32-bit or 64-bit
/// floats, in either byte order and in either order of its axes. Versions 1 to 3 of the format are read;
/// 64-bit floats are rounded to 32 bits.
///
/// # Errors
/// [`Error::Core`], and [`Error::Core`] where the file is no such array, is shorter or longer than its
/// header says, or holds a number that is not finite.
pub fn load_npy(path: impl AsRef<Path>) -> Result<PromptMatrix> {
    let path = path.as_ref();
    let io = |error| Error::io(path, error);
    let mut file = File::open(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    let mut start = Vec::new();
    let limit = Header::LIMIT as u64;
    file.by_ref()
        .take(limit)
        .read_to_end(&mut start)
        .map_err(io)?;
    let format = |reason| Error::format(path, reason);
    let header = Header::parse(&start).map_err(format)?;
    let size = header.size().map_err(format)?;
    if (header.length as u64).checked_add(size) != Some(length) {
        return Err(format(format!(
            "the header of {} bytes says that {size} follow, the file has {length}",
            header.length
        )));
    }
    let mut bytes = start.split_off(header.length);
    file.take(size.saturating_sub(bytes.len() as u64))
        .read_to_end(&mut bytes)
        .map_err(io)?;
    let [rows, width] = header.shape;
    let values = in_rows(header.numbers(&bytes), header.fortran.then_some(rows));
    checked(path, "npy", rows, width, values)
}

/// The values row by row; with `rows` they lie column by column.
fn in_rows(values: Vec<f32>, rows: Option<usize>) -> Vec<f32> {
    match rows {
        Some(rows) => (0..rows)
            .flat_map(|row| values.iter().skip(row).step_by(rows).copied())
            .collect(),
        None => values,
    }
}
