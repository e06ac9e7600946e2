//! Which markers see each other.

use serde::{Deserialize, Serialize};

use crate::layout::MarkerRow;

/// Switches for what is visible beyond the rule; all off is PL-Marker.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Visibility {
    /// Everything that is not padding sees everything that is not padding: the mask of the layers from
    /// `full_layer` on in PL-Marker's code.
    pub full: bool,
    /// All start markers of a row see each other (`att_left` in PL-Marker's code).
    pub starts: bool,
    /// All end markers of a row see each other (`att_right`).
    pub ends: bool,
}

impl Visibility {
    /// Whether markers of two groups see each other, given by their places in their groups: start and
    /// end markers alternate.
    pub(super) fn across(self, query: usize, key: usize) -> bool {
        let same_side = query % 2 == key % 2;
        let switched = if query.is_multiple_of(2) {
            self.starts
        } else {
            self.ends
        };
        self.full || same_side && switched
    }

    /// Query-key cells of `row` that are visible. Without switches `n²` of the text and `m (n + m)` of
    /// a group of `m` markers.
    pub fn cells(self, row: &MarkerRow) -> usize {
        let text = row.tokens.len();
        if self.full {
            return (text + row.markers()).pow(2);
        }
        let sizes = || row.groups.iter().map(|group| group.markers.len());
        let own: usize = sizes().map(|size| size * (text + size)).sum();
        // Of all pairs of one side, those within a group are counted already.
        let across = |side: fn(usize) -> usize| {
            let all: usize = sizes().map(side).sum();
            all.pow(2) - sizes().map(|size| side(size).pow(2)).sum::<usize>()
        };
        let starts = if self.starts {
            across(|size| size.div_ceil(2))
        } else {
            0
        };
        let ends = if self.ends {
            across(|size| size / 2)
        } else {
            0
        };
        text * text + own + starts + ends
    }
}
