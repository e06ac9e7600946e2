//! The arrays of an npz archive, by name.

use std::collections::BTreeSet;
use std::io::{Cursor, Read};
use std::path::Path;

use plm_core::files::npy::{Array, ArrayError, Header};
use zip::ZipArchive;

use crate::data::expand;
use crate::{Error, Result};

/// An archive in memory.
pub(super) struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    read: BTreeSet<String>,
    /// Bytes that may still be unpacked.
    left: u64,
}

impl<'a> Archive<'a> {
    /// The archive in `bytes`, a file that errors call `path`.
    pub(super) fn new(bytes: &'a [u8], path: &Path) -> Result<Self> {
        let zip = ZipArchive::new(Cursor::new(bytes));
        let zip = zip.map_err(|error| Error::format(path, error.to_string()))?;
        Ok(Self {
            zip,
            read: BTreeSet::new(),
            left: expand::limit(bytes.len()),
        })
    }

    /// Whether there is an array called `name`.
    pub(super) fn has(&self, name: &str) -> bool {
        self.zip.index_for_name(&member(name)).is_some()
    }

    /// The names of all arrays, sorted.
    pub(super) fn names(&self) -> Vec<String> {
        let name = |file: &str| file.strip_suffix(".npy").unwrap_or(file).to_owned();
        let names: BTreeSet<String> = self.zip.file_names().map(name).collect();
        names.into_iter().collect()
    }

    /// The names of the arrays that nobody asked for, sorted.
    pub(super) fn unused(&self) -> Vec<String> {
        let mut names = self.names();
        names.retain(|name| !self.read.contains(name));
        names
    }

    /// What `view` makes of the array called `name`.
    ///
    /// # Errors
    /// [`Error::Core`] naming the array where it is missing, damaged or too large, or `view` says so.
    pub(super) fn array<T>(
        &mut self,
        name: &str,
        view: impl FnOnce(&Array<'_>) -> Result<T, ArrayError>,
    ) -> Result<T> {
        let array = self.load(name).and_then(|array| view(&array));
        let value =
            array.map_err(|reason| Error::invalid(format!("`{name}`"), reason.to_string()))?;
        self.read.insert(name.to_owned());
        Ok(value)
    }

    fn load(&mut self, name: &str) -> Result<Array<'static>, ArrayError> {
        let told = |error: &dyn std::error::Error| error.to_string();
        let mut file = self.zip.by_name(&member(name)).map_err(|e| told(&e))?;
        let mut bytes = Vec::new();
        let mut unpack = |bytes: &mut Vec<u8>, limit: usize| {
            let room = limit.saturating_sub(bytes.len()) as u64;
            (&mut file)
                .take(room)
                .read_to_end(bytes)
                .map_err(|e| told(&e))
        };
        unpack(&mut bytes, Header::LIMIT)?;
        let header = Header::parse(&bytes)?;
        let total = header
            .data_length()
            .and_then(|length| length.checked_add(header.length))
            .filter(|&total| total as u64 <= self.left)
            .ok_or_else(|| {
                let (shape, left) = (&header.shape, self.left);
                format!("a shape of {shape:?}, for an archive that may expand to {left} more bytes")
            })?;
        self.left -= total as u64;
        // One byte more shows that there are too many, and the end of the file its checksum.
        unpack(&mut bytes, total.saturating_add(1))?;
        bytes.drain(..header.length.min(bytes.len()));
        Array::new(header.element, header.shape, header.fortran, bytes.into())
    }
}

fn member(name: &str) -> String {
    format!("{name}.npy")
}
