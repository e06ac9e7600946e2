//! One process at a time may write to a folder.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::Path;

use crate::{Error, Result};

/// The file that is locked.
const LOCK: &str = ".lock";

/// Locks `dir` until the file is dropped; the operating system unlocks it however the process ends.
pub(super) fn acquire(dir: &Path) -> Result<File> {
    let path = dir.join(LOCK);
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|error| Error::io(&path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::CacheInUse {
            dir: dir.to_path_buf(),
        }),
        // Some network file systems have no locks; a run there is still a run.
        Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => Ok(file),
        Err(TryLockError::Error(error)) => Err(Error::io(&path, error)),
    }
}

/// Removes what writes that were cut off have left in `dir`, which is locked.
pub(super) fn remove_leftovers(dir: &Path) -> Result<()> {
    let io = |error| Error::io(dir, error);
    for entry in fs::read_dir(dir).map_err(io)? {
        let entry = entry.map_err(io)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let ours = [".manifest.json.", ".shard-"];
        if name.ends_with(".new") && ours.iter().any(|start| name.starts_with(start)) {
            fs::remove_file(entry.path()).map_err(|error| Error::io(&entry.path(), error))?;
        }
    }
    Ok(())
}
