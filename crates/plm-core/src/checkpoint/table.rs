//! The names of one model family, as data.

use std::collections::HashMap;

use super::keys::{KeyRule, capture, covers, fill, glob, numbers, overlap};
use crate::{Error, Result};

/// Which of the two forms of a model family a module is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The base model by itself (`BertModel`): no field and no prefix in front of its names.
    Base,
    /// The base model as a field of a model with heads (`BertForMaskedLM`).
    Headed,
}

/// The names of one model family in Hugging Face files and in our modules.
///
/// A table of borrowed slices, so that it can be a `const` and a variant can be written as
/// `KeyTable { tied: &[], ..BERT }`.
///
/// *Whole* names below are those of a model with heads, prefix included
/// (`bert.encoder.layer.0.output.dense.weight`), whatever the file at hand does.
///
/// # Examples
/// ```
/// use plm_core::checkpoint::{KeyRule, KeyTable, Scope};
///
/// const TABLE: KeyTable<'static> = KeyTable {
///     prefixes: &["bert."],
///     field: "base.",
///     base: &[&[
///         KeyRule::embedding("embeddings.word_embeddings", "words"),
///         KeyRule::linear("encoder.layer.{}.output.dense", "layers.{}.ffn.outer"),
///         KeyRule::norm("encoder.layer.{}.output.LayerNorm", "layers.{}.norm"),
///     ]],
///     head: &[&[KeyRule::tensor("cls.predictions.bias", "bias")]],
///     tied: &[(
///         "bert.embeddings.word_embeddings.weight",
///         "cls.predictions.decoder.weight",
///     )],
///     renames: &[],
///     ignored: &["*.position_ids"],
///     heads: &["cls"],
/// };
///
/// TABLE.validate()?;
/// let name = "bert.encoder.layer.3.output.LayerNorm.weight";
/// let path = "base.layers.3.norm.gamma";
/// assert_eq!(TABLE.to_path(Scope::Headed, name).as_deref(), Some(path));
/// assert_eq!(TABLE.to_hf(Scope::Headed, path).as_deref(), Some(name));
/// # Ok::<(), plm_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct KeyTable<'a> {
    /// What may stand in front of the base model's names in files, e.g. `["bert."]`. The first one
    /// is written; a file has one of them or none. Empty where models with and without heads use
    /// the same names (T5).
    pub prefixes: &'a [&'a str],
    /// What stands in front of the base model's paths in our models with heads, e.g. `"bert."`;
    /// empty where nothing does. A bare base model must have no path that begins like this.
    pub field: &'a str,
    /// Rules of the base model, without prefix and field, in any number of groups.
    pub base: &'a [&'a [KeyRule<'a>]],
    /// Rules of heads, whole names and whole paths, in any number of groups.
    pub head: &'a [&'a [KeyRule<'a>]],
    /// `(name kept, alias)`, whole names: two names of one tensor. A file may hold either, or both
    /// if they are equal; the alias is never written.
    pub tied: &'a [(&'a str, &'a str)],
    /// `(old, present)` whole-name patterns with `{}`, applied to a file's names first.
    pub renames: &'a [(&'a str, &'a str)],
    /// Names in files that hold no weights (`*` = any characters), e.g. `*.position_ids`.
    pub ignored: &'a [&'a str],
    /// Beginnings of names of heads. They may stay unused when a bare base model is loaded.
    pub heads: &'a [&'a str],
}

/// One tensor of a table, for one [`Scope`].
#[derive(Debug)]
pub(super) struct Row {
    /// Pattern of the path in the module.
    pub(super) ours: String,
    /// Pattern of the whole name.
    pub(super) whole: String,
    /// Pattern of the whole name in old files.
    pub(super) old: Option<String>,
    /// Pattern of the name that is written.
    pub(super) saved: String,
    pub(super) transpose: bool,
}

/// All tensors of a table, for one [`Scope`].
#[derive(Debug)]
pub(super) struct Rows(Vec<Row>);

impl Rows {
    /// The row of `path` and the numbers in it.
    pub(super) fn of_path<'p>(&self, path: &'p str) -> Option<(&Row, Vec<&'p str>)> {
        self.0
            .iter()
            .find_map(|row| Some((row, capture(&row.ours, path)?)))
    }
}

impl<'a> KeyTable<'a> {
    /// The name under which `path` of a module of form `scope` is saved, if the table knows it.
    pub fn to_hf(&self, scope: Scope, path: &str) -> Option<String> {
        let rows = self.rows(scope);
        let (row, numbers) = rows.of_path(path)?;
        Some(fill(&row.saved, &numbers))
    }

    /// The path in a module of form `scope` of the tensor saved as `name`: the inverse of
    /// [`to_hf`](Self::to_hf).
    pub fn to_path(&self, scope: Scope, name: &str) -> Option<String> {
        let rows = self.rows(scope);
        rows.0
            .iter()
            .find_map(|row| Some(fill(&row.ours, &capture(&row.saved, name)?)))
    }

