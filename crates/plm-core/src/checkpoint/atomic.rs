//! Replacing the files of a directory all at once.

use std::ffi::OsStr;
use std::fs::{self, DirEntry, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::{Error, Result};

/// A new directory that will take the place of another. Dropped, it vanishes.
#[derive(Debug)]
pub(super) struct Replacement {
    target: PathBuf,
    parent: PathBuf,
    fresh: TempDir,
}

impl Replacement {
    /// Makes a new directory beside `target`.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Checkpoint`] where `target` exists and may not be replaced.
    pub(super) fn begin(target: &Path, overwrite: bool) -> Result<Self> {
        // A link stays one: what it points to is replaced.
        let target = match fs::canonicalize(target) {
            Ok(real) => {
                check_replaceable(&real, overwrite)?;
                real
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                std::path::absolute(target).map_err(|error| Error::io(target, error))?
            }
            Err(error) => return Err(Error::io(target, error)),
        };
        let (Some(parent), Some(name)) = (target.parent(), target.file_name()) else {
            return Err(Error::checkpoint(target, "cannot be replaced"));
        };
        fs::create_dir_all(parent).map_err(|error| Error::io(parent, error))?;
        let mut prefix = std::ffi::OsString::from(".");
        prefix.push(name);
        prefix.push(".");
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // The usual permissions (less the umask): others may read a checkpoint.
            builder.permissions(fs::Permissions::from_mode(0o777));
        }
        let fresh = builder
            .tempdir_in(parent)
            .map_err(|error| Error::io(parent, error))?;
        let parent = parent.to_path_buf();
        Ok(Self {
            target,
            parent,
            fresh,
        })
    }

    /// The new directory.
    pub(super) fn path(&self) -> &Path {
        self.fresh.path()
    }

    /// Puts the new directory in its place, with all that the old one held beside the files written
    /// anew; files with `stale` names go.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] where a folder would take a file's place or the reverse; [`Error::Io`].
    /// The old directory is then still there, or, where a later step failed, what was not moved out of
    /// it lies in a hidden folder beside the new one.
    pub(super) fn finish(self, stale: impl Fn(&OsStr) -> bool) -> Result<()> {
        let io = |error| Error::io(&self.target, error);
        sync_directories(self.fresh.path())?;
        if !self.target.exists() {
            fs::rename(self.fresh.path(), &self.target).map_err(io)?;
            // Nothing of that name is left to remove.
            let _ = self.fresh.keep();
            return sync_directory(&self.parent);
        }
        check_kinds(self.fresh.path(), &self.target)?;
        swap(self.fresh.path(), &self.target).map_err(io)?;
        // The name of the new directory now belongs to the old one.
        let moved = sync_directory(&self.parent)
            .and_then(|()| carry_over(self.fresh.path(), &self.target, &stale));
        if moved.is_err() {
            let _ = self.fresh.keep();
            return moved;
        }
        self.fresh.close().map_err(io)
    }
}

/// Writes a file, making the folders above it, and flushes it to disk.
///
/// # Errors
/// [`Error::Io`].
pub(super) fn write_file(path: &Path, content: &[u8]) -> Result<()> {
    let io = |error| Error::io(path, error);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(io)?;
    }
    let mut file = File::create_new(path).map_err(io)?;
    file.write_all(content).map_err(io)?;
    file.sync_all().map_err(io)
}

