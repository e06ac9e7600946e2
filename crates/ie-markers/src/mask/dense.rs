//! The mask as a matrix.

use super::{PaddedSize, Visibility};
use crate::Result;
use crate::layout::MarkerRow;

/// What each token of a padded sequence `[text | markers]` sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DenseMask {
    /// Length of the sequence.
    pub length: usize,
    /// Whether a key is visible to a query, `[length, length]` row-major, a row for each query. burn's
    /// masks say the opposite: true hides.
    pub visible: Vec<bool>,
}

impl DenseMask {
    /// The mask of `row`, padded to `size`. Rows and columns of padding are hidden wholly.
    ///
    /// # Errors
    /// [`Error::Padding`](crate::Error::Padding) where the row is larger than `size`.
    pub fn new(row: &MarkerRow, size: PaddedSize, visibility: Visibility) -> Result<Self> {
        size.check(row)?;
        let length = size.length();
        let mut mask = Self {
            length,
            visible: vec![false; length * length],
        };
        let text = row.tokens.len();
        for query in 0..text {
            mask.show(query, 0..text);
        }
        let members = || {
            let groups = row.groups.iter().enumerate();
            groups.flat_map(|(at, group)| (0..group.markers.len()).map(move |marker| (at, marker)))
        };
        for (group, marker) in members() {
            let query = size.slot(group, marker);
            mask.show(query, 0..text);
            if visibility.full {
                (0..text).for_each(|token| mask.show(token, [query]));
            }
            let keys =
                members().filter(|&(other, key)| other == group || visibility.across(marker, key));
            mask.show(query, keys.map(|(other, key)| size.slot(other, key)));
        }
        Ok(mask)
    }

    fn show(&mut self, query: usize, keys: impl IntoIterator<Item = usize>) {
        for key in keys {
            self.visible[query * self.length + key] = true;
        }
    }

    /// How many cells are visible.
    pub fn visible_cells(&self) -> usize {
        self.visible.iter().filter(|&&visible| visible).count()
    }

    /// The share of cells that are visible; 0 for an empty sequence.
    pub fn density(&self) -> f64 {
        if self.visible.is_empty() {
            return 0.0;
        }
        self.visible_cells() as f64 / self.visible.len() as f64
    }
}

#[cfg(test)]
mod tests;
