//! Tokens that a tokenizer has and a model has no row for.

use std::collections::BTreeSet;

use super::Tokenizer;
use crate::{Error, Result};

/// The ids without a row.
#[derive(Debug, Clone, Default)]
pub(super) struct Beyond {
    /// Rows of the model.
    rows: usize,
    ids: BTreeSet<u32>,
}

impl Tokenizer {
    /// Notes that the model has `rows` embedding rows, and returns the tokens beyond them, by
    /// ascending id. Tokens that are added later are taken to get rows.
    pub(crate) fn limit_to(&mut self, rows: usize) -> Vec<(String, u32)> {
        let mut tokens = self.vocabulary();
        tokens.retain(|(_, id)| usize::try_from(*id).is_ok_and(|id| id >= rows));
        let ids = tokens.iter().map(|(_, id)| *id).collect();
        self.beyond = Beyond { rows, ids };
        tokens
    }

    /// Whether the model that the tokenizer was loaded with has a row for `id`.
    pub(super) fn has_row(&self, id: u32) -> bool {
        !self.beyond.ids.contains(&id)
    }

    /// Refuses ids that the model has no row for.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] naming the first such token.
    pub(super) fn check_rows(&self, ids: &[u32]) -> Result<()> {
        match ids.iter().find(|&&id| !self.has_row(id)) {
            None => Ok(()),
            Some(&id) => Err(self.no_row(id, self.beyond.rows)),
        }
    }

    /// The error that a model with `rows` embedding rows has none for the token `id`.
    pub(crate) fn no_row(&self, id: u32, rows: usize) -> Error {
        self.error(format!(
            "token `{}` has id {id}, but the model's vocab_size is {rows}: it has no row for it",
            self.id_to_token(id).unwrap_or_default()
        ))
    }
}
