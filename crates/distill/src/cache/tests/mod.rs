//! Caches in folders of their own.

mod hostile;
mod interrupted;
mod rows;
mod stale;

use std::path::{Path, PathBuf};

use super::manifest::Manifest;
use super::{CacheKey, Record, TeacherCache};
use crate::score::{McScore, McSettings};

/// A key of class scores alone, two a row.
pub(super) fn key() -> CacheKey {
    CacheKey {
        weights: "a1".to_owned(),
        config: "b2".to_owned(),
        tokenizer: "c3".to_owned(),
        max_length: 128,
        precision: "f32".to_owned(),
        classes: 2,
        scoring: None,
        first_token: Vec::new(),
        hidden_size: 0,
    }
}

/// A key of everything that can be kept.
pub(super) fn full_key() -> CacheKey {
    CacheKey {
        scoring: Some(McSettings::default()),
        first_token: vec![0, 12],
        hidden_size: 3,
        ..key()
    }
}

/// A record for [`key`].
pub(super) fn record(value: f32) -> Record {
    Record {
        logits: vec![value, -value],
        score: None,
        first_token: Vec::new(),
    }
}

/// A record for [`full_key`].
pub(super) fn full_record(value: f32) -> Record {
    Record {
        score: Some(McScore {
            score: value / 8.0,
            mutual_information: value / 16.0,
            variance: value / 32.0,
        }),
        first_token: (0..6).map(|at| value + at as f32).collect(),
        ..record(value)
    }
}

/// A cache in a folder of its own, with shards of two rows.
struct Folder {
    folder: tempfile::TempDir,
}

impl Folder {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    /// One whose cache holds [`record`]s of the values and ids 1 to `count`, with text hashes of id + 100.
    fn filled(count: u64) -> Self {
        let folder = Self::new();
        let mut cache = folder.open();
        for id in 1..=count {
            cache.insert(id, id + 100, record(id as f32)).unwrap();
        }
        cache.flush().unwrap();
        folder
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn open(&self) -> TeacherCache {
        let cache = TeacherCache::open(self.path(), key()).unwrap();
        cache.with_rows_per_shard(2).unwrap()
    }

    fn refused(&self) -> crate::Error {
        TeacherCache::open(self.path(), key()).unwrap_err()
    }

    fn shard(&self, number: u32) -> PathBuf {
        self.path().join(format!("shard-{number:06}.safetensors"))
    }

    fn manifest(&self) -> Manifest {
        Manifest::read(self.path()).unwrap().unwrap()
    }

    /// The names in the folder that do not begin with a dot, sorted.
    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| !name.starts_with('.')).collect();
        names.sort();
        names
    }
}
