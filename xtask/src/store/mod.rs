//! Models and data sets on this machine: what there is, what it should be, how to get it.
//!
//! The store is the folder `$PLM_STORE`, else `plm` in the user's cache folder. Every asset is a
//! folder in it, put there in one move after all its files had the sizes and SHA-256 sums of
//! `assets.toml`. Nothing is downloaded unless [`fetch()`] is called.

mod digest;
mod fetch;
#[cfg(feature = "hub")]
mod hub;
mod link;
mod manifest;
mod pypi;
mod unpack;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};

pub use fetch::{Source, fetch, list};
pub use manifest::{Asset, Hub, Kind, Listed, Manifest, Pypi};

/// Written into an asset's folder last: the asset's fingerprint when it was verified.
const MARKER: &str = ".plm-asset";

/// Locked by the process that installs.
const LOCK: &str = ".lock";

/// How the names of the folders begin in which assets are put together.
const WORK: &str = ".fetch-";

/// The folder that holds the assets.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
    manifest: Manifest,
}

/// Whether an asset can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// All files are there, as they were when they were verified.
    Ready,
    /// Nothing is there.
    Missing,
    /// Something is there that is not the asset of today's `assets.toml`; the text says why.
    Stale(String),
}

impl Store {
    /// The user's store with the assets of `assets.toml`.
    ///
    /// # Errors
    /// Where no folder can be determined or `assets.toml`, which is compiled in, is wrong.
    pub fn open() -> Result<Self> {
        Ok(Self::at(default_root()?, Manifest::committed()?))
    }

    /// The store in `root` with the assets of `manifest`.
    pub fn at(root: impl Into<PathBuf>, manifest: Manifest) -> Self {
        Self {
            root: root.into(),
            manifest,
        }
    }

    /// The folder itself; it need not exist.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What may be in the store.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The folder of the asset called `name`.
    ///
    /// # Errors
    /// Where the asset is unknown, not there, or not as it was verified; the text gives the command
    /// that gets it.
    pub fn dir(&self, name: &str) -> Result<PathBuf> {
        let asset = self.manifest.find(name)?;
        match self.state(asset) {
            State::Ready => Ok(self.folder(asset)),
            State::Missing => bail!(
                "asset `{name}` is not in the store {}; get it with `{}`{}",
                self.root.display(),
                asset.command(),
                asset.provenance()
            ),
            State::Stale(reason) => bail!(
                "asset `{name}` in the store {}: {reason}; get it again with `{}`",
                self.root.display(),
                asset.command()
            ),
        }
    }

    /// Whether `asset` can be used, by its marker and the sizes of its files.
    pub fn state(&self, asset: &Asset) -> State {
        let folder = self.folder(asset);
        if !folder.exists() {
            return State::Missing;
        }
        match fs::read_to_string(folder.join(MARKER)) {
            Ok(text) if text.trim() == asset.fingerprint() => {}
            Ok(_) => return State::Stale("its description has changed since".to_owned()),
            Err(_) => return State::Stale("it was not put there by `fetch`".to_owned()),
        }
        for file in &asset.files {
            match fs::metadata(folder.join(&file.path)) {
                Ok(data) if data.is_file() && data.len() == file.bytes => {}
                Ok(data) => {
                    let reason = format!(
                        "{}: {} bytes instead of {}",
                        file.path,
                        data.len(),
                        file.bytes
                    );
                    return State::Stale(reason);
                }
                Err(error) => return State::Stale(format!("{}: {error}", file.path)),
            }
        }
        State::Ready
    }

    /// Lets `fill` put the files of `asset` into an empty folder, verifies them and moves the
    /// folder into place. On any error nothing of it stays; what a killed process left goes now.
    /// Waits while another process installs.
    ///
    /// # Errors
    /// What `fill` says, or the first file that is missing or has another size or sum.
    pub fn install(
        &self,
        asset: &Asset,
        fill: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<PathBuf> {
        fs::create_dir_all(&self.root).with_context(|| self.root.display().to_string())?;
        let _lock = self.lock()?;
        self.clear()?;
        let work = tempfile::Builder::new()
            .prefix(WORK)
            .tempdir_in(&self.root)
            .with_context(|| self.root.display().to_string())?;
        let fresh = work.path().join("asset");
        fs::create_dir(&fresh).with_context(|| fresh.display().to_string())?;
        fill(&fresh)?;
        for file in &asset.files {
            let path = fresh.join(&file.path);
            let found = digest::sha256(&path, file.bytes)
                .with_context(|| format!("asset `{}`: {}", asset.name, file.path))?;
            ensure!(
                found == file.sha256,
                "asset `{}`: {} has sha256 {found} instead of {}",
                asset.name,
                file.path,
                file.sha256
            );
        }
        let marker = fresh.join(MARKER);
        fs::write(&marker, asset.fingerprint()).with_context(|| marker.display().to_string())?;
        let folder = self.folder(asset);
        if folder.exists() {
            fs::rename(&folder, work.path().join("old"))
                .with_context(|| folder.display().to_string())?;
        }
        fs::rename(&fresh, &folder).with_context(|| folder.display().to_string())?;
        Ok(folder)
    }

    /// Keeps other processes from installing until the file is dropped.
    fn lock(&self) -> Result<File> {
        let path = self.root.join(LOCK);
        let file = File::create(&path).with_context(|| path.display().to_string())?;
        file.lock().with_context(|| path.display().to_string())?;
        Ok(file)
    }

    /// Removes the working folders of processes that were killed.
    fn clear(&self) -> Result<()> {
        for entry in fs::read_dir(&self.root).with_context(|| self.root.display().to_string())? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with(WORK) {
                fs::remove_dir_all(&path).with_context(|| path.display().to_string())?;
            }
        }
        Ok(())
    }

