//! What a reproduction is given.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use super::{Progress, Settings, needs};
use crate::store::Store;
use crate::systems::{Folder, Tier};

/// The surroundings of one run.
#[derive(Debug)]
pub struct Context {
    /// How much it may ask for.
    pub tier: Tier,
    /// Name of the device to compute on, as `plm_core::device::parse` takes it.
    pub device: String,
    /// Seeds to run with, in order; never empty.
    pub seeds: Vec<u64>,
    /// Values given with `--set`.
    pub settings: Settings,
    /// The run's own folder for files; it exists.
    pub out: PathBuf,
    /// Root of the checkout, for files that are part of the repository.
    pub root: PathBuf,
    /// Models and data sets.
    pub store: Store,
    /// Folders of the store that the tier needs beside its assets.
    pub folders: Vec<Folder>,
    /// Progress bars.
    pub progress: Progress,
}

impl Context {
    /// Where one of the tier's [`folders`](Self::folders) lies: `key` is the setting that names it, or the
    /// folder's own name where none does.
    ///
    /// # Errors
    /// Where `systems.toml` declares no such folder, or it is not in the store.
    pub fn folder(&self, key: &str) -> Result<PathBuf> {
        let mut folders = self.folders.iter();
        let found = folders.find(|folder| {
            let own = folder.setting.as_ref().or(folder.name.as_ref());
            own.is_some_and(|own| own == key)
        });
        let folder =
            found.with_context(|| format!("folder `{key}` is not declared in systems.toml"))?;
        needs::place(folder, &self.settings, &self.store)
    }
}