    /// The form of a module with these parameter paths.
    pub fn scope<'p>(&self, mut paths: impl Iterator<Item = &'p str>) -> Scope {
        if self.field.is_empty() || paths.any(|path| path.starts_with(self.field)) {
            Scope::Headed
        } else {
            Scope::Base
        }
    }

    /// Checks that names and paths are one to one.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the rules at fault: two that match the same name or path, sides
    /// with a different count of `{}`, a base path that begins with `field`, an alias that is a
    /// rule of its own.
    pub fn validate(&self) -> Result<()> {
        let refuse = |reason: String| Err(Error::invalid("key table", reason));
        for rule in self.base.iter().copied().flatten() {
            if !self.field.is_empty() && rule.ours.starts_with(self.field) {
                return refuse(format!(
                    "`{}` begins with the field `{}`",
                    rule.ours, self.field
                ));
            }
        }
        for scope in [Scope::Base, Scope::Headed] {
            let Rows(rows) = self.rows(scope);
            for (index, row) in rows.iter().enumerate() {
                if numbers(&row.ours) != numbers(&row.whole) {
                    return refuse(format!(
                        "`{}` and `{}` hold different counts of `{{}}`",
                        row.whole, row.ours
                    ));
                }
                for other in &rows[..index] {
                    let names = [Some(&row.whole), row.old.as_ref()];
                    let others = [Some(&other.whole), other.old.as_ref()];
                    let clash = names
                        .iter()
                        .flatten()
                        .any(|a| others.iter().flatten().any(|b| overlap(a, b)));
                    if clash || overlap(&row.ours, &other.ours) || overlap(&row.saved, &other.saved)
                    {
                        return refuse(format!(
                            "`{}` -> `{}` and `{}` -> `{}` match the same tensor",
                            other.whole, other.ours, row.whole, row.ours
                        ));
                    }
                }
                if let Some((_, alias)) = self
                    .tied
                    .iter()
                    .find(|(_, alias)| capture(&row.whole, alias).is_some())
                {
                    return refuse(format!("the alias `{alias}` is also a rule"));
                }
            }
        }
        Ok(())
    }

    /// Every tensor of the table, as patterns, for modules of form `scope`.
    pub(super) fn rows(&self, scope: Scope) -> Rows {
        let prefix = self.prefixes.first().copied().unwrap_or_default();
        let (field, written) = match scope {
            Scope::Base => ("", ""),
            Scope::Headed => (self.field, prefix),
        };
        let base = self.base.iter().copied().flatten();
        let head = self.head.iter().copied().flatten();
        let mut rows = Vec::new();
        for (rule, whole, saved, ours) in base
            .map(|rule| (rule, prefix, written, field))
            .chain(head.map(|rule| (rule, "", "", "")))
        {
            for (leaf, old, our_leaf, transpose) in rule.kind.leaves() {
                rows.push(Row {
                    ours: format!("{ours}{}{our_leaf}", rule.ours),
                    whole: format!("{whole}{}{leaf}", rule.hf),
                    old: old.map(|old| format!("{whole}{}{old}", rule.hf)),
                    saved: format!("{saved}{}{leaf}", rule.hf),
                    transpose: *transpose,
                });
            }
        }
        Rows(rows)
    }

    /// Whole name -> name in the file, for every name of a file.
    ///
    /// # Errors
    /// The two names of the file that mean the same tensor.
    pub(super) fn whole_names<'f>(
        &self,
        names: &[&'f str],
    ) -> Result<HashMap<String, &'f str>, (&'f str, &'f str)> {
        let written = self.prefixes.first().copied().unwrap_or_default();
        let found = self
            .prefixes
            .iter()
            .find(|prefix| names.iter().any(|name| name.starts_with(**prefix)));
        let mut whole = HashMap::with_capacity(names.len());
        for &name in names {
            let full = match found {
                Some(prefix) => match name.strip_prefix(prefix) {
                    Some(rest) => format!("{written}{rest}"),
                    None => name.to_owned(),
                },
                None if self.is_head(name) => name.to_owned(),
                None => format!("{written}{name}"),
            };
            let full = self
                .renames
                .iter()
                .find_map(|(old, new)| Some(fill(new, &capture(old, &full)?)))
                .unwrap_or(full);
            if let Some(first) = whole.insert(full, name) {
                return Err((first, name));
            }
        }
        Ok(whole)
    }

    /// Whether `name` belongs to a head.
    pub(super) fn is_head(&self, name: &str) -> bool {
        self.heads.iter().any(|prefix| covers(prefix, name))
            || self.tied.iter().any(|(_, alias)| *alias == name)
            || self.head.iter().copied().flatten().any(|rule| {
                rule.kind.leaves().iter().any(|(leaf, old, ..)| {
                    [Some(leaf), old.as_ref()]
                        .into_iter()
                        .flatten()
                        .any(|leaf| capture(&format!("{}{leaf}", rule.hf), name).is_some())
                })
            })
    }

    /// Whether `name` of a file holds no weights.
    pub(super) fn is_ignored(&self, name: &str) -> bool {
        self.ignored.iter().any(|pattern| glob(pattern, name))
    }
}
