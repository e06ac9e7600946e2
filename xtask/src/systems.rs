//! The systems that the workspace reproduces: the rows of `systems.toml`.

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
    /// Expected minutes on two cores.
    pub minutes: f64,
}

/// A value that `--set key=value` may change.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// Its name on the command line.
    pub key: String,
    /// What it changes.
    pub help: String,
    /// The value that makes the run shortest, for CI.
    pub smallest: Option<String>,
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
/// Where the text is not as [`System`] says or a name appears twice.
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
    }
    Ok(file.system)
}

/// The systems called `names`, each once, where it is named first; without names, or with `all`, every
/// system that can be run.
///
/// # Errors
/// Where a name is unknown (the text lists those there are).
pub fn select<'a>(systems: &'a [System], names: &[String]) -> Result<Vec<&'a System>> {
    if names.is_empty() || names.iter().any(|name| name == "all") {
        return Ok(systems
            .iter()
            .filter(|system| !system.tiers.is_empty())
            .collect());
    }
    let mut chosen: Vec<&System> = Vec::new();
    for name in names {
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
    }

    #[test]
    fn two_systems_of_one_name_are_refused() {
        let block = "[[system]]\nname='a'\ntitle='A'\npackage='p'\nfolder='f'\nstatus='x'\n";
        let text = parse(&block.repeat(2)).unwrap_err().to_string();
        assert!(text.contains("`a` appears twice"), "{text}");
    }
}
