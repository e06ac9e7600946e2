//! What a tier needs of the store, and what of it is not there.

use std::path::PathBuf;

use anyhow::{Result, ensure};

use super::Settings;
use crate::store::Store;
use crate::systems::{Folder, TierSpec};

/// A text for each asset and each folder of `spec` that is not in `store`.
pub(super) fn missing(spec: &TierSpec, settings: &Settings, store: &Store) -> Vec<String> {
    let assets = spec.needs.iter().filter_map(|name| store.dir(name).err());
    let folders = (spec.folders.iter())
        .filter(|folder| is_needed(folder, settings))
        .filter_map(|folder| place(folder, settings, store).err());
    assets
        .chain(folders)
        .map(|error| format!("{error:#}"))
        .collect()
}

/// Whether the run looks for `folder`.
fn is_needed(folder: &Folder, settings: &Settings) -> bool {
    let given = |key: &Option<String>| {
        key.as_ref()
            .is_some_and(|key| settings.given(key).is_some())
    };
    given(&folder.setting) || !given(&folder.unless)
}

/// Where `folder` lies.
///
/// # Errors
/// Where it has no name or is not there; the text says what to put where.
pub(super) fn place(folder: &Folder, settings: &Settings, store: &Store) -> Result<PathBuf> {
    let mut name = folder.name.clone().unwrap_or_default();
    if let Some(key) = &folder.setting {
        name = settings.get(key, name)?;
        let or = match &folder.unless {
            Some(other) => format!(" (or `--set {other}=…`)"),
            None => String::new(),
        };
        ensure!(
            !name.is_empty(),
            "name a folder of the store by `--set {key}=…`{or}; put into it: {}",
            folder.holds
        );
    }
    let path = store.root().join(&name);
    ensure!(
        path.is_dir(),
        "folder `{name}` is not in the store; put into {}: {}",
        path.display(),
        folder.holds
    );
    Ok(path)
}

/// The name of `folder`, or the setting that names it.
pub(super) fn label(folder: &Folder) -> String {
    match (&folder.name, &folder.setting) {
        (Some(name), _) => name.clone(),
        (None, setting) => format!("{}=…", setting.as_deref().unwrap_or_default()),
    }
}

/// [`label`] with what has to be in the folder and the settings that change it.
pub(super) fn described(folder: &Folder) -> String {
    let mut text = format!("{}: {}", label(folder), folder.holds);
    if let (Some(_), Some(key)) = (&folder.name, &folder.setting) {
        text += &format!("; `--set {key}=…` names another folder");
    }
    if let Some(key) = &folder.unless {
        text += &format!("; not needed with `--set {key}=…`");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Manifest;
    use crate::systems::{self, System, Tier};

    fn system() -> System {
        systems::parse(
            r#"
            [[system]]
            name = "a"
            title = "A"
            package = "plm-a"
            folder = "crates/a"
            status = "ready"
            [[system.tier]]
            tier = "paper"
            needs = ["minilm-l6"]
            minutes = 1
            [[system.tier.folder]]
            name = "roberta"
            setting = "model"
            holds = "weights"
            [[system.tier.folder]]
            setting = "ace"
            unless = "maven"
            holds = "train.json"
            [[system.tier.folder]]
            setting = "maven"
            unless = "ace"
            holds = "train.jsonl"
            [[system.setting]]
            key = "model"
            help = "folder of a model"
            [[system.setting]]
            key = "ace"
            help = "folder of ACE"
            [[system.setting]]
            key = "maven"
            help = "folder of MAVEN"
            "#,
        )
        .unwrap()
        .remove(0)
    }

    /// What is said to be missing of a store with the folder `bert`, where these settings are given.
    fn said(set: &[&str]) -> Vec<String> {
        let system = system();
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("bert")).unwrap();
        let store = Store::at(root.path(), Manifest::committed().unwrap());
        let pairs: Vec<String> = set.iter().map(|&pair| pair.to_owned()).collect();
        let settings = Settings::for_system(&system, Tier::Paper, &pairs).unwrap();
        let said = missing(system.tier(Tier::Paper).unwrap(), &settings, &store);
        let place = root.path().display().to_string();
        said.iter()
            .map(|text| text.replace(&place, "ROOT"))
            .collect()
    }

    #[test]
    fn folders_are_asked_for_beside_assets() {
        let all = said(&[]);
        assert_eq!(all.len(), 4, "{all:?}");
        assert!(all[0].contains("fetch minilm-l6"), "{all:?}");
        assert_eq!(
            all[1],
            "folder `roberta` is not in the store; put into ROOT/roberta: weights"
        );
        assert_eq!(
            all[2],
            "name a folder of the store by `--set ace=…` (or `--set maven=…`); put into it: train.json"
        );
    }

    #[test]
    fn settings_name_other_folders_or_make_them_unnecessary() {
        let found = |set: &[&str]| said(set)[1..].to_vec();
        assert!(found(&["model=bert", "ace=bert"]).is_empty());
        let other = found(&["model=deberta", "maven=bert"]);
        assert_eq!(
            other,
            ["folder `deberta` is not in the store; put into ROOT/deberta: weights"]
        );
        // Whoever names both has both looked for.
        let both = found(&["model=bert", "ace=news", "maven=events"]);
        assert!(
            both.len() == 2 && both[0].contains("`news`") && both[1].contains("`events`"),
            "{both:?}"
        );
        let empty = found(&["model=", "ace=bert"]);
        assert!(
            empty.len() == 1 && empty[0].contains("--set model="),
            "{empty:?}"
        );
    }

    #[test]
    fn lists_say_what_goes_where() {
        let system = system();
        let folders = &system.tier(Tier::Paper).unwrap().folders;
        let shown: Vec<String> = folders.iter().map(described).collect();
        assert_eq!(
            shown[..2],
            [
                "roberta: weights; `--set model=…` names another folder",
                "ace=…: train.json; not needed with `--set maven=…`"
            ]
        );
    }
}
