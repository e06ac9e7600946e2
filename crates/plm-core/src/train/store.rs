//! Training checkpoints on disk that are whole or not there.
//!
//! A checkpoint is a directory `step-NNNNNNNNNN` with `model.safetensors`, `optimizer.safetensors`,
//! `state.json` and a `manifest.json` that holds the others' sizes and SHA-256 sums. It is written
//! under a temporary name, flushed to disk and renamed: whenever the process or the machine stops,
//! the checkpoints before it stay readable. What is damaged later is found by the sums, and the
//! checkpoint before is used.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use burn::tensor::TensorData;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::snapshot::{Snapshot, hex};
use super::state::TrainState;
use super::tensors_file;
use crate::{Error, Result};

const MODEL: &str = "model.safetensors";
const OPTIMIZER: &str = "optimizer.safetensors";
const STATE: &str = "state.json";
const MANIFEST: &str = "manifest.json";
const LOCK: &str = ".lock";
const PREFIX: &str = "step-";
const TEMPORARY: &str = ".tmp-";

/// Everything that a run needs to go on.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    /// The run's place.
    pub state: TrainState,
    /// Parameters by path.
    pub model: Snapshot,
    /// The optimizer's state, see [`Optimizer::state`](super::Optimizer::state).
    pub optimizer: BTreeMap<String, TensorData>,
}

