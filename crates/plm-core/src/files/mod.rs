//! Files: writing one as a whole or not at all, arrays of NumPy, the layout of safetensors files.

pub mod npy;
pub mod safetensors;

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Error, Result};

/// Writes `path` by way of a new file beside it, so that a reader sees the old content or the new,
/// and flushes it to disk.
///
/// # Errors
/// [`Error::Io`] where something cannot be written, [`Error::Format`] where `path` names no file; the
/// old content is then still there.
pub fn write_atomic(
    path: impl AsRef<Path>,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<()> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let path = path.as_ref();
    let Some(name) = path.file_name() else {
        return Err(Error::format(path, "is not the name of a file"));
    };
    let mut fresh = std::ffi::OsString::from(".");
    fresh.push(name);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    fresh.push(format!(".{}-{count}.new", std::process::id()));
    let fresh = path.with_file_name(fresh);
    let result = write_and_flush(&fresh, write).and_then(|()| fs::rename(&fresh, path));
    result.map_err(|error| {
        // The cause matters more than a failure to clean up.
        let _ = fs::remove_file(&fresh);
        Error::io(path, error)
    })
}

fn write_and_flush(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    let mut writer = BufWriter::new(File::create_new(path)?);
    write(&mut writer)?;
    writer.flush()?;
    writer.get_ref().sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_leaves_the_old_content_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write_atomic(&path, |writer| writer.write_all(b"old")).unwrap();
        let fail = |writer: &mut BufWriter<File>| {
            writer.write_all(b"new")?;
            Err(io::Error::other("no more"))
        };
        let error = write_atomic(&path, fail).unwrap_err().to_string();
        assert!(error.contains("file: no more"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        write_atomic(&path, |writer| writer.write_all(b"new")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert!(write_atomic("/", |_| Ok(())).is_err());
    }
}
