//! Which files and crates a checkout has.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use walkdir::WalkDir;

/// Folders of the published crates, from the root.
///
/// # Errors
/// Where `crates` cannot be read.
pub(super) fn crates(root: &Path) -> Result<Vec<PathBuf>> {
    let folder = root.join("crates");
    let mut list = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.join("Cargo.toml").is_file() {
            list.push(path.strip_prefix(root)?.to_path_buf());
        }
    }
    list.sort();
    Ok(list)
}

/// All files of the checkout that git tracks or would track, from the root; without git, all files.
pub(super) fn files(root: &Path) -> Vec<PathBuf> {
    let git = Command::new("git")
        .arg("-C")
        .arg(root)
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .output();
    let mut list: Vec<PathBuf> = match git {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout)
            .split('\0')
            .filter(|name| !name.is_empty())
            .map(PathBuf::from)
            .collect(),
        _ => WalkDir::new(root)
            .into_iter()
            .filter_entry(|entry| {
                !matches!(entry.file_name().to_str(), Some("target" | ".git" | "runs"))
            })
            .filter_map(Result::ok)
            .filter(|entry| entry.file_type().is_file())
            .filter_map(|entry| Some(entry.path().strip_prefix(root).ok()?.to_path_buf()))
            .collect(),
    };
    // A deleted file stays in git's list until the deletion is committed.
    list.retain(|file| root.join(file).is_file());
    list.sort();
    list.dedup();
    list
}
