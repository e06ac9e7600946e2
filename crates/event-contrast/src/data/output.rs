//! Writing JSON lines as a whole or not at all.

use std::io::{self, Write};
use std::path::Path;

use plm_core::files::write_atomic;
use serde::Serialize;

use crate::Result;

/// Writes one value per line.
pub(super) fn write_lines<T: Serialize>(
    path: &Path,
    values: impl IntoIterator<Item = T>,
) -> Result<()> {
    write_atomic(path, |writer| {
        for value in values {
            serde_json::to_writer(&mut *writer, &value).map_err(io::Error::from)?;
            writer.write_all(b"\n")?;
        }
        Ok(())
    })?;
    Ok(())
}
