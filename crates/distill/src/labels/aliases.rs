//! Other names for labels.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde::{Serialize, Serializer};

use crate::{Error, Result};

/// Names that mean the same as a label: `tech` = `sci/tech`. What an alias means may be an alias
/// again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Aliases {
    /// What each alias was said to mean.
    given: BTreeMap<String, String>,
    /// The label, itself no alias, at the end of each alias.
    labels: HashMap<String, String>,
}

impl Aliases {
    /// Aliases, each with what it means.
    ///
    /// # Errors
    /// [`Error::EmptyLabel`] for an empty name, [`Error::DuplicateAlias`] for an alias with two
    /// meanings, [`Error::AliasCycle`] where one leads back to itself.
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Result<Self> {
        let mut given = BTreeMap::new();
        for (index, (alias, label)) in pairs.into_iter().enumerate() {
            if alias.is_empty() || label.is_empty() {
                return Err(Error::EmptyLabel {
                    place: "aliases".to_owned(),
                    index,
                });
            }
            if let Some(first) = given.get(&alias)
                && *first != label
            {
                return Err(Error::DuplicateAlias {
                    first: String::clone(first),
                    alias,
                    second: label,
                });
            }
            given.insert(alias, label);
        }
        let labels = follow(&given)?;
        Ok(Self { given, labels })
    }

    /// The label that `name` means: itself where it is no alias.
    pub fn resolve<'a>(&'a self, name: &'a str) -> &'a str {
        self.labels.get(name).map_or(name, String::as_str)
    }

    /// Every alias and what it was said to mean, by alias.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.given.iter().map(|(a, l)| (a.as_str(), l.as_str()))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.given.is_empty()
    }
}

/// The end of every alias; each step of a chain is taken once, however many aliases lead into it.
fn follow(given: &BTreeMap<String, String>) -> Result<HashMap<String, String>> {
    let mut labels: HashMap<String, String> = HashMap::with_capacity(given.len());
    for start in given.keys() {
        let mut path = Vec::new();
        let mut seen = HashSet::new();
        let mut name = start;
        let end = loop {
            if let Some(end) = labels.get(name) {
                break end.clone();
            }
            let Some(next) = given.get(name) else {
                break name.clone();
            };
            if !seen.insert(name) {
                let circle = path.iter().skip_while(|&&step| step != name);
                return Err(Error::AliasCycle {
                    labels: circle.map(|&step| String::clone(step)).collect(),
                });
            }
            path.push(name);
            name = next;
        };
        labels.extend(path.into_iter().map(|alias| (alias.clone(), end.clone())));
    }
    Ok(labels)
}

impl Serialize for Aliases {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.given.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Aliases {
    /// A map from alias to label. A key that comes twice is an error, as in [`Aliases::new`].
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;

        impl<'de> Visitor<'de> for Pairs {
            type Value = Vec<(String, String)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map from aliases to labels")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(pairs)
            }
        }

        let pairs = deserializer.deserialize_map(Pairs)?;
        Self::new(pairs).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aliases(pairs: &[(&str, &str)]) -> Result<Aliases> {
        Aliases::new(pairs.iter().map(|&(a, l)| (a.to_owned(), l.to_owned())))
    }

    #[test]
    fn chains_are_followed_to_their_end() {
        let found = aliases(&[("b", "c"), ("a", "b"), ("c", "d"), ("x", "d")]).unwrap();
        for name in ["a", "b", "c", "d", "x"] {
            assert_eq!(found.resolve(name), "d");
        }
        assert_eq!(found.resolve("e"), "e");
        assert_eq!(found.pairs().next(), Some(("a", "b")));
    }

    #[test]
    fn circles_are_named() {
        let circle = |pairs: &[_]| match aliases(pairs) {
            Err(Error::AliasCycle { labels }) => labels,
            other => panic!("{other:?}"),
        };
        assert_eq!(circle(&[("a", "a")]), ["a"]);
        assert_eq!(circle(&[("0", "b"), ("b", "c"), ("c", "b")]), ["b", "c"]);
    }

    #[test]
    fn an_alias_has_one_meaning() {
        assert!(aliases(&[("a", "b"), ("a", "b")]).is_ok());
        let two = aliases(&[("a", "b"), ("a", "c")]);
        assert!(matches!(two, Err(Error::DuplicateAlias { .. })));
        assert!(matches!(
            aliases(&[("a", "")]),
            Err(Error::EmptyLabel { .. })
        ));
        let error = serde_json::from_str::<Aliases>(r#"{"a": "b", "a": "c"}"#);
        assert!(
            error
                .unwrap_err()
                .to_string()
                .contains("`a` means both `b` and `c`")
        );
    }

    #[test]
    fn long_chains_take_linear_time() {
        // From both ends: the first alias in order is the longest way from its label, or the shortest.
        for step in [1_i64, -1] {
            let name = |i: i64| format!("{i:07}");
            let pairs = (1..200_000_i64).map(|i| (name(i), name(i + step)));
            let found = Aliases::new(pairs).unwrap();
            assert_eq!(
                found.resolve(&name(1_000)),
                name(if step > 0 { 200_000 } else { 0 })
            );
        }
    }
}
