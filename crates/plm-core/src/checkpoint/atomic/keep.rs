//! What a directory holds beside a checkpoint, in the directory that takes its place.

use std::ffi::OsStr;
use std::fs::{self, FileType};
use std::io::{self, ErrorKind};
use std::path::Path;

use super::{entries, kind, sync, sync_directory};
use crate::{Error, Result};

/// Gives `new` what `old` holds and `new` lacks, but for files with `stale` names. `old` stays as it is:
/// files get a second name, or a copy where the file system gives none; folders are made anew.
///
/// # Errors
/// [`Error::Io`].
pub(super) fn keep(old: &Path, new: &Path, stale: &dyn Fn(&OsStr) -> bool) -> Result<()> {
    for entry in entries(old)? {
        let (from, to) = (entry.path(), new.join(entry.file_name()));
        let io = |error| Error::io(&from, error);
        let found = entry.file_type().map_err(io)?;
        let lacking = kind(&to)?.is_none();
        if found.is_dir() {
            if lacking {
                fs::create_dir(&to).map_err(io)?;
            }
            keep(&from, &to, &|_| false)?;
            if lacking {
                // Not before: they may forbid to write.
                let permissions = entry.metadata().map_err(io)?.permissions();
                fs::set_permissions(&to, permissions).map_err(io)?;
            }
        } else if lacking && !stale(&entry.file_name()) {
            keep_file(&from, &to, found).map_err(io)?;
        }
    }
    sync_directory(new)
}

/// Gives `from`, which is no folder, the second name `to`, or copies it.
fn keep_file(from: &Path, to: &Path, found: FileType) -> io::Result<()> {
    #[cfg(unix)]
    if found.is_symlink() {
        // A hard link would lead to what it points to on some systems.
        return std::os::unix::fs::symlink(fs::read_link(from)?, to);
    }
    let linked = fs::hard_link(from, to);
    if found.is_file() {
        copy_unless(linked, from, to)
    } else {
        linked
    }
}

/// Copies the file `from` to `to` if the link between them could not be made.
fn copy_unless(linked: io::Result<()>, from: &Path, to: &Path) -> io::Result<()> {
    match linked {
        // Another file system is mounted there, and would be emptied with the old directory.
        Err(error) if error.kind() == ErrorKind::CrossesDevices => Err(error),
        Err(_) => {
            fs::copy(from, to)?;
            sync(to)
        }
        Ok(()) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_directories_hold_what_is_kept() {
        let root = tempfile::tempdir().unwrap();
        let (old, new) = (root.path().join("old"), root.path().join("new"));
        fs::create_dir_all(old.join("photos/2020")).unwrap();
        fs::create_dir_all(new.join("photos")).unwrap();
        for name in ["letter", "photos/cover", "photos/2020/a", "model", "stale"] {
            fs::write(old.join(name), "old").unwrap();
        }
        for name in ["model", "photos/cover"] {
            fs::write(new.join(name), "new").unwrap();
        }
        keep(&old, &new, &|name| name == "stale").unwrap();
        let read = |path: &Path| fs::read_to_string(path).unwrap();
        for name in ["letter", "photos/2020/a"] {
            assert_eq!(read(&old.join(name)), "old", "{name}");
            assert_eq!(read(&new.join(name)), "old", "{name}");
        }
        for name in ["model", "photos/cover"] {
            assert_eq!(read(&old.join(name)), "old", "{name}");
            assert_eq!(read(&new.join(name)), "new", "{name}");
        }
        assert!(old.join("stale").exists() && !new.join("stale").exists());
    }

    #[cfg(unix)]
    #[test]
    fn files_links_and_permissions_stay_what_they_are() {
        use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

        let root = tempfile::tempdir().unwrap();
        let (old, new) = (root.path().join("old"), root.path().join("new"));
        fs::create_dir_all(old.join("closed")).unwrap();
        fs::create_dir(&new).unwrap();
        fs::write(old.join("closed/large"), "x").unwrap();
        let permissions = fs::Permissions::from_mode(0o750);
        fs::set_permissions(old.join("closed"), permissions).unwrap();
        symlink("../elsewhere", old.join("link")).unwrap();
        keep(&old, &new, &|_| false).unwrap();
        let found = |path: &Path| fs::symlink_metadata(path).unwrap();
        let inode = |directory: &Path| found(&directory.join("closed/large")).ino();
        assert_eq!(inode(&new), inode(&old));
        assert_eq!(
            found(&new.join("closed")).permissions().mode() & 0o777,
            0o750
        );
        let target = fs::read_link(new.join("link")).unwrap();
        assert_eq!(target, Path::new("../elsewhere"));
    }

    #[test]
    fn files_are_copied_where_there_are_no_second_names() {
        let root = tempfile::tempdir().unwrap();
        let (from, to) = (root.path().join("from"), root.path().join("to"));
        fs::write(&from, "dear").unwrap();
        let other = Err(ErrorKind::CrossesDevices.into());
        assert!(copy_unless(other, &from, &to).is_err() && !to.exists());
        copy_unless(Err(ErrorKind::Unsupported.into()), &from, &to).unwrap();
        assert_eq!(fs::read(&to).unwrap(), b"dear");
        assert!(from.exists());
    }
}
