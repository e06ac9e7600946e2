//! Values given as `--set key=value`.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::str::FromStr;

use anyhow::{Result, anyhow, bail, ensure};

use crate::systems::{Setting, System, Tier};

/// The settings of one run: what the user gave, and what the run took.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    known: Vec<String>,
    given: BTreeMap<String, String>,
    /// None where a default differs from place to place.
    used: RefCell<BTreeMap<String, Option<String>>>,
}

impl Settings {
    /// The part of `pairs` that is meant for `tier` of `system`: `key=value`, or `system.key=value`. A key
    /// alone that the tier does not read is left out: it is meant for another system.
    ///
    /// # Errors
    /// Where a pair has no `=`, or addresses this system with a key that it does not have or the tier does
    /// not read.
    pub fn for_system(system: &System, tier: Tier, pairs: &[String]) -> Result<Self> {
        let known: Vec<String> = system
            .settings
            .iter()
            .map(|setting| setting.key.clone())
            .collect();
        let mut given = BTreeMap::new();
        for pair in pairs {
            let (key, value) = split(pair)?;
            let (own, named) = match key.split_once('.') {
                Some((name, own)) if name == system.name => (own, true),
                Some(_) => continue,
                None => (key, false),
            };
            match system.settings.iter().find(|setting| setting.key == own) {
                Some(setting) if setting.is_read_by(tier) => {
                    given.insert(own.to_owned(), value.to_owned());
                }
                Some(setting) if named => bail!(not_read(pair, tier, &[setting])),
                None if named => bail!(
                    "`--set {pair}`: `{}` has no setting `{own}`; it has: {}",
                    system.name,
                    or_none(&known)
                ),
                _ => {}
            }
        }
        Ok(Self {
            known,
            given,
            used: RefCell::default(),
        })
    }

    /// Refuses a pair that `tier` of none of `systems` reads.
    ///
    /// # Errors
    /// Names the pair and the settings that there are, or the tiers that read it.
    pub fn check(systems: &[&System], tier: Tier, pairs: &[String]) -> Result<()> {
        for pair in pairs {
            let (key, _) = split(pair)?;
            let all = || {
                systems.iter().flat_map(|system| {
                    (system.settings.iter())
                        .map(|setting| (format!("{}.{}", system.name, setting.key), setting))
                })
            };
            let found: Vec<&Setting> = all()
                .filter(|(name, setting)| setting.key == key || name == key)
                .map(|(_, setting)| setting)
                .collect();
            ensure!(
                !found.is_empty(),
                "`--set {pair}`: no setting `{key}`; there are: {}",
                or_none(&all().map(|(name, _)| name).collect::<Vec<_>>())
            );
            ensure!(
                found.iter().any(|setting| setting.is_read_by(tier)),
                not_read(pair, tier, &found)
            );
        }
        Ok(())
    }

    /// What the user gave for `key`.
    pub fn given(&self, key: &str) -> Option<&str> {
        self.given.get(key).map(String::as_str)
    }

    /// The value of `key`, or `default` where the user gave none.
    ///
    /// # Errors
    /// Where the text is not a `T`, or `systems.toml` declares no such key.
    pub fn get<T>(&self, key: &str, default: T) -> Result<T>
    where
        T: FromStr + Display,
        T::Err: Display,
    {
        ensure!(
            self.known.iter().any(|other| other == key),
            "setting `{key}` is not declared in systems.toml; declared: {}",
            or_none(&self.known)
        );
        let value = match self.given.get(key) {
            None => default,
            Some(text) => text
                .parse::<T>()
                .map_err(|error| anyhow!("`--set {key}={text}`: {error}"))?,
        };
        let text = value.to_string();
        let mut used = self.used.borrow_mut();
        let known = used
            .entry(key.to_owned())
            .or_insert_with(|| Some(text.clone()));
        if known.as_ref() != Some(&text) {
            *known = None;
        }
        Ok(value)
    }

