//! Classes of directed relations.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use plm_core::data::Labels;

use super::NIL;
use super::label_set::not_empty;
use crate::data::{Document, Source};
use crate::{Error, Result};

/// The classes of the relation head (PL-Marker, section 3.3): NIL, the symmetric relations, the
/// asymmetric ones, and the inverse of each asymmetric one, in which the object is the subject of
/// the relation.
///
/// With `n` labels, NIL included, of which `k` are NIL or symmetric, there are `R = n + (n - k)`
/// classes; `n` [without the inverse ones](Self::without_inverses).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Lists", into = "Lists")]
pub struct RelationSpace {
    labels: Labels,
    symmetric: usize,
    inverses: bool,
}

/// The form in files.
#[derive(Clone, Serialize, Deserialize)]
struct Lists {
    symmetric: Vec<String>,
    asymmetric: Vec<String>,
    #[serde(default = "with_inverses", skip_serializing_if = "bool::clone")]
    inverses: bool,
}

fn with_inverses() -> bool {
    true
}

impl RelationSpace {
    /// The given relations in their order.
    ///
    /// # Errors
    /// [`Error::Label`] for an empty name, [`plm_core::Error::Invalid`] for one given twice.
    pub fn new<S: Into<String>>(
        symmetric: impl IntoIterator<Item = S>,
        asymmetric: impl IntoIterator<Item = S>,
    ) -> Result<Self> {
        let mut names: Vec<String> = symmetric.into_iter().map(Into::into).collect();
        let symmetric = names.len();
        names.extend(asymmetric.into_iter().map(Into::into));
        names.iter().try_for_each(|label| not_empty(label))?;
        Ok(Self {
            labels: Labels::new(names)?,
            symmetric,
            inverses: true,
        })
    }

    /// The same relations without inverse classes: each direction of a pair is learned and decided by
    /// itself (the ablation "w/o inverse relation" of PL-Marker, section 4.5).
    #[must_use]
    pub fn without_inverses(self) -> Self {
        Self {
            inverses: false,
            ..self
        }
    }

    /// Whether asymmetric relations have inverse classes.
    pub fn has_inverses(&self) -> bool {
        self.inverses
    }

    /// The relations of the gold annotations of `documents` in alphabetical order, the symmetric
    /// ones, which `symmetric` names, first.
    ///
    /// # Errors
    /// [`Error::Label`] for an empty name and for a symmetric one that no document has.
    pub fn from_documents(documents: &[Document], symmetric: &[&str]) -> Result<Self> {
        let sentences = documents.iter().flat_map(|d| &d.sentences);
        let relations = sentences.flat_map(|s| s.relations_from(Source::Gold));
        let all: BTreeSet<&str> = relations.map(|r| r.label.as_str()).collect();
        let symmetric: BTreeSet<&str> = symmetric.iter().copied().collect();
        if let Some(unknown) = symmetric.difference(&all).next() {
            return Err(Error::Label {
                label: (*unknown).to_owned(),
                reason: format!("is named symmetric, but the documents have only {all:?}"),
            });
        }
        let asymmetric = all.difference(&symmetric).copied();
        Self::new(symmetric.iter().copied(), asymmetric.collect::<Vec<_>>())
    }

    /// The relations without NIL, symmetric ones first.
    pub fn labels(&self) -> &[String] {
        self.labels.names()
    }

    /// How many relations are symmetric.
    pub fn symmetric_count(&self) -> usize {
        self.symmetric
    }

    /// Whether the relation `label` is known and symmetric.
    pub fn is_symmetric(&self, label: &str) -> bool {
        self.labels
            .index(label)
            .is_ok_and(|index| index < self.symmetric)
    }

    /// How many inverse classes there are.
    fn inverse_count(&self) -> usize {
        if self.inverses {
            self.labels.len() - self.symmetric
        } else {
            0
        }
    }

    /// How many classes the head has: `R`.
    pub fn classes(&self) -> usize {
        1 + self.labels.len() + self.inverse_count()
    }

    /// The class of the relation `label` in its own direction.
    ///
    /// # Errors
    /// [`plm_core::Error::Invalid`] where there is no such relation.
    pub fn class(&self, label: &str) -> Result<usize> {
        Ok(self.labels.index(label)? + 1)
    }

    /// The class of the same relation with subject and object exchanged; NIL and symmetric relations
    /// are their own. Without inverse classes it is NIL for asymmetric relations. Classes that are not
    /// there stay as they are.
    pub fn inverse(&self, class: usize) -> usize {
        let first = 1 + self.symmetric;
        let count = self.inverse_count();
        if class < first || class >= self.classes() {
            class
        } else if count == 0 {
            NIL
        } else if class < first + count {
            class + count
        } else {
            class - count
        }
    }

    /// The relation of `class`, and whether it is the inverse; none for [`NIL`] and for classes that
    /// are not there.
    pub fn label(&self, class: usize) -> Option<(&str, bool)> {
        if class == NIL || class >= self.classes() {
            return None;
        }
        let inverse = class > self.labels.len();
        let own = if inverse { self.inverse(class) } else { class };
        Some((self.labels.name(own - 1)?, inverse))
    }
}

impl TryFrom<Lists> for RelationSpace {
    type Error = Error;

    fn try_from(lists: Lists) -> Result<Self> {
        let space = Self::new(lists.symmetric, lists.asymmetric)?;
        Ok(Self {
            inverses: lists.inverses,
            ..space
        })
    }
}

impl From<RelationSpace> for Lists {
    fn from(space: RelationSpace) -> Self {
        let mut symmetric: Vec<String> = space.labels.into();
        let asymmetric = symmetric.split_off(space.symmetric);
        Self {
            symmetric,
            asymmetric,
            inverses: space.inverses,
        }
    }
}
