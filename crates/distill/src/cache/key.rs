//! What a cache's numbers depend on.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::shard;
use crate::score::McSettings;
use crate::{Error, Result};

/// What a cache's numbers were computed with; any difference makes it another cache.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CacheKey {
    /// Fingerprint of the checkpoint's tensors, in hexadecimal.
    pub weights: String,
    /// Fingerprint of the model's configuration and of the dropout of its parts.
    pub config: String,
    /// Fingerprint of the tokenizer.
    pub tokenizer: String,
    /// Tokens that a text is cut to.
    pub max_length: usize,
    /// Number type that the teacher computes with, such as `f32`.
    pub precision: String,
    /// How many classes the teacher tells apart.
    pub classes: usize,
    /// Settings of Monte-Carlo dropout, where scores are kept.
    pub scoring: Option<McSettings>,
    /// The hidden states whose first token's vectors are kept; 0 is the output of the embeddings.
    pub first_token: Vec<usize>,
    /// Width of those vectors; 0 where none are kept.
    pub hidden_size: usize,
}

/// A part of a key that is not what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyDifference {
    /// The part, such as `scoring.seed`.
    pub field: String,
    /// Its value in the cache.
    pub stored: String,
    /// Its value now.
    pub wanted: String,
}

impl fmt::Display for KeyDifference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            field,
            stored,
            wanted,
        } = self;
        write!(out, "`{field}` was {stored} and is now {wanted}")
    }
}

impl CacheKey {
    /// Checks the sizes.
    ///
    /// # Errors
    /// [`Error::Setting`] where there is no class, or only one and scores are kept; where `hidden_size`
    /// is 0 although vectors are kept, or the other way round; or where a row is larger than a file can
    /// be. Those of [`McSettings::check`].
    pub fn check(&self) -> Result<()> {
        let setting = |name, value: usize, limit| {
            let value = value.to_string();
            Err(Error::Setting { name, value, limit })
        };
        if self.classes == 0 {
            return setting("classes", 0, "must be at least 1");
        }
        if let Some(scoring) = &self.scoring {
            scoring.check()?;
            if self.classes < 2 {
                let limit = "must be at least 2 where Monte-Carlo scores are kept";
                return setting("classes", self.classes, limit);
            }
        }
        if (self.hidden_size == 0) != self.first_token.is_empty() {
            let limit =
                "must be 0 where no vectors of first tokens are kept, and above 0 where some are";
            return setting("hidden_size", self.hidden_size, limit);
        }
        if shard::row_bytes(self).is_none() {
            let limit = "a row of so many classes and vectors is larger than a file can be";
            return setting("classes", self.classes, limit);
        }
        Ok(())
    }

    /// What is different in `wanted`; nothing where the keys are equal.
    pub fn differences(&self, wanted: &Self) -> Vec<KeyDifference> {
        let mut found = Vec::new();
        if self != wanted {
            let json = |key| serde_json::to_value(key).unwrap_or_default();
            compare("", &json(self), &json(wanted), &mut found);
        }
        found
    }
}

/// Collects the leaves in which two values of one type differ.
fn compare(field: &str, stored: &Value, wanted: &Value, found: &mut Vec<KeyDifference>) {
    match (stored, wanted) {
        (Value::Object(stored), Value::Object(wanted)) => {
            for (name, value) in stored {
                let field = match field {
                    "" => name.clone(),
                    _ => format!("{field}.{name}"),
                };
                let other = wanted.get(name).unwrap_or(&Value::Null);
                compare(&field, value, other, found);
            }
        }
        _ if stored != wanted => found.push(KeyDifference {
            field: field.to_owned(),
            stored: stored.to_string(),
            wanted: wanted.to_string(),
        }),
        _ => {}
    }
}

/// The differences, one after the other.
pub(crate) fn list(differences: &[KeyDifference]) -> String {
    let texts: Vec<String> = differences.iter().map(ToString::to_string).collect();
    texts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::tests::key;
    use super::*;

    #[test]
    fn differences_are_named_down_to_the_leaf() {
        let stored = CacheKey {
            scoring: Some(McSettings::default()),
            ..key()
        };
        assert_eq!(stored.differences(&stored), []);
        let mut wanted = stored.clone();
        wanted.max_length = 64;
        wanted.scoring.as_mut().unwrap().seed = 5;
        let texts: Vec<String> = stored
            .differences(&wanted)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            texts,
            [
                "`max_length` was 128 and is now 64",
                "`scoring.seed` was 0 and is now 5"
            ]
        );
        wanted = CacheKey {
            scoring: None,
            ..stored.clone()
        };
        let [difference] = &stored.differences(&wanted)[..] else {
            panic!("one part differs");
        };
        assert_eq!(
            (&*difference.field, &*difference.wanted),
            ("scoring", "null")
        );
    }

    #[test]
    fn keys_without_a_sense_are_refused() {
        let refused = |change: fn(&mut CacheKey)| {
            let mut key = CacheKey {
                scoring: Some(McSettings::default()),
                first_token: vec![0, 2],
                hidden_size: 4,
                ..key()
            };
            key.check().unwrap();
            change(&mut key);
            key.check().unwrap_err().to_string()
        };
        assert!(refused(|key| key.classes = 0).starts_with("classes = 0: must be at least 1"));
        assert!(refused(|key| key.classes = 1).contains("at least 2"));
        assert!(refused(|key| key.hidden_size = 0).starts_with("hidden_size = 0"));
        assert!(refused(|key| key.first_token.clear()).starts_with("hidden_size = 4"));
        assert!(refused(|key| key.classes = usize::MAX / 2).contains("larger than a file"));
        assert!(refused(|key| key.hidden_size = usize::MAX / 4).contains("larger than a file"));
        assert!(refused(|key| key.scoring.as_mut().unwrap().passes = 0).starts_with("passes = 0"));
    }
}
