//! Entity types.

use serde::{Deserialize, Serialize};

use plm_core::data::Labels;

use crate::data::{Document, Source};
use crate::{Error, Result};

/// The class of what is no entity or no relation.
pub const NIL: usize = 0;

/// The types of entities. Class [`NIL`] is no entity, class `i` the type `i - 1`. Written as the list
/// of types.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct LabelSet {
    labels: Labels,
}

impl LabelSet {
    /// The given types in their order.
    ///
    /// # Errors
    /// [`Error::Label`] for an empty type, [`plm_core::Error::Invalid`] for one given twice.
    pub fn new<S: Into<String>>(types: impl IntoIterator<Item = S>) -> Result<Self> {
        let types: Vec<String> = types.into_iter().map(Into::into).collect();
        types.iter().try_for_each(|label| not_empty(label))?;
        Ok(Self {
            labels: Labels::new(types)?,
        })
    }

    /// The types of the gold entities of `documents`, in alphabetical order.
    ///
    /// # Errors
    /// [`Error::Label`] for an empty type.
    pub fn from_documents(documents: &[Document]) -> Result<Self> {
        let sentences = documents.iter().flat_map(|d| &d.sentences);
        let entities = sentences.flat_map(|s| s.entities_from(Source::Gold));
        let labels = Labels::collect(entities.map(|entity| &entity.label));
        labels
            .names()
            .iter()
            .try_for_each(|label| not_empty(label))?;
        Ok(Self { labels })
    }

    /// The types in order, without NIL.
    pub fn types(&self) -> &[String] {
        self.labels.names()
    }

    /// How many classes there are, NIL included.
    pub fn classes(&self) -> usize {
        self.labels.len() + 1
    }

    /// The class of the type `label`.
    ///
    /// # Errors
    /// [`plm_core::Error::Invalid`] where there is no such type.
    pub fn class(&self, label: &str) -> Result<usize> {
        Ok(self.labels.index(label)? + 1)
    }

    /// The type of `class`; none for [`NIL`] and for classes that are not there.
    pub fn label(&self, class: usize) -> Option<&str> {
        self.labels.name(class.checked_sub(1)?)
    }
}

/// A label with characters, else [`Error::Label`].
pub(super) fn not_empty(label: &str) -> Result<()> {
    if !label.is_empty() {
        return Ok(());
    }
    Err(Error::Label {
        label: label.to_owned(),
        reason: "is empty; name it or remove its annotations".to_owned(),
    })
}

impl TryFrom<Vec<String>> for LabelSet {
    type Error = Error;

    fn try_from(types: Vec<String>) -> Result<Self> {
        Self::new(types)
    }
}

impl From<LabelSet> for Vec<String> {
    fn from(labels: LabelSet) -> Self {
        labels.labels.into()
    }
}
