//! Values given as `--set key=value`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use anyhow::{Result, anyhow, bail, ensure};

use crate::systems::System;

/// The settings of one run: what the user gave, and what the run took.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    known: Vec<String>,
    given: BTreeMap<String, String>,
    /// None where a default differs from place to place.
    used: RefCell<BTreeMap<String, Option<String>>>,
}

impl Settings {
    /// The part of `pairs` that is meant for `system`: `key=value`, or `system.key=value`.
    ///
    /// # Errors
    /// Where a pair has no `=`, or addresses this system with a key that it does not have.
    pub fn for_system(system: &System, pairs: &[String]) -> Result<Self> {
        let known: Vec<String> = system
            .settings
            .iter()
            .map(|setting| setting.key.clone())
            .collect();
        let mut given = BTreeMap::new();
        for pair in pairs {
            let (key, value) = split(pair)?;
            match key.split_once('.') {
                Some((name, key)) if name == system.name => {
                    ensure!(
                        known.iter().any(|other| other == key),
                        "`--set {pair}`: `{name}` has no setting `{key}`; it has: {}",
                        or_none(&known)
                    );
                    given.insert(key.to_owned(), value.to_owned());
                }
                Some(_) => {}
                None if known.iter().any(|other| other == key) => {
                    given.insert(key.to_owned(), value.to_owned());
                }
                None => {}
            }
        }
        Ok(Self {
            known,
            given,
            used: RefCell::default(),
        })
    }

    /// Refuses a pair that none of `systems` knows.
    ///
    /// # Errors
    /// Names the pair and the settings that there are.
    pub fn check(systems: &[&System], pairs: &[String]) -> Result<()> {
        for pair in pairs {
            let (key, _) = split(pair)?;
            let found = systems.iter().any(|system| {
                system.settings.iter().any(|setting| {
                    setting.key == key || format!("{}.{}", system.name, setting.key) == key
                })
            });
            if !found {
                let there: Vec<String> = systems
                    .iter()
                    .flat_map(|system| {
                        system
                            .settings
                            .iter()
                            .map(|setting| format!("{}.{}", system.name, setting.key))
                    })
                    .collect();
                bail!(
                    "`--set {pair}`: no setting `{key}`; there are: {}",
                    or_none(&there)
                );
            }
        }
        Ok(())
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
    use crate::systems;

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
            "#,
        )
        .unwrap()
        .remove(0)
    }

    fn pairs(list: &[&str]) -> Vec<String> {
        list.iter().map(|&pair| pair.to_owned()).collect()
    }

    #[test]
    fn given_values_replace_defaults_and_both_are_recorded() {
        let settings =
            Settings::for_system(&system(), &pairs(&["a.steps=7", "b.steps=9"])).unwrap();
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
        let settings = Settings::for_system(&system(), &pairs(&["steps=7"])).unwrap();
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
    fn unknown_keys_bad_values_and_bad_pairs_are_refused() {
        let system = system();
        let text = Settings::check(&[&system], &pairs(&["step=7"]))
            .unwrap_err()
            .to_string();
        assert!(
            text.contains("`step`") && text.contains("a.steps"),
            "{text}"
        );
        assert!(Settings::check(&[&system], &pairs(&["steps"])).is_err());
        assert!(Settings::check(&[&system], &pairs(&["=3"])).is_err());
        assert!(Settings::check(&[&system], &pairs(&["a.steps=7", "rate=1"])).is_ok());
        assert!(Settings::for_system(&system, &pairs(&["a.step=7"])).is_err());
        let settings = Settings::for_system(&system, &pairs(&["steps=many"])).unwrap();
        let text = settings.get("steps", 1_usize).unwrap_err().to_string();
        assert!(text.contains("steps=many"), "{text}");
        assert!(settings.get("other", 1_usize).is_err());
    }
}
