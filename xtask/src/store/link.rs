//! Assets that are on this machine already.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::manifest::Asset;

/// The folder below `from` that holds all files of `asset`: its `dir`, its name, or `from` itself.
///
/// # Errors
/// Where none does; the text says which file is missing where.
pub(super) fn find(from: &Path, asset: &Asset) -> Result<PathBuf> {
    let mut tried = Vec::new();
    let below = asset
        .dir
        .iter()
        .map(String::as_str)
        .chain([asset.name.as_str(), ""]);
    for folder in below.map(|name| from.join(name)) {
        match asset
            .files
            .iter()
            .find(|file| !folder.join(&file.path).is_file())
        {
            None => return Ok(folder),
            Some(file) => tried.push(folder.join(&file.path).display().to_string()),
        }
    }
    bail!(
        "asset `{}` is not in {}: there is no {}",
        asset.name,
        from.display(),
        tried.join(", no ")
    )
}

/// Links every file of `asset` from `source` into `target`.
///
/// # Errors
/// Where a path cannot be resolved or a link cannot be made.
pub(super) fn files(source: &Path, asset: &Asset, target: &Path) -> Result<()> {
    for file in &asset.files {
        let from = source.join(&file.path);
        one(&from, &target.join(&file.path))?;
    }
    Ok(())
}

/// Links `to` to the real path of `from`, or copies it where the system has no such links.
///
/// # Errors
/// As [`files`].
pub(super) fn one(from: &Path, to: &Path) -> Result<()> {
    let folder = to.parent().unwrap_or(to);
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let real = from
        .canonicalize()
        .with_context(|| from.display().to_string())?;
    #[cfg(unix)]
    std::os::unix::fs::symlink(&real, to).with_context(|| to.display().to_string())?;
    #[cfg(not(unix))]
    fs::copy(&real, to).with_context(|| to.display().to_string())?;
    Ok(())
}
