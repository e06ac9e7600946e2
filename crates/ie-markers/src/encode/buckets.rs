//! Batches of rows that need little padding.

use std::collections::HashMap;

use plm_core::text::BatchBy;

use crate::layout::Row;
use crate::{Error, Result};

/// Cuts `rows` into batches of neighbors by text length, then by number of markers: indices of rows,
/// each once. Rows with the same text stay next to each other and are placed by the markers of all of them,
/// so that [`encode_shared`](super::encode_shared) encodes few texts twice. [`BatchBy::Tokens`] bounds
/// rows × (longest text + most markers) of a batch.
///
/// # Errors
/// [`Error::Setting`] where the batch size is 0 or a row alone is larger than the bound.
pub fn bucket_rows<R: Row>(rows: &[R], by: BatchBy) -> Result<Vec<Vec<usize>>> {
    let size = |index: usize| (rows[index].text_length(), rows[index].marker_count());
    let refuse = |value: usize, limit| {
        Err(Error::Setting {
            name: "batch size",
            value: value.to_string(),
            limit,
        })
    };
    match by {
        BatchBy::Count(0) | BatchBy::Tokens(0) => return refuse(0, "must be at least 1"),
        BatchBy::Count(_) => {}
        BatchBy::Tokens(limit) => {
            let mut sizes = (0..rows.len()).map(size);
            if sizes.any(|(text, markers)| text + markers > limit) {
                return refuse(
                    limit,
                    "must be at least text and markers of the largest row",
                );
            }
        }
    }
    let mut batches: Vec<Vec<usize>> = Vec::new();
    let (mut text, mut markers) = (0, 0);
    for index in neighbors(rows) {
        let own = size(index);
        let padded = (text.max(own.0), markers.max(own.1));
        let fits = |batch: &Vec<usize>| match by {
            BatchBy::Count(limit) => batch.len() < limit,
            BatchBy::Tokens(limit) => (batch.len() + 1) * (padded.0 + padded.1) <= limit,
        };
        match batches.last_mut() {
            Some(batch) if fits(batch) => {
                batch.push(index);
                (text, markers) = padded;
            }
            _ => {
                batches.push(vec![index]);
                (text, markers) = own;
            }
        }
    }
    Ok(batches)
}

/// All rows: short texts first, of equally long ones those with few markers in all their rows, and rows of
/// one text next to each other.
fn neighbors<R: Row>(rows: &[R]) -> Vec<usize> {
    // Of each text the markers of all its rows, and its first row.
    let mut texts: HashMap<&[u32], (usize, usize)> = HashMap::new();
    for (index, row) in rows.iter().enumerate() {
        texts.entry(row.text()).or_insert((0, index)).0 += row.marker_count();
    }
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_cached_key(|&index| {
        let row = &rows[index];
        (row.text_length(), texts[row.text()], row.marker_count())
    });
    order
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::layout::{Marker, MarkerGroup, MarkerRow};

    fn row(text: usize, markers: usize) -> MarkerRow {
        let marker = Marker { id: 0, position: 0 };
        MarkerRow {
            tokens: vec![0; text],
            groups: vec![MarkerGroup {
                markers: vec![marker; markers],
            }],
        }
    }

    #[test]
    fn rows_are_sorted_by_text_then_markers() {
        let rows = [row(5, 2), row(3, 8), row(3, 2), row(9, 0)];
        let batches = bucket_rows(&rows, BatchBy::Count(2)).unwrap();
        assert_eq!(batches, [vec![2, 1], vec![0, 3]]);
        // Two rows of 3 + 8 fill 22 tokens; with the third they would be 3 (5 + 8) = 39.
        let batches = bucket_rows(&rows, BatchBy::Tokens(22)).unwrap();
        assert_eq!(batches, [vec![2, 1], vec![0, 3]]);
        let batches = bucket_rows(&rows, BatchBy::Tokens(21)).unwrap();
        assert_eq!(batches, [vec![2], vec![1], vec![0], vec![3]]);
    }

    #[test]
    fn rows_of_one_text_are_neighbors() {
        // Texts of one length, as windows that are filled with context are: the remainders of 2 and of 3
        // markers would come before the full rows.
        let text = |token: u32, markers: usize| MarkerRow {
            tokens: vec![token; 4],
            ..row(4, markers)
        };
        let rows = [
            text(7, 8),
            text(9, 8),
            text(9, 8),
            text(5, 6),
            text(7, 2),
            text(9, 3),
        ];
        let order = bucket_rows(&rows, BatchBy::Count(6)).unwrap().concat();
        assert_eq!(order, [3, 4, 0, 5, 1, 2]);
        let batches = bucket_rows(&rows, BatchBy::Count(3)).unwrap();
        assert_eq!(batches, [vec![3, 4, 0], vec![5, 1, 2]]);
    }

    #[test]
    fn bounds_are_checked() {
        assert!(bucket_rows(&[row(3, 2)], BatchBy::Count(0)).is_err());
        assert!(bucket_rows(&[row(3, 2)], BatchBy::Tokens(4)).is_err());
        let none: [MarkerRow; 0] = [];
        assert!(bucket_rows(&none, BatchBy::Count(1)).unwrap().is_empty());
    }

    proptest! {
        #[test]
        fn a_text_comes_up_once(
            texts in prop::collection::vec((0u32..4, 1usize..4, 0usize..9), 0..30),
        ) {
            let rows: Vec<_> = texts
                .iter()
                .map(|&(token, length, markers)| MarkerRow {
                    tokens: vec![token; length],
                    ..row(length, markers)
                })
                .collect();
            let order = bucket_rows(&rows, BatchBy::Count(1)).unwrap().concat();
            let mut runs: Vec<&[u32]> = order.iter().map(|&index| rows[index].text()).collect();
            runs.dedup();
            let count = runs.len();
            runs.sort_unstable();
            runs.dedup();
            prop_assert_eq!(runs.len(), count);
        }

        #[test]
        fn every_row_is_in_one_batch_within_the_bound(
            sizes in prop::collection::vec((1usize..20, 0usize..10), 0..30),
            limit in 30usize..120,
        ) {
            let rows: Vec<_> = sizes.iter().map(|&(text, markers)| row(text, markers)).collect();
            let batches = bucket_rows(&rows, BatchBy::Tokens(limit)).unwrap();
            let mut seen = batches.concat();
            seen.sort_unstable();
            prop_assert!(seen.into_iter().eq(0..rows.len()));
            for batch in batches {
                let text = batch.iter().map(|&index| sizes[index].0).max().unwrap();
                let markers = batch.iter().map(|&index| sizes[index].1).max().unwrap();
                prop_assert!(batch.len() * (text + markers) <= limit);
            }
        }
    }
}
