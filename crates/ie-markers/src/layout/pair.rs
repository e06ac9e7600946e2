//! The two markers of a span.

use serde::{Deserialize, Serialize};

use super::Marker;

/// Vocabulary ids of the tokens that mark the start and the end of a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MarkerPair {
    /// Marks the start.
    pub start: u32,
    /// Marks the end.
    pub end: u32,
}

impl MarkerPair {
    /// The pair of these ids.
    pub const fn new(start: u32, end: u32) -> Self {
        Self { start, end }
    }

    /// Levitated markers of a span whose first and last token have the indices `span`.
    pub const fn levitated(self, span: [usize; 2]) -> [Marker; 2] {
        let [start, end] = span;
        [
            Marker {
                id: self.start,
                position: start,
            },
            Marker {
                id: self.end,
                position: end,
            },
        ]
    }
}
