//! Replacing the files of a directory all at once.

mod keep;

use std::ffi::OsStr;
use std::fs::{self, DirEntry, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use self::keep::keep;
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

    /// Puts the new directory in its place, with all that the old one holds beside the files written
    /// anew; files with `stale` names go.
    ///
    /// The target holds all of the old or all of the new, whenever the process is killed, where two
    /// directories can be exchanged in one step: on Linux and Apple's systems, by most file systems.
    /// Elsewhere there is no target for a moment, and the old directory has a hidden name beside it that
    /// ends in `.old`.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] where a folder would take a file's place or the reverse; [`Error::Io`].
    /// The old directory is then as it was or, where the new one has its place already, may be left in a
    /// hidden folder beside it.
    pub(super) fn finish(self, stale: impl Fn(&OsStr) -> bool) -> Result<()> {
        if self.complete(&stale)? {
            return self.exchange(&stale);
        }
        fs::rename(self.fresh.path(), &self.target)
            .map_err(|error| Error::io(&self.target, error))?;
        // Nothing of that name is left to remove.
        let _ = self.fresh.keep();
        sync_directory(&self.parent)
    }

    /// Gives the new directory what is kept of the old one, and flushes it to disk; whether there is an
    /// old one.
    fn complete(&self, stale: &dyn Fn(&OsStr) -> bool) -> Result<bool> {
        sync_directories(self.fresh.path())?;
        if !self.target.exists() {
            return Ok(false);
        }
        check_kinds(self.fresh.path(), &self.target)?;
        keep(&self.target, self.fresh.path(), stale)?;
        Ok(true)
    }

    /// Exchanges the directories and removes the old one.
    fn exchange(self, stale: &dyn Fn(&OsStr) -> bool) -> Result<()> {
        let io = |error| Error::io(&self.target, error);
        swap(self.fresh.path(), &self.target).map_err(io)?;
        // The name of the new directory now belongs to the old one, with all that came into it since it
        // was looked through.
        let late = sync_directory(&self.parent)
            .and_then(|()| keep(self.fresh.path(), &self.target, stale));
        if late.is_err() {
            let _ = self.fresh.keep();
            return late;
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

/// Exchanges two directories.
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
fn swap(fresh: &Path, target: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;

    // Not every file system can do it in one step.
    let cannot = [Errno::INVAL, Errno::NOSYS, Errno::NOTSUP, Errno::OPNOTSUPP];
    match renameat_with(CWD, fresh, CWD, target, RenameFlags::EXCHANGE) {
        Err(error) if cannot.contains(&error) => swap_in_steps(fresh, target),
        result => Ok(result?),
    }
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
fn swap(fresh: &Path, target: &Path) -> io::Result<()> {
    swap_in_steps(fresh, target)
}

/// Exchanges two directories by three renames; each failure is undone. `target` is missing between the
/// first and the second.
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

/// Flushes the entries of `directory`.
fn sync_directory(directory: &Path) -> Result<()> {
    sync(directory).map_err(|error| Error::io(directory, error))
}

/// Flushes a file, or the entries of a directory.
fn sync(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(path)?.sync_all()?;
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

    #[test]
    fn what_is_kept_is_in_place_before_the_exchange() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("saved");
        for name in ["config.json", "letter.txt", "photos/2020/a"] {
            write_file(&target.join(name), b"old").unwrap();
        }
        let kept = |directory: &Path| {
            ["letter.txt", "photos/2020/a"].map(|name| fs::read(directory.join(name)).unwrap())
        };
        let expected = [b"old".to_vec(), b"old".to_vec()];
        let place = Replacement::begin(&target, true).unwrap();
        write_file(&place.path().join("config.json"), b"new").unwrap();
        assert!(place.complete(&|_| false).unwrap());
        assert_eq!(kept(place.path()), expected);
        assert_eq!(fs::read(place.path().join("config.json")).unwrap(), b"new");
        // Stopped here, all is as before.
        drop(place);
        assert_eq!(kept(&target), expected);
        assert_eq!(fs::read(target.join("config.json")).unwrap(), b"old");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_comes_before_the_exchange_is_kept_too() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("saved");
        write_file(&target.join("config.json"), b"old").unwrap();
        let place = Replacement::begin(&target, true).unwrap();
        write_file(&place.path().join("config.json"), b"new").unwrap();
        assert!(place.complete(&|_| false).unwrap());
        write_file(&target.join("late.txt"), b"late").unwrap();
        place.exchange(&|_| false).unwrap();
        assert_eq!(fs::read(target.join("late.txt")).unwrap(), b"late");
        assert_eq!(fs::read(target.join("config.json")).unwrap(), b"new");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }
}
