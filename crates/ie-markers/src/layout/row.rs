//! A text with levitated markers.

use super::MarkerPair;
use crate::{Error, Result};

/// A levitated marker: a token of its own that shares the position of a text token (PL-Marker,
/// section 3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Marker {
    /// Vocabulary id.
    pub id: u32,
    /// Index in the row's tokens of the text token whose position it shares.
    pub position: usize,
}

/// Markers that see each other and the text of their row, nothing else.
///
/// The start and end marker of one span are a group of two; the four markers of an entity pair in the
/// levitated-pair model are a group of four. Start and end markers alternate.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct MarkerGroup {
    /// The markers.
    pub markers: Vec<Marker>,
}

impl MarkerGroup {
    /// The start and end marker of a span, given as the indices of its first and last token.
    pub fn span(markers: MarkerPair, span: [usize; 2]) -> Self {
        Self {
            markers: markers.levitated(span).to_vec(),
        }
    }

    /// Start and end marker of a subject, then those of an object.
    pub fn pair(subject: (MarkerPair, [usize; 2]), object: (MarkerPair, [usize; 2])) -> Self {
        let ends = [subject, object].map(|(markers, span)| markers.levitated(span));
        Self {
            markers: ends.concat(),
        }
    }
}

/// A text and the groups of levitated markers that are packed with it. The text sees text only.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct MarkerRow {
    /// Vocabulary ids of the text, special tokens included.
    pub tokens: Vec<u32>,
    /// The groups.
    pub groups: Vec<MarkerGroup>,
}

impl MarkerRow {
    /// A text with groups of markers.
    ///
    /// # Errors
    /// [`Error::NoSuch`] for a marker at a token that the text does not have.
    pub fn new(tokens: Vec<u32>, groups: Vec<MarkerGroup>) -> Result<Self> {
        let count = tokens.len();
        let mut markers = groups.iter().flat_map(|group| &group.markers);
        match markers.find(|marker| marker.position >= count) {
            None => Ok(Self { tokens, groups }),
            Some(marker) => Err(Error::NoSuch {
                what: "the text token of a marker,",
                index: marker.position,
                count,
            }),
        }
    }

    /// Number of markers.
    pub fn markers(&self) -> usize {
        self.groups.iter().map(|group| group.markers.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_stand_at_the_ends_of_their_spans() {
        let (solid, round) = (MarkerPair::new(10, 11), MarkerPair::new(12, 13));
        let pair = MarkerGroup::pair((solid, [1, 2]), (round, [4, 4]));
        let found: Vec<_> = pair.markers.iter().map(|m| (m.id, m.position)).collect();
        assert_eq!(found, [(10, 1), (11, 2), (12, 4), (13, 4)]);
        let span = MarkerGroup::span(solid, [3, 4]);
        let row = MarkerRow::new(vec![7; 5], vec![pair.clone(), span]).unwrap();
        assert_eq!(row.markers(), 6);
        let error = MarkerRow::new(vec![7; 4], vec![pair]).unwrap_err();
        assert!(matches!(
            error,
            Error::NoSuch {
                index: 4,
                count: 4,
                ..
            }
        ));
    }
}
