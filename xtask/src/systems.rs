//! The systems that the workspace reproduces: the rows of `systems.toml`.

use std::collections::BTreeSet;
use std::fmt;

use anyhow::{Context as _, Result, bail, ensure};
use serde::{Deserialize, Serialize};

/// How much a reproduction may ask of its surroundings.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Needs nothing but the repository.
    Embedded,
    /// Real models and public data sets of the local store.
    Real,
    /// The paper's own models, sizes and data.
    Paper,
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Embedded => "embedded",
            Self::Real => "real",
            Self::Paper => "paper",
        })
    }
}

/// What one tier of a system needs and takes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TierSpec {
    /// Which tier.
    pub tier: Tier,
    /// Assets of the store that must be there.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Folders of the store that must be there and are no assets.
    #[serde(default, rename = "folder")]
    pub folders: Vec<Folder>,
    /// Expected minutes where the system runs by itself.
    pub minutes: f64,
}

/// A folder of the store that no asset describes: whoever runs the tier fills it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Folder {
    /// Its name; without one `setting` has to give it.
    pub name: Option<String>,
    /// The setting that gives another name.
    pub setting: Option<String>,
    /// The setting with which this folder is not needed.
    pub unless: Option<String>,
    /// What it has to hold.
    pub holds: String,
}

/// A value that `--set key=value` may change.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// Its name on the command line.
    pub key: String,
    /// What it changes.
    pub help: String,
    /// The tiers that read it; all of the system's unless given.
    pub tiers: Option<Vec<Tier>>,
    /// The value that makes the embedded tier shortest, for CI.
    pub smallest: Option<String>,
}

impl Setting {
    /// True where `tier` reads it.
    pub fn is_read_by(&self, tier: Tier) -> bool {
        (self.tiers.as_ref()).is_none_or(|tiers| tiers.contains(&tier))
    }
}

/// One system: a paper, or the shared core.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct System {
    /// Its name on the command line.
    pub name: String,
    /// What it does, in a few words.
    pub title: String,
    /// arXiv number of the paper; none for the core.
    pub paper: Option<String>,
    /// The crate that holds it.
    pub package: String,
    /// That crate's folder, from the root.
    pub folder: String,
    /// How far it is, in the words of the README's table.
    pub status: String,
    /// The tiers that can be run; empty where none can yet.
    #[serde(default, rename = "tier")]
    pub tiers: Vec<TierSpec>,
    /// What `--set` may change.
    #[serde(default, rename = "setting")]
    pub settings: Vec<Setting>,
}

impl System {
    /// What `tier` needs, or an error that says which tiers there are.
    ///
    /// # Errors
    /// Where the system has no such tier, or none at all yet.
    pub fn tier(&self, tier: Tier) -> Result<&TierSpec> {
        if self.tiers.is_empty() {
            bail!(
                "`{}` ({}) cannot be reproduced yet: its crate `{}` is {}",
                self.name,
                self.title,
                self.package,
                if self.status == "not yet" {
                    "a placeholder"
                } else {
                    "in progress"
                },
            );
        }
        self.tiers
            .iter()
            .find(|spec| spec.tier == tier)
            .with_context(|| {
                let there: Vec<String> = self
                    .tiers
                    .iter()
                    .map(|spec| spec.tier.to_string())
                    .collect();
                format!(
                    "`{}` has no tier `{tier}`; it has: {}",
                    self.name,
                    there.join(", ")
                )
            })
    }

