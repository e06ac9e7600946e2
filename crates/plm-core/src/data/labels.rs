use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The names of classes and their indices. The order is that in which they were given; it is
/// written as a list of names.
///
/// ```
/// use plm_core::data::Labels;
///
/// # fn main() -> plm_core::Result<()> {
/// let labels = Labels::new(["negative", "positive"])?;
/// assert_eq!(labels.index("positive")?, 1);
/// assert_eq!(labels.name(0), Some("negative"));
/// assert!(labels.index("neutral").is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Labels {
    names: Vec<String>,
    indices: HashMap<String, usize>,
}

impl Labels {
    /// Labels in the given order.
    ///
    /// # Errors
    /// [`Error::Invalid`] where a name occurs twice.
    pub fn new<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Result<Self> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        let mut indices = HashMap::with_capacity(names.len());
        for (index, name) in names.iter().enumerate() {
            if let Some(first) = indices.insert(name.clone(), index) {
                return Err(Error::invalid(
                    "labels",
                    format!("`{name}` is both label {first} and label {index}"),
                ));
            }
        }
        Ok(Self { names, indices })
    }

    /// The different labels of `examples` in alphabetical order, which does not depend on the
    /// examples' order.
    pub fn collect<S: AsRef<str>>(examples: impl IntoIterator<Item = S>) -> Self {
        let names: BTreeSet<String> = examples
            .into_iter()
            .map(|label| label.as_ref().to_owned())
            .collect();
        let names: Vec<String> = names.into_iter().collect();
        let indices = names.iter().cloned().zip(0..).collect();
        Self { names, indices }
    }

    /// The index of the label `name`.
    ///
    /// # Errors
    /// [`Error::Invalid`] where there is no such label.
    pub fn index(&self, name: &str) -> Result<usize> {
        self.indices.get(name).copied().ok_or_else(|| {
            let shown: Vec<_> = self.names.iter().take(20).collect();
            let more = if self.names.len() > shown.len() {
                ", …"
            } else {
                ""
            };
            Error::invalid(
                "label",
                format!(
                    "`{name}` is none of the {} known: {shown:?}{more}",
                    self.len()
                ),
            )
        })
    }

    /// The name of label `index`.
    pub fn name(&self, index: usize) -> Option<&str> {
        self.names.get(index).map(String::as_str)
    }

    /// The names in order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The number of labels.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

impl TryFrom<Vec<String>> for Labels {
    type Error = Error;

    fn try_from(names: Vec<String>) -> Result<Self> {
        Self::new(names)
    }
}

impl From<Labels> for Vec<String> {
    fn from(labels: Labels) -> Self {
        labels.names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_kept_and_written() {
        let labels = Labels::new(["b", "a"]).unwrap();
        let json = serde_json::to_string(&labels).unwrap();
        assert_eq!(json, r#"["b","a"]"#);
        assert_eq!(serde_json::from_str::<Labels>(&json).unwrap(), labels);
        assert_eq!(Labels::collect(["b", "a", "b"]).names(), ["a", "b"]);
        assert_eq!((labels.len(), labels.name(2)), (2, None));
    }

    #[test]
    fn doubles_and_unknown_names_are_errors() {
        let error = Labels::new(["a", "b", "a"]).unwrap_err().to_string();
        assert!(
            error.contains("`a`") && error.contains('0') && error.contains('2'),
            "{error}"
        );
        assert!(serde_json::from_str::<Labels>(r#"["a","a"]"#).is_err());
        let many = Labels::new((0..50).map(|i| i.to_string())).unwrap();
        let error = many.index("x").unwrap_err().to_string();
        assert!(
            error.contains("`x`") && error.contains("50") && !error.contains("49"),
            "{error}"
        );
    }
}