/// A directory of checkpoints of one run, used by one process at a time.
#[derive(Debug)]
pub struct CheckpointStore {
    dir: PathBuf,
    keep_last: usize,
    /// Held for its lock, which the operating system releases however the process ends.
    _lock: File,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    format: u32,
    files: BTreeMap<String, FileSum>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileSum {
    bytes: u64,
    sha256: String,
}

impl CheckpointStore {
    /// Opens `dir`, making it if needed, and removes what writes that were cut off have left.
    /// `keep_last` checkpoints are kept beside the best one.
    ///
    /// # Errors
    /// [`Error::Invalid`] where `keep_last` is 0; [`Error::Io`] where the directory cannot be used;
    /// [`Error::Checkpoint`] where another process uses it.
    pub fn open(dir: impl AsRef<Path>, keep_last: usize) -> Result<Self> {
        if keep_last == 0 {
            return Err(Error::invalid("keep_last", "is 0, must be positive"));
        }
        let dir = dir.as_ref().to_path_buf();
        fs::create_dir_all(&dir).map_err(|error| Error::io(&dir, error))?;
        let lock_path = dir.join(LOCK);
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(|error| Error::io(&lock_path, error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                return Err(Error::checkpoint(
                    &dir,
                    "another process is using this directory",
                ));
            }
            // Some network file systems have no locks; a run there is still a run.
            Err(fs::TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => {}
            Err(fs::TryLockError::Error(error)) => return Err(Error::io(&lock_path, error)),
        }
        for (name, path) in entries(&dir)? {
            if name.starts_with(TEMPORARY) {
                fs::remove_dir_all(&path).map_err(|error| Error::io(&path, error))?;
            }
        }
        Ok(Self {
            dir,
            keep_last,
            _lock: lock,
        })
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The steps that checkpoints exist of, ascending, readable or not.
    ///
    /// # Errors
    /// [`Error::Io`] where the directory cannot be listed.
    pub fn steps(&self) -> Result<Vec<u64>> {
        let mut steps: Vec<u64> = entries(&self.dir)?
            .into_iter()
            .filter_map(|(name, _)| name.strip_prefix(PREFIX)?.parse().ok())
            .collect();
        steps.sort_unstable();
        Ok(steps)
    }

    /// Where the checkpoint of `step` lies.
    pub fn path(&self, step: u64) -> PathBuf {
        self.dir.join(format!("{PREFIX}{step:010}"))
    }

    /// Writes a checkpoint, then removes those that are neither the best nor among the last. One that
    /// cannot be removed is no error: the next call and the next opening try again.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Format`] where writing fails or the directory cannot be listed; the
    /// older checkpoints stay then.
    pub fn save(&self, checkpoint: &Checkpoint) -> Result<PathBuf> {
        let step = checkpoint.state.step;
        let target = self.path(step);
        let temporary = self.dir.join(format!("{TEMPORARY}{PREFIX}{step:010}"));
        let written = self.write_all(&temporary, checkpoint).and_then(|()| {
            if target.exists() {
                // Damaged, or of a course of the run that was given up: this one takes its place.
                let old = self.dir.join(format!("{TEMPORARY}old-{step:010}"));
                fs::rename(&target, &old).map_err(|error| Error::io(&target, error))?;
            }
            fs::rename(&temporary, &target).map_err(|error| Error::io(&target, error))
        });
        if let Err(error) = written {
            // The cause matters more than a failure to clean up; the next opening tries again.
            let _ = fs::remove_dir_all(&temporary);
            return Err(error);
        }
        sync_dir(&self.dir)?;
        self.prune(step, checkpoint.state.best.map(|best| best.step))?;
        Ok(target)
    }

    fn write_all(&self, dir: &Path, checkpoint: &Checkpoint) -> Result<()> {
        if dir.exists() {
            fs::remove_dir_all(dir).map_err(|error| Error::io(dir, error))?;
        }
        fs::create_dir(dir).map_err(|error| Error::io(dir, error))?;
        tensors_file::write(&dir.join(MODEL), checkpoint.model.tensors())?;
        tensors_file::write(&dir.join(OPTIMIZER), &checkpoint.optimizer)?;
        write_json(&dir.join(STATE), &checkpoint.state)?;
        let mut files = BTreeMap::new();
        for name in [MODEL, OPTIMIZER, STATE] {
            files.insert(name.to_owned(), flush_and_sum(&dir.join(name))?);
        }
        let manifest = dir.join(MANIFEST);
        write_json(&manifest, &Manifest { format: 1, files })?;
        flush_and_sum(&manifest)?;
        sync_dir(dir)
    }

    /// Removes checkpoints up to `current` that are neither `best` nor among the last ones. Later
    /// ones belong to a course of the run that was given up; they are replaced when it gets there.
    fn prune(&self, current: u64, best: Option<u64>) -> Result<()> {
        let past: Vec<u64> = self
            .steps()?
            .into_iter()
            .filter(|&step| step <= current)
            .collect();
        let extra = past.len().saturating_sub(self.keep_last);
        for &step in &past[..extra] {
            if Some(step) != best {
                let path = self.path(step);
                // Renamed first: a removal that is cut off must not leave half a checkpoint.
                let doomed = self.dir.join(format!("{TEMPORARY}old-{step:010}"));
                // One more checkpoint than asked for is no reason to end a run, nor is a leftover.
                let _ = fs::rename(&path, &doomed);
            }
        }
        for (name, path) in entries(&self.dir)? {
            if name.starts_with(TEMPORARY) {
                let _ = fs::remove_dir_all(&path);
            }
        }
        Ok(())
    }

    /// The newest checkpoint that is whole. `refused` is told of newer ones that are not.
    ///
    /// # Errors
    /// [`Error::Io`] where the directory cannot be listed; [`Error::Checkpoint`] where there are
    /// checkpoints and none is whole.
    pub fn latest(&self, mut refused: impl FnMut(&Path, &Error)) -> Result<Option<Checkpoint>> {
        let mut first_error = None;
        for step in self.steps()?.into_iter().rev() {
            match self.load(step) {
                Ok(checkpoint) => return Ok(Some(checkpoint)),
                Err(error) => {
                    refused(&self.path(step), &error);
                    first_error.get_or_insert(error);
                }
            }
        }
        match first_error {
            None => Ok(None),
            Some(error) => Err(Error::checkpoint(
                &self.dir,
                format!("no checkpoint is readable; of the newest: {error}"),
            )),
        }
    }

    /// The checkpoint of `step`.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Format`] naming the file that is missing, cut off or altered.
    pub fn load(&self, step: u64) -> Result<Checkpoint> {
        let manifest = self.manifest(step)?;
        let (path, bytes) = self.read(step, &manifest, STATE)?;
        let state: TrainState = serde_json::from_slice(&bytes)
            .map_err(|error| Error::format(&path, error.to_string()))?;
        if state.step != step {
            return Err(Error::format(
                &path,
                format!("is of step {}, {step} expected", state.step),
            ));
        }
        let (path, bytes) = self.read(step, &manifest, OPTIMIZER)?;
        let optimizer = tensors_file::parse(&path, &bytes)?;
        drop(bytes);
        let (path, bytes) = self.read(step, &manifest, MODEL)?;
        let model = Snapshot::from_tensors(tensors_file::parse(&path, &bytes)?);
        Ok(Checkpoint {
            state,
            model,
            optimizer,
        })
    }

    /// The parameters of the checkpoint of `step`.
    ///
    /// # Errors
    /// As [`CheckpointStore::load`].
    pub fn load_model(&self, step: u64) -> Result<Snapshot> {
        let (path, bytes) = self.read(step, &self.manifest(step)?, MODEL)?;
        Ok(Snapshot::from_tensors(tensors_file::parse(&path, &bytes)?))
    }

    fn manifest(&self, step: u64) -> Result<Manifest> {
        /// Far above any manifest that is written.
        const LIMIT: u64 = 1 << 16;
        let path = self.path(step).join(MANIFEST);
        let mut bytes = Vec::new();
        File::open(&path)
            .and_then(|file| file.take(LIMIT).read_to_end(&mut bytes))
            .map_err(|error| Error::io(&path, error))?;
        let manifest: Manifest = serde_json::from_slice(&bytes)
            .map_err(|error| Error::format(&path, error.to_string()))?;
        if manifest.format != 1 {
            return Err(Error::format(
                &path,
                format!("has format {}, 1 expected", manifest.format),
            ));
        }
        Ok(manifest)
    }

    /// The bytes of file `name` of a checkpoint, checked against its manifest.
    fn read(&self, step: u64, manifest: &Manifest, name: &str) -> Result<(PathBuf, Vec<u8>)> {
        let path = self.path(step).join(name);
        let expected = manifest
            .files
            .get(name)
            .ok_or_else(|| Error::format(&path, "is not listed in the manifest"))?;
        let size = fs::metadata(&path)
            .map_err(|error| Error::io(&path, error))?
            .len();
        if size != expected.bytes {
            return Err(Error::format(
                &path,
                format!("has {size} bytes, {} expected", expected.bytes),
            ));
        }
        let bytes = fs::read(&path).map_err(|error| Error::io(&path, error))?;
        let sum = hex(&Sha256::digest(&bytes));
        if sum != expected.sha256 {
            return Err(Error::format(
                &path,
                format!("has SHA-256 {sum}, {} expected", expected.sha256),
            ));
        }
        Ok((path, bytes))
    }
}

/// Names and paths of what lies in `dir`.
fn entries(dir: &Path) -> Result<Vec<(String, PathBuf)>> {
    let fail = |error| Error::io(dir, error);
    fs::read_dir(dir)
        .map_err(fail)?
        .map(|entry| {
            let entry = entry.map_err(fail)?;
            Ok((
                entry.file_name().to_string_lossy().into_owned(),
                entry.path(),
            ))
        })
        .collect()
}

fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<()> {
    let text =
        serde_json::to_vec_pretty(value).map_err(|error| Error::format(path, error.to_string()))?;
    File::create(path)
        .and_then(|mut file| file.write_all(&text))
        .map_err(|error| Error::io(path, error))
}

/// Waits until a file is on disk, and sums it up as it reads back.
fn flush_and_sum(path: &Path) -> Result<FileSum> {
    let fail = |error| Error::io(path, error);
    // Windows flushes no file that is open for reading only.
    let mut file = File::options()
        .read(true)
        .write(true)
        .open(path)
        .map_err(fail)?;
    file.sync_all().map_err(fail)?;
    let mut hash = Sha256::new();
    let mut bytes = 0;
    let mut block = vec![0; 1 << 16];
    loop {
        let count = file.read(&mut block).map_err(fail)?;
        if count == 0 {
            break;
        }
        hash.update(&block[..count]);
        bytes += count as u64;
    }
    Ok(FileSum {
        bytes,
        sha256: hex(&hash.finalize()),
    })
}

/// Waits until the names in `dir` are on disk. Only Unix can and needs to.
fn sync_dir(dir: &Path) -> Result<()> {
    if cfg!(unix) {
        File::open(dir)
            .and_then(|dir| dir.sync_all())
            .map_err(|error| Error::io(dir, error))?;
    }
    Ok(())
}