    /// Refuses settings and folders that contradict the tiers.
    fn check(&self) -> Result<()> {
        let there: BTreeSet<Tier> = self.tiers.iter().map(|spec| spec.tier).collect();
        for setting in &self.settings {
            let key = &setting.key;
            if let Some(tiers) = &setting.tiers {
                ensure!(!tiers.is_empty(), "setting `{key}`: no tier reads it");
                for tier in tiers {
                    ensure!(there.contains(tier), "setting `{key}`: no tier `{tier}`");
                }
            }
            ensure!(
                setting.smallest.is_none() || setting.is_read_by(Tier::Embedded),
                "setting `{key}`: `smallest` is for the tier `embedded`, which does not read it"
            );
        }
        for spec in &self.tiers {
            for folder in &spec.folders {
                ensure!(
                    folder.name.is_some() || folder.setting.is_some(),
                    "tier `{}`: a folder has neither a name nor a setting",
                    spec.tier
                );
                for key in [&folder.setting, &folder.unless].into_iter().flatten() {
                    let mut own = self.settings.iter().filter(|setting| setting.key == *key);
                    ensure!(
                        own.any(|setting| setting.is_read_by(spec.tier)),
                        "tier `{}`: a folder names `{key}`, which is no setting that the tier reads",
                        spec.tier
                    );
                }
            }
        }
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    system: Vec<System>,
}

/// All systems, in the order of the README's table.
///
/// # Errors
/// Where `systems.toml`, which is compiled in, does not parse or names a system twice.
pub fn all() -> Result<Vec<System>> {
    parse(include_str!("../systems.toml"))
}

/// Reads the systems of a TOML text.
///
/// # Errors
/// Where the text is not as [`System`] says, a name appears twice, or a setting or a folder contradicts
/// the tiers.
pub fn parse(text: &str) -> Result<Vec<System>> {
    let file: File = toml::from_str(text).context("systems.toml")?;
    for (index, system) in file.system.iter().enumerate() {
        ensure!(
            file.system[..index]
                .iter()
                .all(|other| other.name != system.name),
            "systems.toml: `{}` appears twice",
            system.name
        );
        system
            .check()
            .with_context(|| format!("systems.toml: `{}`", system.name))?;
    }
    Ok(file.system)
}

/// The systems called `names`, each once, where it is named first; without names, or with `all`, every
/// system that can be run.
///
/// # Errors
/// Where a name is unknown (the text lists those there are).
pub fn select<'a>(systems: &'a [System], names: &[String]) -> Result<Vec<&'a System>> {
    let mut chosen: Vec<&System> = Vec::new();
    for name in names.iter().filter(|name| *name != "all") {
        let named = systems.iter().find(|system| system.name == *name);
        let system = named.with_context(|| {
            let known: Vec<&str> = systems.iter().map(|system| system.name.as_str()).collect();
            format!(
                "no system is called `{name}`; there are: {}",
                known.join(", ")
            )
        })?;
        if chosen.iter().all(|other| other.name != system.name) {
            chosen.push(system);
        }
    }
    if names.is_empty() || names.iter().any(|name| name == "all") {
        chosen = (systems.iter())
            .filter(|system| !system.tiers.is_empty())
            .collect();
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_file_holds_the_core_and_ten_papers() {
        let systems = all().unwrap();
        assert_eq!(
            systems
                .iter()
                .filter(|system| system.paper.is_some())
                .count(),
            10
        );
        assert_eq!(systems[0].name, "core");
    }

    #[test]
    fn unknown_systems_and_missing_tiers_are_explained() {
        let systems = parse(
            r#"
            [[system]]
            name = "a"
            title = "A"
            package = "plm-a"
            folder = "crates/a"
            status = "not yet"
            [[system]]
            name = "b"
            title = "B"
            package = "plm-b"
            folder = "crates/b"
            status = "ready"
            [[system.tier]]
            tier = "embedded"
            minutes = 1.0
            "#,
        )
        .unwrap();
        let text = select(&systems, &["c".to_owned()]).unwrap_err().to_string();
        assert!(text.contains("`c`") && text.contains("a, b"), "{text}");
        let text = systems[0].tier(Tier::Embedded).unwrap_err().to_string();
        assert!(text.contains("placeholder"), "{text}");
        let text = systems[1].tier(Tier::Paper).unwrap_err().to_string();
        assert!(text.contains("embedded"), "{text}");
        let all = select(&systems, &[]).unwrap();
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].name, "b");
        let twice = ["b", "a", "b"].map(str::to_owned);
        let chosen = select(&systems, &twice).unwrap();
        let names: Vec<&str> = chosen.iter().map(|system| system.name.as_str()).collect();
        assert_eq!(names, ["b", "a"]);
        let all = |other: &str| select(&systems, &["all".to_owned(), other.to_owned()]);
        assert_eq!(all("a").unwrap().len(), 1);
        let text = all("c").unwrap_err().to_string();
        assert!(text.contains("no system is called `c`"), "{text}");
    }

    /// A system with two tiers, a setting and a folder that hold these lines.
    fn with(setting: &str, folder: &str) -> Result<Vec<System>> {
        parse(&format!(
            "[[system]]\nname='a'\ntitle='A'\npackage='p'\nfolder='f'\nstatus='x'\n\
             [[system.tier]]\ntier='embedded'\nminutes=1\n\
             [[system.tier]]\ntier='paper'\nminutes=1\n\
             [[system.tier.folder]]\nholds='weights'\n{folder}\n\
             [[system.setting]]\nkey='model'\nhelp='model'\n{setting}\n"
        ))
    }

    #[test]
    fn settings_are_of_the_tiers_that_read_them() {
        let systems = with("tiers=['paper']", "setting='model'").unwrap();
        let setting = &systems[0].settings[0];
        assert_eq!(
            [Tier::Embedded, Tier::Paper].map(|tier| setting.is_read_by(tier)),
            [false, true]
        );
        let everywhere = with("smallest='1'", "name='bert'").unwrap();
        assert!(everywhere[0].settings[0].is_read_by(Tier::Embedded));
    }

    #[test]
    fn what_contradicts_the_tiers_is_refused() {
        for (setting, folder, reason) in [
            ("tiers=[]", "name='bert'", "no tier reads it"),
            ("tiers=['real']", "name='bert'", "no tier `real`"),
            ("tiers=['paper']\nsmallest='1'", "name='bert'", "`smallest`"),
            ("", "", "neither a name nor a setting"),
            ("", "setting='base'", "names `base`"),
            ("", "name='bert'\nunless='sets'", "names `sets`"),
            ("tiers=['embedded']", "setting='model'", "names `model`"),
        ] {
            let text = format!("{:#}", with(setting, folder).unwrap_err());
            assert!(
                text.starts_with("systems.toml: `a`: ") && text.contains(reason),
                "{text}"
            );
        }
    }

    #[test]
    fn two_systems_of_one_name_are_refused() {
        let block = "[[system]]\nname='a'\ntitle='A'\npackage='p'\nfolder='f'\nstatus='x'\n";
        let text = parse(&block.repeat(2)).unwrap_err().to_string();
        assert!(text.contains("`a` appears twice"), "{text}");
    }
}