    /// The values of `key`, which have commas between them, or `default` where the user gave none.
    ///
    /// # Errors
    /// As [`get`](Self::get), of any of the values.
    pub fn list<T>(&self, key: &str, default: &[T]) -> Result<Vec<T>>
    where
        T: FromStr + Display,
        T::Err: Display,
    {
        let default: Vec<String> = default.iter().map(ToString::to_string).collect();
        let text: String = self.get(key, default.join(","))?;
        text.split(',')
            .map(|part| {
                part.parse::<T>()
                    .map_err(|error| anyhow!("`--set {key}={text}`: `{part}`: {error}"))
            })
            .collect()
    }

    /// What [`get`](Self::get) has returned so far, for the report. Keys whose defaults differ from place
    /// to place are left out: no one value of theirs gives the run again.
    pub fn used(&self) -> BTreeMap<String, String> {
        (self.used.borrow().iter())
            .filter_map(|(key, value)| Some((key.clone(), value.clone()?)))
            .collect()
    }

    /// What the user gave and [`get`](Self::get) was not asked for.
    pub fn unread(&self) -> Vec<String> {
        let used = self.used.borrow();
        let unread = self.given.keys().filter(|key| !used.contains_key(*key));
        unread.cloned().collect()
    }
}

fn split(pair: &str) -> Result<(&str, &str)> {
    match pair.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key, value)),
        _ => bail!("`--set {pair}`: expected key=value"),
    }
}

/// Why `pair`, which names `settings`, is refused.
fn not_read(pair: &str, tier: Tier, settings: &[&Setting]) -> String {
    let tiers: BTreeSet<Tier> = (settings.iter())
        .flat_map(|setting| setting.tiers.iter().flatten().copied())
        .collect();
    let tiers: Vec<String> = tiers.iter().map(ToString::to_string).collect();
    let key = settings.first().map_or("", |setting| setting.key.as_str());
    format!(
        "`--set {pair}`: tier `{tier}` does not read `{key}`; tiers that do: {}",
        tiers.join(", ")
    )
}

