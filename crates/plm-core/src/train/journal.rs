//! Metrics as JSON lines.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::{Error, Result};

/// A file of JSON lines that grows by whole lines and can be cut back to where a checkpoint was.
#[derive(Debug)]
pub struct MetricsWriter {
    path: PathBuf,
    file: File,
    len: u64,
}

impl MetricsWriter {
    /// Opens `path` to write after its first `keep` bytes; what comes later was written by steps that
    /// are going to be repeated, and is cut off. A line that was not finished is cut off too.
    ///
    /// # Errors
    /// [`Error::Io`] where the file or its directory cannot be made, read or written.
    pub fn open(path: impl AsRef<Path>, keep: u64) -> Result<Self> {
        let path = path.as_ref().to_path_buf();
        let fail = |error| Error::io(&path, error);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(|error| Error::io(parent, error))?;
        }
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(fail)?;
        let mut len = keep.min(file.metadata().map_err(fail)?.len());
        len = end_of_last_line(&mut file, len).map_err(fail)?;
        file.set_len(len).map_err(fail)?;
        file.seek(SeekFrom::Start(len)).map_err(fail)?;
        Ok(Self { path, file, len })
    }

    /// Appends `record` as one line with the field `kind` first.
    ///
    /// # Errors
    /// [`Error::Io`] where writing fails; [`Error::Invalid`] where `record` is no JSON object.
    pub fn write<T: Serialize>(&mut self, kind: &str, record: &T) -> Result<()> {
        #[derive(Serialize)]
        struct Line<'a, T> {
            kind: &'a str,
            #[serde(flatten)]
            record: &'a T,
        }
        let mut line = serde_json::to_string(&Line { kind, record })
            .map_err(|error| Error::invalid("metrics record", error.to_string()))?;
        line.push('\n');
        // One call for the whole line: a reader never sees half of it.
        self.file
            .write_all(line.as_bytes())
            .and_then(|()| self.file.flush())
            .map_err(|error| Error::io(&self.path, error))?;
        self.len += line.len() as u64;
        Ok(())
    }

    /// Bytes written so far, all of them on disk when this returns.
    ///
    /// # Errors
    /// [`Error::Io`] where the operating system cannot write them out.
    pub fn sync(&mut self) -> Result<u64> {
        self.file
            .sync_data()
            .map_err(|error| Error::io(&self.path, error))?;
        Ok(self.len)
    }
}

/// The end of the last whole line within the first `len` bytes.
fn end_of_last_line(file: &mut File, len: u64) -> std::io::Result<u64> {
    let mut end = len;
    let mut block = [0; 4096];
    while end > 0 {
        let start = end.saturating_sub(block.len() as u64);
        let part = &mut block[..(end - start) as usize];
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(part)?;
        if let Some(at) = part.iter().rposition(|&byte| byte == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}
