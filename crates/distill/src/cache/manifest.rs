//! The list of a cache's shards.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use plm_core::files::write_atomic;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::CacheKey;
use crate::{Error, Result};

/// Name of the file.
const MANIFEST: &str = "manifest.json";
/// Version of the manifest and of the shards.
const FORMAT: u32 = 1;

/// The content of `manifest.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    format: u32,
    /// What the numbers depend on.
    pub(super) key: CacheKey,
    /// SHA-256 of the key, by which a change by hand is found.
    key_sha256: String,
    /// The shards, their numbers ascending.
    pub(super) shards: Vec<ShardEntry>,
}

/// One shard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ShardEntry {
    /// Its number, of which its name is made.
    pub(super) number: u32,
    /// How many examples it holds.
    pub(super) rows: usize,
    /// Its size.
    pub(super) bytes: u64,
    /// Its SHA-256 sum, in hexadecimal.
    pub(super) sha256: String,
}

impl ShardEntry {
    /// Its file in `dir`.
    pub(super) fn path(&self, dir: &Path) -> PathBuf {
        dir.join(format!("shard-{:06}.safetensors", self.number))
    }
}

impl Manifest {
    /// That of an empty cache.
    pub(super) fn new(key: CacheKey) -> Self {
        Self {
            format: FORMAT,
            key_sha256: key_sum(&key),
            key,
            shards: Vec::new(),
        }
    }

    /// Where the manifest of `dir` lies.
    pub(super) fn path(dir: &Path) -> PathBuf {
        dir.join(MANIFEST)
    }

    /// The manifest of `dir`, if there is one.
    pub(super) fn read(dir: &Path) -> Result<Option<Self>> {
        let path = Self::path(dir);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io(&path, error)),
        };
        match parse(&bytes) {
            Ok(manifest) => Ok(Some(manifest)),
            Err(reason) => Err(Error::ForeignCache { path, reason }),
        }
    }

    /// Replaces the manifest of `dir`.
    pub(super) fn write(&self, dir: &Path) -> Result<()> {
        let path = Self::path(dir);
        let text = serde_json::to_vec_pretty(self)
            .map_err(|error| Error::format(&path, error.to_string()))?;
        Ok(write_atomic(&path, |file| file.write_all(&text))?)
    }

    /// The number of the next shard.
    pub(super) fn next_number(&self, dir: &Path) -> Result<u32> {
        let next = self
            .shards
            .last()
            .map_or(Some(0), |last| last.number.checked_add(1));
        next.ok_or_else(|| Error::ForeignCache {
            path: Self::path(dir),
            reason: format!("shard {} is the last that can be counted", u32::MAX),
        })
    }

    /// How many examples there are.
    pub(super) fn rows(&self) -> u64 {
        let rows = self.shards.iter().map(|shard| shard.rows as u64);
        rows.fold(0, u64::saturating_add)
    }
}

/// The manifest that `bytes` are, or why they are none.
fn parse(bytes: &[u8]) -> Result<Manifest, String> {
    #[derive(Deserialize)]
    struct Version {
        format: u32,
    }
    let invalid = |error: serde_json::Error| format!("is no manifest of a teacher cache: {error}");
    // The version first: another one may have other fields.
    let Version { format } = serde_json::from_slice(bytes).map_err(invalid)?;
    if format != FORMAT {
        return Err(format!("is of format {format}, only {FORMAT} is known"));
    }
    let manifest: Manifest = serde_json::from_slice(bytes).map_err(invalid)?;
    let sum = key_sum(&manifest.key);
    if sum != manifest.key_sha256 {
        return Err(format!(
            "`key` has SHA-256 {sum}, `key_sha256` is {:?}",
            manifest.key_sha256
        ));
    }
    if !manifest.shards.is_sorted_by(|a, b| a.number < b.number) {
        return Err("the numbers of `shards` do not rise".to_owned());
    }
    manifest
        .key
        .check()
        .map_err(|error| format!("`key`: {error}"))?;
    Ok(manifest)
}

/// The sum of the key as JSON, its fields in the order of the type.
fn key_sum(key: &CacheKey) -> String {
    sha256(&serde_json::to_vec(key).unwrap_or_default())
}

/// The SHA-256 sum of `bytes`, in hexadecimal.
pub(super) fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{full_key, key};
    use super::*;

    fn text(manifest: &Manifest) -> String {
        serde_json::to_string(manifest).unwrap()
    }

    #[test]
    fn a_manifest_reads_back() {
        let mut manifest = Manifest::new(full_key());
        assert_eq!(manifest.next_number(Path::new("")).unwrap(), 0);
        for number in [0, 3] {
            manifest.shards.push(ShardEntry {
                number,
                rows: 2,
                bytes: 300,
                sha256: sha256(b"abc"),
            });
        }
        assert_eq!(parse(text(&manifest).as_bytes()).unwrap(), manifest);
        assert_eq!(manifest.next_number(Path::new("")).unwrap(), 4);
        assert_eq!(manifest.rows(), 4);
        assert!(manifest.shards[0].sha256.starts_with("ba7816bf8f01cfea"));
        assert_eq!(
            manifest.shards[1].path(Path::new("dir")),
            Path::new("dir/shard-000003.safetensors")
        );
        manifest.shards[1].number = u32::MAX;
        assert!(manifest.next_number(Path::new("")).is_err());
    }

    #[test]
    fn other_content_is_refused() {
        let good = text(&Manifest::new(key()));
        let swap = |from: &str, to: &str| {
            assert!(good.contains(from), "{good}");
            parse(good.replace(from, to).as_bytes()).unwrap_err()
        };
        let shard = r#"{"number":1,"rows":1,"bytes":1,"sha256":""}"#;
        for (error, reason) in [
            (
                swap("\"format\":1", "\"format\":2"),
                "is of format 2, only 1",
            ),
            (swap("\"format\":1,", ""), "missing field `format`"),
            (swap("\"classes\":2", "\"classes\":3"), "`key` has SHA-256"),
            (swap("\"classes\":2", "\"classes\":-2"), "invalid value"),
            (
                swap("\"classes\":2", "\"classes\":2,\"more\":1"),
                "unknown field `more`",
            ),
            (
                swap("\"shards\":[]", "\"shards\":[],\"more\":1"),
                "unknown field `more`",
            ),
            (swap("[]}", &format!("[{shard},{shard}]}}")), "do not rise"),
        ] {
            assert!(error.contains(reason), "{error}");
        }
        let bad = CacheKey {
            classes: 0,
            ..key()
        };
        let error = parse(text(&Manifest::new(bad)).as_bytes()).unwrap_err();
        assert!(error.contains("`key`: classes = 0"), "{error}");
    }
}
