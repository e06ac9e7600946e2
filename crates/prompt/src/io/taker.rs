//! Taking typed values out of a file's metadata.

use std::collections::BTreeMap;
use std::path::Path;

use crate::{Error, Result};

/// Takes entries by their keys.
pub(super) struct Taker<'a> {
    /// What is left of the metadata.
    pub(super) entries: &'a mut BTreeMap<String, String>,
    /// The file, for messages.
    pub(super) path: &'a Path,
}

impl Taker<'_> {
    /// The text at `key`, which must be there and not empty.
    pub(super) fn text(&mut self, key: &str) -> Result<String> {
        match self.entries.remove(key) {
            Some(text) if !text.is_empty() => Ok(text),
            found => {
                let found = found.map_or("missing", |_| "empty");
                let expected =
                    "a prompt's file must have it in its metadata; save the prompt again";
                Err(Error::entry(self.path, key, found, expected))
            }
        }
    }

    /// The number at `key`, or `None` where there is no such key.
    pub(super) fn number<T: std::str::FromStr>(
        &mut self,
        key: &str,
        kind: &str,
    ) -> Result<Option<T>> {
        let Some(text) = self.entries.remove(key) else {
            return Ok(None);
        };
        match text.parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(self.refused(key, &text, kind)),
        }
    }

    /// The JSON list at `key`, which must be there.
    pub(super) fn list<T: serde::de::DeserializeOwned>(
        &mut self,
        key: &str,
        kind: &str,
    ) -> Result<Vec<T>> {
        let text = self.text(key)?;
        serde_json::from_str(&text).map_err(|_| self.refused(key, &text, kind))
    }

    fn refused(&self, key: &str, text: &str, kind: &str) -> Error {
        let found = format!("`{text}`");
        Error::entry(self.path, key, found, format!("must be {kind}"))
    }
}
