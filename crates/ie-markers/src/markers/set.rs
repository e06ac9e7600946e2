//! Markers, or markers for each entity type.

use crate::layout::MarkerPair;
use crate::{Error, Result};

/// The markers of one role: the same for all spans, or a pair for each entity type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MarkerSet {
    untyped: MarkerPair,
    typed: Vec<MarkerPair>,
}

impl MarkerSet {
    /// The same markers for all spans.
    pub fn plain(markers: MarkerPair) -> Self {
        Self {
            untyped: markers,
            typed: Vec::new(),
        }
    }

    /// Markers for each entity type, in the order of the types, and those of spans without type.
    ///
    /// # Errors
    /// [`Error::Setting`] for no types.
    pub fn typed(typed: Vec<MarkerPair>, untyped: MarkerPair) -> Result<Self> {
        if typed.is_empty() {
            return Err(Error::Setting {
                name: "markers of types",
                value: "0".to_owned(),
                limit: "give a pair for each type, or use plain markers",
            });
        }
        Ok(Self { untyped, typed })
    }

    /// The markers of a span with the entity type `class`.
    ///
    /// # Errors
    /// [`Error::NoSuch`] for a type without markers.
    pub fn of(&self, class: Option<usize>) -> Result<MarkerPair> {
        match class {
            Some(class) if !self.typed.is_empty() => {
                self.typed.get(class).copied().ok_or(Error::NoSuch {
                    what: "marker pair of entity type",
                    index: class,
                    count: self.typed.len(),
                })
            }
            _ => Ok(self.untyped),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_choose_the_markers() {
        let [a, b, c] = [10, 20, 30].map(|id| MarkerPair::new(id, id + 1));
        let plain = MarkerSet::plain(a);
        assert_eq!(
            (plain.of(None).unwrap(), plain.of(Some(9)).unwrap()),
            (a, a)
        );
        let typed = MarkerSet::typed(vec![b, c], a).unwrap();
        assert_eq!(
            (typed.of(Some(1)).unwrap(), typed.of(None).unwrap()),
            (c, a)
        );
        assert!(matches!(typed.of(Some(2)), Err(Error::NoSuch { .. })));
        assert!(MarkerSet::typed(Vec::new(), a).is_err());
    }
}
