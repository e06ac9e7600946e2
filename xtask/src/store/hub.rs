//! Assets in repositories of the Hugging Face hub, through the cache that Python's tools share.
//!
//! The client reads `HF_ENDPOINT`, `HF_TOKEN`, `HF_HOME` and `HF_HUB_CACHE` itself;
//! `HF_HUB_OFFLINE` is honored here.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use hf_hub::HFClient;

use super::link;
use super::manifest::{Asset, Hub};

/// What may differ from the client's defaults.
#[derive(Debug, Default)]
pub(super) struct Options {
    /// Take files from the cache only.
    offline: bool,
    /// Cache folder instead of the environment's.
    cache: Option<PathBuf>,
}

impl Options {
    /// The options that the environment asks for.
    pub(super) fn from_environment() -> Self {
        let offline = std::env::var("HF_HUB_OFFLINE").is_ok_and(|value| is_true(&value));
        Self {
            offline,
            cache: None,
        }
    }
}

/// The words that Python's hub client takes for true.
fn is_true(value: &str) -> bool {
    matches!(
        value.to_ascii_uppercase().as_str(),
        "1" | "ON" | "YES" | "TRUE"
    )
}

/// Downloads what the hub's cache lacks of `asset` and links the cached files into `target`.
///
/// # Errors
/// Where a file can be had neither from the cache nor, unless offline, from the hub.
pub(super) fn fetch(hub: &Hub, asset: &Asset, options: &Options, target: &Path) -> Result<()> {
    let (owner, name) = hub.repo.split_once('/').unwrap_or(("", &hub.repo));
    ensure!(!owner.is_empty(), "hub: `{}` is not owner/name", hub.repo);
    let builder = HFClient::builder();
    let builder = match &options.cache {
        Some(folder) => builder.cache_dir(folder),
        None => builder,
    };
    let client = builder.build_sync().context("the hub's client")?;
    let repository = client.model(owner, name);
    for file in &asset.files {
        let path = repository
            .download_file()
            .filename(&file.path)
            .revision(&hub.revision)
            .local_files_only(options.offline)
            .send()
            .with_context(|| format!("{} of {} at {}", file.path, hub.repo, hub.revision))?;
        link::one(&path, &target.join(&file.path))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::Store;
    use super::super::manifest::sample;
    use super::*;

    #[test]
    fn offline_words_are_those_of_the_python_client() {
        for word in ["1", "true", "Yes", "ON"] {
            assert!(is_true(word), "{word}");
        }
        for word in ["", "0", "false", "no"] {
            assert!(!is_true(word), "{word}");
        }
    }

    #[test]
    fn offline_takes_the_cache_of_the_python_client_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let repo = folder.path().join("hub/models--owner--tiny");
        let commit = "c".repeat(40);
        fs::create_dir_all(repo.join("refs")).unwrap();
        fs::write(repo.join("refs/main"), &commit).unwrap();
        let snapshot = repo.join("snapshots").join(&commit);
        fs::create_dir_all(&snapshot).unwrap();
        let store = Store::at(folder.path().join("store"), sample());
        let asset = store.manifest().find("tiny").unwrap();
        let hub = Hub {
            repo: "owner/tiny".into(),
            revision: "main".into(),
        };
        let options = Options {
            offline: true,
            cache: Some(folder.path().join("hub")),
        };
        let get = || store.install(asset, |target| fetch(&hub, asset, &options, target));
        let text = format!("{:#}", get().unwrap_err());
        assert!(text.contains("a.txt of owner/tiny at main"), "{text}");
        fs::write(snapshot.join("a.txt"), "hello").unwrap();
        let installed = get().unwrap();
        assert_eq!(
            fs::read_to_string(installed.join("a.txt")).unwrap(),
            "hello"
        );
    }
}