    fn folder(&self, asset: &Asset) -> PathBuf {
        self.root.join(&asset.name)
    }
}

/// `$PLM_STORE`, else `plm` in the cache folder of the user's system.
fn default_root() -> Result<PathBuf> {
    let set = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    if let Some(root) = set("PLM_STORE") {
        return Ok(root);
    }
    let cache = set("XDG_CACHE_HOME")
        .or_else(|| set("LOCALAPPDATA"))
        .or_else(|| {
            let below = if cfg!(target_os = "macos") {
                "Library/Caches"
            } else {
                ".cache"
            };
            set("HOME").map(|home| home.join(below))
        })
        .context("no folder for the store: set PLM_STORE")?;
    Ok(cache.join("plm"))
}

#[cfg(test)]
mod tests {
    use super::manifest::sample;
    use super::*;

    #[test]
    fn verified_assets_are_ready_until_something_changes() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::at(root.path().join("store"), sample());
        let asset = store.manifest().find("tiny").unwrap();
        let text = store.dir("tiny").unwrap_err().to_string();
        assert!(text.contains("cargo xtask fetch tiny"), "{text}");
        let put = |folder: &Path| Ok(fs::write(folder.join("a.txt"), "hello")?);
        let folder = store.install(asset, put).unwrap();
        assert_eq!(store.dir("tiny").unwrap(), folder);
        fs::write(folder.join("a.txt"), "hello!").unwrap();
        assert!(matches!(store.state(asset), State::Stale(reason) if reason.contains("6 bytes")));
        store.install(asset, put).unwrap();
        assert_eq!(store.state(asset), State::Ready);
        let mut changed = asset.clone();
        changed.files[0].sha256 = "0".repeat(64);
        assert!(matches!(store.state(&changed), State::Stale(_)));
        fs::remove_file(folder.join(MARKER)).unwrap();
        assert!(matches!(store.state(asset), State::Stale(_)));
    }

    #[test]
    fn wrong_content_leaves_nothing_and_keeps_what_was_there() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::at(root.path(), sample());
        let asset = store.manifest().find("tiny").unwrap();
        for (content, word) in [
            ("hellO", "sha256"),
            ("hello, world", "5 bytes"),
            ("hell", "5 bytes"),
        ] {
            let put = |folder: &Path| Ok(fs::write(folder.join("a.txt"), content)?);
            let text = format!("{:#}", store.install(asset, put).unwrap_err());
            assert!(text.contains(word) && text.contains("a.txt"), "{text}");
            assert_eq!(entries(root.path()), [LOCK], "{content}");
        }
        assert!(store.install(asset, |_| Ok(())).is_err());
        store
            .install(asset, |folder| {
                Ok(fs::write(folder.join("a.txt"), "hello")?)
            })
            .unwrap();
        assert!(store.install(asset, |_| Ok(())).is_err());
        assert_eq!(store.state(asset), State::Ready);
        assert_eq!(entries(root.path()), [LOCK, "tiny"]);
    }

    fn entries(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn what_a_killed_process_left_is_removed() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::at(root.path(), sample());
        let left = root.path().join(format!("{WORK}abc/asset"));
        fs::create_dir_all(&left).unwrap();
        fs::write(left.join("a.txt"), "hel").unwrap();
        let asset = store.manifest().find("tiny").unwrap();
        store
            .install(asset, |folder| {
                Ok(fs::write(folder.join("a.txt"), "hello")?)
            })
            .unwrap();
        assert_eq!(entries(root.path()), [LOCK, "tiny"]);
    }
}
