//! Which entity type each tag of a tagger means.

use std::iter;

use plm_core::data::Labels;

use crate::labels::LabelSet;
use crate::{Error, Result};

/// The entity type of each tag. Made once, it serves all sentences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagTypes {
    types: Vec<String>,
    columns: Vec<Option<usize>>,
}

impl TagTypes {
    /// Those of `tags`: O, and `B-X`, `I-X`, `E-X` or `S-X` of a type `X`, in any order.
    ///
    /// # Errors
    /// [`Error::Label`] for what is no tag.
    pub fn new(tags: &Labels) -> Result<Self> {
        let mut types: Vec<String> = Vec::new();
        let mut columns = Vec::with_capacity(tags.len());
        for tag in tags.names() {
            columns.push(match tag.split_once('-') {
                Some(("B" | "I" | "E" | "S", label)) if !label.is_empty() => {
                    let known = types.iter().position(|known| known == label);
                    Some(known.unwrap_or_else(|| {
                        types.push(label.to_owned());
                        types.len() - 1
                    }))
                }
                None if tag == "O" => None,
                _ => {
                    return Err(Error::Label {
                        label: tag.clone(),
                        reason: "is neither O nor one of B-, I-, E-, S- with a type".to_owned(),
                    });
                }
            });
        }
        Ok(Self { types, columns })
    }

    /// Those of the classes of a [`SequenceTagger`](crate::model::SequenceTagger) of `labels`: O, then `B-X`
    /// and `I-X` of each type `X`.
    pub fn of_tagger(labels: &LabelSet) -> Self {
        let types = labels.types().to_vec();
        let pairs = (0..types.len()).flat_map(|label| [Some(label); 2]);
        let columns = iter::once(None).chain(pairs).collect();
        Self { types, columns }
    }

    /// The types, in the order in which the tags name them first.
    pub fn types(&self) -> &[String] {
        &self.types
    }

    /// How many tags there are.
    pub fn count(&self) -> usize {
        self.columns.len()
    }

    /// The type of `tag`, by its place in the list of types; none for O.
    ///
    /// # Panics
    /// Where there is no such tag.
    pub(super) fn of(&self, tag: usize) -> Option<usize> {
        self.columns[tag]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_a_tagger_are_those_of_their_names() {
        let tags = Labels::new(["O", "B-X", "I-X", "B-B-Y", "I-B-Y"]).unwrap();
        let labels = LabelSet::new(["X", "B-Y"]).unwrap();
        let types = TagTypes::of_tagger(&labels);
        assert_eq!(types, TagTypes::new(&tags).unwrap());
        assert_eq!((types.count(), types.types()), (5, labels.types()));
        let found: Vec<_> = (0..5).map(|tag| types.of(tag)).collect();
        assert_eq!(found, [None, Some(0), Some(0), Some(1), Some(1)]);
    }

    #[test]
    fn what_is_no_tag_is_named() {
        for name in ["X", "X-Y", "B-", "O-X"] {
            let tags = Labels::new(["O", name]).unwrap();
            let error = TagTypes::new(&tags).unwrap_err().to_string();
            assert!(error.contains(&format!("{name:?}")), "{error}");
        }
    }
}