fn or_none(names: &[String]) -> String {
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Report;
    use crate::systems;
    use crate::workspace::Workspace;

    fn system() -> System {
        systems::parse(
            r#"
            [[system]]
            name = "a"
            title = "A"
            package = "plm-a"
            folder = "crates/a"
            status = "ready"
            [[system.setting]]
            key = "steps"
            help = "training steps"
            [[system.setting]]
            key = "rate"
            help = "learning rate"
            [[system.setting]]
            key = "model"
            help = "folder"
            tiers = ["paper"]
            [[system.tier]]
            tier = "embedded"
            minutes = 1
            [[system.tier]]
            tier = "paper"
            minutes = 1
            "#,
        )
        .unwrap()
        .remove(0)
    }

    /// The settings of the tier `embedded`.
    fn embedded(system: &System, list: &[&str]) -> Result<Settings> {
        Settings::for_system(system, Tier::Embedded, &pairs(list))
    }

    fn pairs(list: &[&str]) -> Vec<String> {
        list.iter().map(|&pair| pair.to_owned()).collect()
    }

    #[test]
    fn given_values_replace_defaults_and_both_are_recorded() {
        let settings = embedded(&system(), &["a.steps=7", "b.steps=9"]).unwrap();
        assert_eq!(settings.get("steps", 100_usize).unwrap(), 7);
        assert_eq!(settings.get("rate", 0.5_f64).unwrap(), 0.5);
        assert_eq!(
            settings.used().into_iter().collect::<Vec<_>>(),
            [
                ("rate".to_owned(), "0.5".to_owned()),
                ("steps".to_owned(), "7".to_owned())
            ]
        );
    }

    #[test]
    fn keys_with_several_defaults_are_not_recorded_and_unread_ones_are_named() {
        let settings = embedded(&system(), &["steps=7"]).unwrap();
        assert_eq!(settings.unread(), ["steps"]);
        for default in [0.5_f64, 0.25, 0.5] {
            assert_eq!(settings.get("rate", default).unwrap(), default);
        }
        assert!(settings.used().is_empty());
        for default in [1_usize, 2] {
            assert_eq!(settings.get("steps", default).unwrap(), 7);
        }
        assert_eq!(settings.used()["steps"], "7");
        assert!(settings.unread().is_empty());
    }

    #[test]
    fn lists_are_read_as_they_are_written() {
        let settings = embedded(&system(), &["steps=3,20"]).unwrap();
        assert_eq!(settings.list("steps", &[1_usize]).unwrap(), [3, 20]);
        let shares = [0.5, 1.0, 0.05];
        assert_eq!(settings.list("rate", &shares).unwrap(), shares);
        assert_eq!(settings.used()["steps"], "3,20");
        assert_eq!(settings.used()["rate"], "0.5,1,0.05");
        for text in ["0.5,half", "0.5,", ""] {
            let pair = format!("rate={text}");
            let settings = embedded(&system(), &[&pair]).unwrap();
            let error = settings.list("rate", &shares).unwrap_err().to_string();
            let wrong = text.strip_prefix("0.5,").unwrap_or(text);
            assert!(error.contains(&format!("{pair}`: `{wrong}`")), "{error}");
        }
        assert!(settings.list("other", &shares).is_err());
    }

    #[test]
    fn unknown_keys_bad_values_and_bad_pairs_are_refused() {
        let system = system();
        let check = |list: &[&str]| Settings::check(&[&system], Tier::Embedded, &pairs(list));
        let text = check(&["step=7"]).unwrap_err().to_string();
        assert!(
            text.contains("`step`") && text.contains("a.steps"),
            "{text}"
        );
        assert!(check(&["steps"]).is_err());
        assert!(check(&["=3"]).is_err());
        assert!(check(&["a.steps=7", "rate=1"]).is_ok());
        assert!(embedded(&system, &["a.step=7"]).is_err());
        let settings = embedded(&system, &["steps=many"]).unwrap();
        let text = settings.get("steps", 1_usize).unwrap_err().to_string();
        assert!(text.contains("steps=many"), "{text}");
        assert!(settings.get("other", 1_usize).is_err());
    }

    #[test]
    fn keys_that_a_tier_does_not_read_are_refused_unless_another_system_reads_them() {
        let first = system();
        let mut second = first.clone();
        second.name = "b".into();
        second.settings[2].tiers = Some(vec![Tier::Embedded, Tier::Paper]);
        let check = |systems: &[&System], pair: &str| {
            Settings::check(systems, Tier::Embedded, &pairs(&[pair]))
        };
        let reason = "tier `embedded` does not read `model`; tiers that do: paper";
        for pair in ["model=bert", "a.model=bert"] {
            let text = check(&[&first], pair).unwrap_err().to_string();
            assert_eq!(text, format!("`--set {pair}`: {reason}"));
            assert!(Settings::check(&[&first], Tier::Paper, &pairs(&[pair])).is_ok());
        }
        assert!(check(&[&first, &second], "model=bert").is_ok());
        assert!(check(&[&first, &second], "a.model=bert").is_err());
        let given = |system: &System| {
            let settings = embedded(system, &["model=bert"]).unwrap();
            settings.given("model").map(str::to_owned)
        };
        assert_eq!([given(&first), given(&second)], [None, Some("bert".into())]);
        let text = embedded(&first, &["a.model=bert"]).unwrap_err();
        assert!(text.to_string().contains(reason), "{text}");
    }

    /// The pages of kept runs show commands that give the runs again.
    #[test]
    fn settings_of_kept_runs_are_still_taken() {
        let systems = systems::all().unwrap();
        let folder = Workspace::find().unwrap().root().join("docs/repro/records");
        let mut read = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let report = Report::read(&path).unwrap();
            let system = systems.iter().find(|system| system.name == report.name);
            let settings = report.settings.iter();
            let pairs: Vec<String> = settings
                .map(|(key, value)| format!("{key}={value}"))
                .collect();
            let checked = Settings::check(&[system.unwrap()], report.tier, &pairs);
            checked.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            read += pairs.len();
        }
        assert!(read > 0, "no kept run has settings");
    }
}
