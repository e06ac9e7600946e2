//! Looking at a cache without its teacher.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::manifest::{Manifest, ShardEntry};
use super::{CacheKey, lock, shard};
use crate::{Error, Result};

/// What the manifest of a cache says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CacheInfo {
    /// How many examples there are.
    pub rows: u64,
    /// Over how many files they are spread.
    pub shards: usize,
    /// Size of those files together.
    pub bytes: u64,
    /// What the numbers depend on.
    pub key: CacheKey,
}

/// What [`verify`] found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerifyReport {
    /// How many shards the manifest lists.
    pub shards: usize,
    /// Examples in the shards that are as they should be.
    pub rows: u64,
    /// The other shards.
    pub problems: Vec<ShardProblem>,
}

/// A shard that is not what its manifest says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShardProblem {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: String,
}

/// Looks at the manifest of the cache in `dir`, not at its shards.
///
/// # Errors
/// [`Error::ForeignCache`] where it is no manifest of a cache; [`Error::Core`] where there is none or it
/// cannot be read.
pub fn info(dir: impl AsRef<Path>) -> Result<CacheInfo> {
    let manifest = manifest(dir.as_ref())?;
    let sizes = manifest.shards.iter().map(|shard| shard.bytes);
    Ok(CacheInfo {
        rows: manifest.rows(),
        shards: manifest.shards.len(),
        bytes: sizes.fold(0, u64::saturating_add),
        key: manifest.key,
    })
}

/// Reads every shard of the cache in `dir` and checks its size, its SHA-256 sum, its tensors, that all
/// numbers are finite and that no example is there twice.
///
/// # Errors
/// Those of [`info`]; [`Error::Core`] where a shard cannot be read. What is wrong with a shard is part of
/// the report.
pub fn verify(dir: impl AsRef<Path>) -> Result<VerifyReport> {
    let dir = dir.as_ref();
    Ok(examine(dir, &manifest(dir)?)?.0)
}

/// Drops the shards that [`verify`] finds fault with from the cache in `dir`, so that it can be opened
/// and the teacher asked again about their examples. Gives the report from before.
///
/// # Errors
/// Those of [`verify`]; [`Error::CacheInUse`] where another process is writing.
pub fn repair(dir: impl AsRef<Path>) -> Result<VerifyReport> {
    let dir = dir.as_ref();
    // Whether there is a cache, before a file for the lock is made.
    manifest(dir)?;
    let _lock = lock::acquire(dir)?;
    let mut manifest = manifest(dir)?;
    let (report, good) = examine(dir, &manifest)?;
    if !report.problems.is_empty() {
        manifest.shards = good;
        manifest.write(dir)?;
    }
    Ok(report)
}

fn manifest(dir: &Path) -> Result<Manifest> {
    Manifest::read(dir)?.ok_or_else(|| Error::io(&Manifest::path(dir), ErrorKind::NotFound.into()))
}

/// What is wrong with the shards, and those with which nothing is.
fn examine(dir: &Path, manifest: &Manifest) -> Result<(VerifyReport, Vec<ShardEntry>)> {
    let (mut problems, mut good, mut rows) = (Vec::new(), Vec::new(), 0);
    let mut seen = HashSet::new();
    for entry in &manifest.shards {
        match ids(dir, entry, &manifest.key, &seen) {
            Ok(ids) => {
                rows += ids.len() as u64;
                seen.extend(ids);
                good.push(entry.clone());
            }
            Err(Error::DamagedShard { path, reason }) => {
                problems.push(ShardProblem { path, reason });
            }
            Err(error) => return Err(error),
        }
    }
    let report = VerifyReport {
        shards: manifest.shards.len(),
        rows,
        problems,
    };
    Ok((report, good))
}

/// The ids of a shard, none of which is in `seen` or there twice.
fn ids(
    dir: &Path,
    entry: &ShardEntry,
    key: &CacheKey,
    seen: &HashSet<u64>,
) -> Result<HashSet<u64>> {
    let mut ids = HashSet::new();
    for row in shard::read(dir, entry, key)? {
        if seen.contains(&row.id) || !ids.insert(row.id) {
            return Err(Error::DamagedShard {
                path: entry.path(dir),
                reason: format!("holds example id {} a second time", row.id),
            });
        }
    }
    Ok(ids)
}
