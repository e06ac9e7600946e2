//! The cache itself.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use plm_core::files::write_atomic;
use serde::Serialize;

use super::manifest::{Manifest, ShardEntry, sha256};
use super::shard::{self, Row};
use super::{CacheKey, Record, lock};
use crate::{Error, Result};

/// Rows of a shard unless [`TeacherCache::with_rows_per_shard`] says otherwise.
pub const DEFAULT_ROWS_PER_SHARD: usize = 4096;

/// What a teacher said, by example id. All rows are in memory ([`estimate`](super::estimate) says how
/// much that is).
#[derive(Debug)]
pub struct TeacherCache {
    dir: PathBuf,
    manifest: Manifest,
    rows: Vec<Row>,
    /// Places in `rows` by example id.
    places: HashMap<u64, usize>,
    /// How many of `rows` are on disk.
    written: usize,
    rows_per_shard: usize,
    statistics: CacheStatistics,
    /// Held while this cache may write.
    lock: Option<File>,
}

/// How often a cache had what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct CacheStatistics {
    /// Examples that were there.
    pub hits: u64,
    /// Examples that the teacher had to be asked about.
    pub misses: u64,
}

impl CacheStatistics {
    /// Hits as a share of all; `None` before the first question.
    pub fn hit_rate(&self) -> Option<f64> {
        let all = self.hits + self.misses;
        (all > 0).then(|| self.hits as f64 / all as f64)
    }
}

impl TeacherCache {
    /// Opens the cache in the folder `dir`, making the folder if needed, and reads and checks all of it.
    ///
    /// # Errors
    /// [`Error::StaleCache`] naming what is different where the cache is of another key;
    /// [`Error::ForeignCache`] where the folder holds another `manifest.json`, a changed one, or shards
    /// without one; [`Error::DamagedShard`] where a shard is not the one that was written; those of
    /// [`CacheKey::check`]; [`Error::Core`] where something cannot be read or written.
    pub fn open(dir: impl AsRef<Path>, key: CacheKey) -> Result<Self> {
        let dir = dir.as_ref().to_path_buf();
        key.check()?;
        fs::create_dir_all(&dir).map_err(|error| Error::io(&dir, error))?;
        let manifest = match Manifest::read(&dir)? {
            Some(manifest) => manifest,
            None => {
                refuse_orphans(&dir)?;
                let manifest = Manifest::new(key.clone());
                manifest.write(&dir)?;
                manifest
            }
        };
        let mut cache = Self {
            dir,
            manifest,
            rows: Vec::new(),
            places: HashMap::new(),
            written: 0,
            rows_per_shard: DEFAULT_ROWS_PER_SHARD,
            statistics: CacheStatistics::default(),
            lock: None,
        };
        cache.check_key(&key)?;
        for entry in &cache.manifest.shards {
            for row in shard::read(&cache.dir, entry, &key)? {
                if cache.places.insert(row.id, cache.rows.len()).is_some() {
                    return Err(Error::DamagedShard {
                        path: entry.path(&cache.dir),
                        reason: format!("holds example id {} a second time", row.id),
                    });
                }
                cache.rows.push(row);
            }
        }
        cache.written = cache.rows.len();
        Ok(cache)
    }

    /// The cache with new shards of `rows` rows at most.
    ///
    /// # Errors
    /// [`Error::Setting`] where `rows` is 0.
    pub fn with_rows_per_shard(mut self, rows: usize) -> Result<Self> {
        if rows == 0 {
            return Err(Error::Setting {
                name: "rows_per_shard",
                value: "0".to_owned(),
                limit: "must be at least 1",
            });
        }
        self.rows_per_shard = rows;
        Ok(self)
    }

    /// What its numbers depend on.
    pub fn key(&self) -> &CacheKey {
        &self.manifest.key
    }

    /// The cache is of `key`.
    ///
    /// # Errors
    /// [`Error::StaleCache`] naming what is different.
    pub fn check_key(&self, key: &CacheKey) -> Result<()> {
        if self.key() == key {
            return Ok(());
        }
        Err(Error::StaleCache {
            dir: self.dir.clone(),
            differences: self.key().differences(key),
        })
    }

    /// How many examples it holds, those that are not on disk yet included.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// What the teacher said about the example `id`, if it was asked. `text` is a stable hash of the
    /// example's text.
    ///
    /// # Errors
    /// [`Error::StaleRow`] where the row is of a text with another hash.
    pub fn get(&self, id: u64, text: u64) -> Result<Option<&Record>> {
        let Some(&place) = self.places.get(&id) else {
            return Ok(None);
        };
        let row = &self.rows[place];
        if row.text != text {
            return Err(Error::StaleRow {
                id,
                stored: row.text,
                found: text,
            });
        }
        Ok(Some(&row.record))
    }

