//! Accuracy under the best assignment of clusters to classes.

use std::collections::BTreeMap;

use pathfinding::prelude::{Matrix, kuhn_munkres};

use crate::{Error, Result};

/// The share of items whose cluster is assigned to their class, each cluster being assigned to at
/// most one class and each class to at most one cluster such that the share is largest (Kuhn 1955).
///
/// # Errors
/// [`Error::Core`] where the lengths differ or nothing is given.
pub fn hungarian_accuracy<G: Ord, P: Ord>(gold: &[G], predicted: &[P]) -> Result<f64> {
    if gold.len() != predicted.len() || gold.is_empty() {
        let reason = format!("{} gold and {} predicted", gold.len(), predicted.len());
        return Err(Error::invalid(
            "labels",
            format!("{reason}; must be equal and not 0"),
        ));
    }
    let mut cells = BTreeMap::new();
    for pair in number(gold).into_iter().zip(number(predicted)) {
        *cells.entry(pair).or_insert(0_i64) += 1;
    }
    let cells: Vec<Cell> = cells.into_iter().map(|((g, p), n)| (g, p, n)).collect();
    // Of several clusters that lie within one class only the largest can be assigned to anything
    // worth counting, and the same holds the other way round.
    let cells = without_minor_leaves(cells, |cell| (cell.0, cell.1));
    let cells = without_minor_leaves(cells, |cell| (cell.1, cell.0));
    Ok(best_sum(&cells)? as f64 / gold.len() as f64)
}

/// Class, cluster and how many items are in both.
type Cell = (usize, usize, i64);

/// Each label's position among the distinct ones.
fn number<L: Ord>(labels: &[L]) -> Vec<usize> {
    let mut distinct: Vec<&L> = labels.iter().collect();
    distinct.sort_unstable();
    distinct.dedup();
    let at = |label| distinct.partition_point(|other| *other < label);
    labels.iter().map(at).collect()
}

/// The cells without those of leaves, labels of the second side that meet one label of the first
/// side only, except the largest leaf of each.
fn without_minor_leaves(cells: Vec<Cell>, ends: impl Fn(&Cell) -> (usize, usize)) -> Vec<Cell> {
    let mut meets: BTreeMap<usize, usize> = BTreeMap::new();
    for cell in &cells {
        *meets.entry(ends(cell).1).or_default() += 1;
    }
    let mut largest: BTreeMap<usize, Cell> = BTreeMap::new();
    let mut kept = Vec::new();
    for cell in cells {
        let (hub, end) = ends(&cell);
        if meets[&end] > 1 {
            kept.push(cell);
            continue;
        }
        let best = largest.entry(hub).or_insert(cell);
        if cell.2 > best.2 {
            *best = cell;
        }
    }
    kept.extend(largest.into_values());
    kept
}

fn best_sum(cells: &[Cell]) -> Result<i64> {
    let rows = number(&cells.iter().map(|cell| cell.0).collect::<Vec<_>>());
    let columns = number(&cells.iter().map(|cell| cell.1).collect::<Vec<_>>());
    let size = rows.iter().chain(&columns).max().map_or(0, |last| last + 1);
    if size > LIMIT {
        let reason = format!("{size} classes or clusters overlap several others; at most {LIMIT}");
        return Err(Error::invalid("labels", reason));
    }
    let mut table = Matrix::new(size, size, 0_i64);
    for ((&row, &column), cell) in rows.iter().zip(&columns).zip(cells) {
        table[(row, column)] = cell.2;
    }
    Ok(kuhn_munkres(&table).0)
}

/// The largest table that is solved: 0.5 GiB and some minutes.
const LIMIT: usize = 8_192;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn accuracies_are_as_worked_by_hand() {
        let accuracy = |gold: &[u8], predicted: &[u8]| hungarian_accuracy(gold, predicted).unwrap();
        // Classes 0 and 1 keep two items each in clusters 0 and 1: 4 of 6.
        let gold = [0, 0, 0, 1, 1, 2];
        assert_eq!(accuracy(&gold, &[0, 0, 1, 1, 1, 1]), 4.0 / 6.0);
        assert_eq!(accuracy(&gold, &[7; 6]), 0.5);
        assert_eq!(accuracy(&gold, &[0, 1, 2, 3, 4, 5]), 0.5);
        assert_eq!(accuracy(&gold, &[5, 5, 5, 2, 2, 9]), 1.0);
        // The largest cell first would take 3 and leave 0; the best is 2 + 2.
        assert_eq!(
            accuracy(&[0, 0, 0, 0, 0, 1, 1], &[0, 0, 0, 1, 1, 0, 0]),
            4.0 / 7.0
        );
        assert!(hungarian_accuracy::<u8, u8>(&[], &[]).is_err());
        assert!(hungarian_accuracy(&[1], &[1, 2]).is_err());
    }

    #[test]
    fn thousands_of_singletons_are_quick() {
        let gold: Vec<usize> = (0..20_000).map(|item| item % 5).collect();
        let predicted: Vec<usize> = (0..20_000).collect();
        assert_eq!(
            hungarian_accuracy(&gold, &predicted).unwrap(),
            5.0 / 20_000.0
        );
    }

    /// The best over all orders of clusters.
    fn slow(gold: &[usize], predicted: &[usize], class: usize, used: u32) -> usize {
        if class == 4 {
            return 0;
        }
        let hits = |cluster| {
            let pairs = gold.iter().zip(predicted);
            pairs.filter(|&(&g, &p)| (g, p) == (class, cluster)).count()
        };
        (0..5)
            .filter(|cluster| used & (1 << cluster) == 0)
            .map(|cluster| hits(cluster) + slow(gold, predicted, class + 1, used | (1 << cluster)))
            .max()
            .unwrap_or(0)
    }

    proptest! {
        #[test]
        fn no_assignment_is_better(pairs in prop::collection::vec((0..4_usize, 0..5_usize), 1..25)) {
            let (gold, predicted): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
            let expected = slow(&gold, &predicted, 0, 0) as f64 / gold.len() as f64;
            prop_assert_eq!(hungarian_accuracy(&gold, &predicted).unwrap(), expected);
            prop_assert_eq!(hungarian_accuracy(&predicted, &gold).unwrap(), expected);
        }
    }
}