/// A checkpoint is written only into a directory that is empty or holds one.
fn check_replaceable(target: &Path, overwrite: bool) -> Result<()> {
    let refuse = |reason| Err(Error::checkpoint(target, reason));
    if !target.is_dir() {
        return refuse("exists and is not a directory");
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(target).map_err(|error| Error::io(target, error))? {
        let entry = entry.map_err(|error| Error::io(target, error))?;
        names.push(entry.file_name());
    }
    let known = |name: &std::ffi::OsString| {
        let name = name.to_string_lossy();
        name == "config.json"
            || name.starts_with("model") && name.ends_with(".safetensors")
            || name.starts_with("pytorch_model") && name.ends_with(".bin")
    };
    if names.is_empty() {
        Ok(())
    } else if !overwrite {
        refuse("exists, and the options say not to overwrite it")
    } else if names.iter().any(known) {
        Ok(())
    } else {
        refuse("exists and holds no checkpoint; it is not replaced")
    }
}

/// What lies in `directory`.
fn entries(directory: &Path) -> Result<Vec<DirEntry>> {
    fs::read_dir(directory)
        .and_then(Iterator::collect)
        .map_err(|error| Error::io(directory, error))
}

/// The kind of what lies at `path`, links not followed, if there is something.
fn kind(path: &Path) -> Result<Option<fs::FileType>> {
    match fs::symlink_metadata(path) {
        Ok(found) => Ok(Some(found.file_type())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io(path, error)),
    }
}

/// Refuses a folder of `fresh` whose name a file in `target` has, and the reverse: what is there would
/// be lost.
fn check_kinds(fresh: &Path, target: &Path) -> Result<()> {
    for entry in entries(fresh)? {
        let path = target.join(entry.file_name());
        let new = kind(&entry.path())?.is_some_and(|kind| kind.is_dir());
        match kind(&path)? {
            Some(old) if old.is_dir() != new => {
                let reason = if new {
                    "is to be a folder, but is none"
                } else {
                    "is to be a file, but is a folder"
                };
                return Err(Error::checkpoint(path, reason));
            }
            Some(_) if new => check_kinds(&entry.path(), &path)?,
            Some(_) | None => {}
        }
    }
    Ok(())
}

/// Moves to `new` what `old` holds and `new` lacks, but for files with `stale` names.
fn carry_over(old: &Path, new: &Path, stale: &dyn Fn(&OsStr) -> bool) -> Result<()> {
    for entry in entries(old)? {
        let (from, to) = (entry.path(), new.join(entry.file_name()));
        let folder = kind(&from)?.is_some_and(|kind| kind.is_dir());
        if kind(&to)?.is_none() {
            if folder || !stale(&entry.file_name()) {
                fs::rename(&from, &to).map_err(|error| Error::io(&to, error))?;
            }
        } else if folder {
            carry_over(&from, &to, &|_| false)?;
        }
    }
    sync_directory(new)
}

/// Exchanges two directories.
#[cfg(target_os = "linux")]
fn swap(fresh: &Path, target: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;

    match renameat_with(CWD, fresh, CWD, target, RenameFlags::EXCHANGE) {
        // Not every file system can do it in one step.
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => swap_in_steps(fresh, target),
        result => Ok(result?),
    }
}

#[cfg(not(target_os = "linux"))]
fn swap(fresh: &Path, target: &Path) -> io::Result<()> {
    swap_in_steps(fresh, target)
}

/// Exchanges two directories by three renames; each failure is undone.
fn swap_in_steps(fresh: &Path, target: &Path) -> io::Result<()> {
    let mut aside = fresh.as_os_str().to_owned();
    aside.push(".old");
    let aside = PathBuf::from(aside);
    fs::rename(target, &aside)?;
    if let Err(error) = fs::rename(fresh, target) {
        fs::rename(&aside, target)?;
        return Err(error);
    }
    fs::rename(&aside, fresh)
}

/// Flushes the entries of `directory` and of the folders in it.
fn sync_directories(directory: &Path) -> Result<()> {
    let io = |error| Error::io(directory, error);
    for entry in fs::read_dir(directory).map_err(io)? {
        let entry = entry.map_err(io)?;
        if entry.file_type().map_err(io)?.is_dir() {
            sync_directories(&entry.path())?;
        }
    }
    sync_directory(directory)
}

fn sync_directory(directory: &Path) -> Result<()> {
    if cfg!(unix) {
        File::open(directory)
            .and_then(|directory| directory.sync_all())
            .map_err(|error| Error::io(directory, error))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_swapping_exchange_the_content() {
        let root = tempfile::tempdir().unwrap();
        let (a, b) = (root.path().join("a"), root.path().join("b"));
        for directory in [&a, &b] {
            fs::create_dir(directory).unwrap();
            write_file(
                &directory.join("name"),
                directory.as_os_str().as_encoded_bytes(),
            )
            .unwrap();
        }
        let name = |directory: &Path| fs::read(directory.join("name")).unwrap();
        let (first, second) = (name(&a), name(&b));
        swap(&a, &b).unwrap();
        assert_eq!((name(&a), name(&b)), (second.clone(), first.clone()));
        swap_in_steps(&a, &b).unwrap();
        assert_eq!((name(&a), name(&b)), (first, second));
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 2);
    }
}
