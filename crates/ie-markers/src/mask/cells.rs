//! Sizes of padded rows.

use crate::layout::MarkerRow;
use crate::{Error, Result};

/// Cells that are visible in a text of `text` tokens with `spans` marker pairs: `n² + 2 m (n + 2)`.
pub const fn span_cells(text: usize, spans: usize) -> usize {
    text * text + 2 * spans * (text + 2)
}

/// What a row is padded to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PaddedSize {
    /// Text tokens.
    pub text: usize,
    /// Groups of markers.
    pub groups: usize,
    /// Markers of a group.
    pub markers: usize,
}

impl PaddedSize {
    /// The size without padding of a row whose groups are of one size; else every group is padded to
    /// the largest.
    pub fn of(row: &MarkerRow) -> Self {
        let sizes = row.groups.iter().map(|group| group.markers.len());
        Self {
            text: row.tokens.len(),
            groups: row.groups.len(),
            markers: sizes.max().unwrap_or(0),
        }
    }

    /// Length of the sequence.
    pub fn length(self) -> usize {
        self.text + self.groups * self.markers
    }

    /// The place of a marker in the sequence: behind the text, group by group.
    pub fn slot(self, group: usize, marker: usize) -> usize {
        self.text + group * self.markers + marker
    }

    /// `row` fits.
    ///
    /// # Errors
    /// [`Error::Padding`] where it has more of something.
    pub(super) fn check(self, row: &MarkerRow) -> Result<()> {
        let own = Self::of(row);
        for (what, found, limit) in [
            ("text tokens", own.text, self.text),
            ("groups", own.groups, self.groups),
            ("markers in a group", own.markers, self.markers),
        ] {
            if found > limit {
                return Err(Error::Padding { what, found, limit });
            }
        }
        Ok(())
    }
}