    /// The places in `examples` (id and hash of the text) of those that are not there, ascending. One that
    /// is listed more than once is given once. Counts for [`TeacherCache::statistics`].
    ///
    /// # Errors
    /// [`Error::StaleRow`] where a row is of a text with another hash, or an id is listed with two; then
    /// nothing is counted.
    pub fn missing(&mut self, examples: &[(u64, u64)]) -> Result<Vec<usize>> {
        let mut asked = HashMap::new();
        let mut missing = Vec::new();
        for (place, &(id, found)) in examples.iter().enumerate() {
            if self.get(id, found)?.is_some() {
                continue;
            }
            match asked.insert(id, found) {
                None => missing.push(place),
                Some(stored) if stored == found => {}
                Some(stored) => return Err(Error::StaleRow { id, stored, found }),
            }
        }
        self.statistics.misses += missing.len() as u64;
        self.statistics.hits += (examples.len() - missing.len()) as u64;
        Ok(missing)
    }

    /// How many of the examples that [`TeacherCache::missing`] was asked about were there.
    pub fn statistics(&self) -> CacheStatistics {
        self.statistics
    }

    /// Adds what the teacher said about the example `id`, whose text has the stable hash `text`. Where a
    /// shard's worth of rows waits for being written, they are written first. The new row is lost with
    /// the process until [`TeacherCache::flush`].
    ///
    /// # Errors
    /// [`Error::CachedTwice`] where the example is there, [`Error::StaleRow`] where it is there with
    /// another text; [`Error::Size`] where `record` is not of the key's sizes and [`Error::NotFinite`]
    /// where it holds a value that is no finite number; [`Error::CacheInUse`] and
    /// [`Error::CacheChanged`] where another process writes or has written; those of
    /// [`TeacherCache::flush`]. The row is not added then, and no other is lost.
    pub fn insert(&mut self, id: u64, text: u64, record: Record) -> Result<()> {
        if self.get(id, text)?.is_some() {
            return Err(Error::CachedTwice { id });
        }
        record.check(id, self.key())?;
        self.become_writer()?;
        if self.rows.len() - self.written >= self.rows_per_shard {
            self.flush()?;
        }
        self.places.insert(id, self.rows.len());
        self.rows.push(Row { id, text, record });
        Ok(())
    }

    /// Writes the rows that are not on disk yet as one shard, then the manifest. Does nothing where there
    /// are none.
    ///
    /// # Errors
    /// [`Error::Core`] where something cannot be written; the rows then still wait.
    pub fn flush(&mut self) -> Result<()> {
        let rows = &self.rows[self.written..];
        if rows.is_empty() {
            return Ok(());
        }
        let mut entry = ShardEntry {
            number: self.manifest.next_number(&self.dir)?,
            rows: rows.len(),
            bytes: 0,
            sha256: String::new(),
        };
        let path = entry.path(&self.dir);
        let bytes = shard::to_bytes(rows, self.key())
            .map_err(|error| Error::format(&path, error.to_string()))?;
        entry.bytes = bytes.len() as u64;
        entry.sha256 = sha256(&bytes);
        write_atomic(&path, |file| file.write_all(&bytes))?;
        let mut manifest = self.manifest.clone();
        manifest.shards.push(entry);
        manifest.write(&self.dir)?;
        self.manifest = manifest;
        self.written = self.rows.len();
        Ok(())
    }

    /// Takes the right to write, which one process at a time has.
    fn become_writer(&mut self) -> Result<()> {
        if self.lock.is_some() {
            return Ok(());
        }
        let lock = lock::acquire(&self.dir)?;
        if Manifest::read(&self.dir)?.as_ref() != Some(&self.manifest) {
            return Err(Error::CacheChanged {
                dir: self.dir.clone(),
            });
        }
        lock::remove_leftovers(&self.dir)?;
        self.lock = Some(lock);
        Ok(())
    }
}

/// A new cache must not overwrite the shards of one that has lost its manifest.
fn refuse_orphans(dir: &Path) -> Result<()> {
    let io = |error| Error::io(dir, error);
    for entry in fs::read_dir(dir).map_err(io)? {
        let name = entry.map_err(io)?.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("shard-") && name.ends_with(".safetensors") {
            return Err(Error::ForeignCache {
                path: dir.to_path_buf(),
                reason: format!("holds {name}, but no manifest"),
            });
        }
    }
    Ok(())
}
