//! Agreement of a clustering with gold classes. Clusters have names of any ordered type; only who
//! shares a cluster with whom matters.

use std::collections::BTreeMap;

use super::check;
use super::scores::Scores;
use crate::Result;

/// Sizes of the gold classes, of the predicted clusters and of their intersections.
struct Contingency {
    items: usize,
    gold: Vec<usize>,
    predicted: Vec<usize>,
    /// `(gold class, predicted cluster, size)`, only where the size is not zero.
    cells: Vec<(usize, usize, usize)>,
}

impl Contingency {
    fn new<G: Ord, P: Ord>(gold: &[G], predicted: &[P]) -> Result<Self> {
        check::paired("gold", gold.len(), "predicted", predicted.len())?;
        let (gold, gold_sizes) = number(gold);
        let (predicted, predicted_sizes) = number(predicted);
        let mut cells = BTreeMap::new();
        for pair in gold.into_iter().zip(predicted) {
            *cells.entry(pair).or_insert(0) += 1;
        }
        Ok(Self {
            items: gold_sizes.iter().sum(),
            gold: gold_sizes,
            predicted: predicted_sizes,
            cells: cells.into_iter().map(|((g, p), n)| (g, p, n)).collect(),
        })
    }

    /// Ordered pairs of different items by whether they share a class and a cluster:
    /// `(both, class only, cluster only, neither)`.
    fn pairs(&self) -> (i128, i128, i128, i128) {
        let squares = |sizes: &mut dyn Iterator<Item = usize>| -> i128 {
            sizes.map(|size| (size as i128).pow(2)).sum()
        };
        let items = self.items as i128;
        let cells = squares(&mut self.cells.iter().map(|cell| cell.2));
        let gold = squares(&mut self.gold.iter().copied());
        let predicted = squares(&mut self.predicted.iter().copied());
        (
            cells - items,
            gold - cells,
            predicted - cells,
            items * items - gold - predicted + cells,
        )
    }
}

/// Replaces names by numbers from 0, in the order of the names, and counts each.
fn number<T: Ord>(names: &[T]) -> (Vec<usize>, Vec<usize>) {
    let mut numbers: BTreeMap<&T, usize> = names.iter().map(|name| (name, 0)).collect();
    for (position, value) in numbers.values_mut().enumerate() {
        *value = position;
    }
    let mut sizes = vec![0; numbers.len()];
    let numbered: Vec<usize> = names.iter().map(|name| numbers[name]).collect();
    for &index in &numbered {
        sizes[index] += 1;
    }
    (numbered, sizes)
}

/// B-cubed (Bagga and Baldwin 1998): for each item, the share of its cluster that is of its class
/// (precision) and the share of its class that is in its cluster (recall), averaged over the items;
/// F1 is the harmonic mean of the two averages.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) where the lengths differ or nothing is given.
pub fn b_cubed<G: Ord, P: Ord>(gold: &[G], predicted: &[P]) -> Result<Scores> {
    let table = Contingency::new(gold, predicted)?;
    let (mut precision, mut recall) = (0.0, 0.0);
    for &(g, p, size) in &table.cells {
        let square = (size as f64).powi(2);
        precision += square / table.predicted[p] as f64;
        recall += square / table.gold[g] as f64;
    }
    precision /= table.items as f64;
    recall /= table.items as f64;
    Ok(Scores {
        precision,
        recall,
        // Each item shares both with itself, so neither is zero.
        f1: 2.0 * precision * recall / (precision + recall),
    })
}

/// Mutual information divided by the arithmetic mean of the two entropies, in `[0, 1]`.
/// Two clusterings that are both one cluster agree fully (1).
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) where the lengths differ or nothing is given.
pub fn normalized_mutual_information<G: Ord, P: Ord>(gold: &[G], predicted: &[P]) -> Result<f64> {
    let table = Contingency::new(gold, predicted)?;
    if table.gold.len() == 1 && table.predicted.len() == 1 {
        return Ok(1.0);
    }
    let n = table.items as f64;
    let entropy = |sizes: &[usize]| -> f64 {
        sizes
            .iter()
            .map(|&size| size as f64 / n)
            .map(|share| -share * share.ln())
            .sum()
    };
    let information: f64 = table
        .cells
        .iter()
        .map(|&(g, p, size)| {
            let size = size as f64;
            let expected = table.gold[g] as f64 * table.predicted[p] as f64 / n;
            size / n * (size / expected).ln()
        })
        .sum();
    let mean = (entropy(&table.gold) + entropy(&table.predicted)) / 2.0;
    Ok((information / mean).clamp(0.0, 1.0))
}

/// The Rand index corrected for chance (Hubert and Arabie 1985): 1 for equal clusterings, 0 expected
/// for random ones, never below -0.5.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) where the lengths differ or nothing is given.
pub fn adjusted_rand_index<G: Ord, P: Ord>(gold: &[G], predicted: &[P]) -> Result<f64> {
    let (both, class, cluster, neither) = Contingency::new(gold, predicted)?.pairs();
    if class == 0 && cluster == 0 {
        return Ok(1.0);
    }
    let numerator = 2 * (both * neither - class * cluster);
    let denominator = (both + class) * (class + neither) + (both + cluster) * (cluster + neither);
    Ok(numerator as f64 / denominator as f64)
}

/// The Fowlkes-Mallows index: geometric mean of precision and recall over pairs of items. It is 0
/// where no pair shares both class and cluster, also if every item stands alone on both sides (as
/// in scikit-learn).
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) where the lengths differ or nothing is given.
pub fn fowlkes_mallows<G: Ord, P: Ord>(gold: &[G], predicted: &[P]) -> Result<f64> {
    let (both, class, cluster, _) = Contingency::new(gold, predicted)?.pairs();
    if both == 0 {
        return Ok(0.0);
    }
    let both = both as f64;
    let (recall, precision) = (both / (both + class as f64), both / (both + cluster as f64));
    Ok(recall.sqrt() * precision.sqrt())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{assert_close, assert_error, assert_scores, cases, get, shuffled};
    use super::*;

    type Measure = fn(&[usize], &[usize]) -> Result<f64>;

    const SYMMETRIC: [(&str, Measure); 3] = [
        ("nmi", normalized_mutual_information),
        ("ari", adjusted_rand_index),
        ("fowlkes_mallows", fowlkes_mallows),
    ];

    #[test]
    fn scikit_learn_gives_the_same() {
        for case in cases("/clustering") {
            let gold: Vec<usize> = get(case, "gold");
            let predicted: Vec<usize> = get(case, "predicted");
            for (key, measure) in SYMMETRIC {
                let context = format!("{key} of {case}");
                assert_close(
                    measure(&gold, &predicted).unwrap(),
                    get(case, key),
                    1e-9,
                    &context,
                );
            }
            let scores = b_cubed(&gold, &predicted).unwrap();
            assert_scores(scores, &case["b_cubed"], 1e-9, &case.to_string());
        }
    }

    #[test]
    fn bad_input_is_named() {
        for (_, measure) in SYMMETRIC {
            assert_error(measure(&[], &[]), &["gold", "empty"]);
            assert_error(measure(&[1], &[1, 2]), &["predicted", "2", "1"]);
        }
        assert_error(b_cubed::<u8, u8>(&[], &[1]), &["predicted", "1", "0"]);
    }

    #[test]
    fn names_may_be_of_any_type() {
        let scores = b_cubed(&["a", "b", "b"], &[Some(1), None, None]).unwrap();
        assert_eq!(scores.f1, 1.0);
    }

    fn pairs() -> impl Strategy<Value = Vec<(usize, usize)>> {
        prop::collection::vec((0..6_usize, 0..4_usize), 1..40)
    }

    proptest! {
        #[test]
        fn values_are_bounded_symmetric_and_free_of_order(pairs in pairs(), seed: u64) {
            let (gold, predicted): (Vec<usize>, Vec<usize>) = pairs.iter().copied().unzip();
            let (gold2, predicted2): (Vec<usize>, Vec<usize>) =
                shuffled(&pairs, seed).into_iter().unzip();
            let renamed: Vec<usize> = predicted.iter().map(|cluster| 10 - cluster).collect();
            for (key, measure) in SYMMETRIC {
                let value = measure(&gold, &predicted).unwrap();
                let low = if key == "ari" { -0.5 } else { 0.0 };
                prop_assert!((low..=1.0 + 1e-12).contains(&value), "{} {}", key, value);
                for other in [
                    measure(&predicted, &gold).unwrap(),
                    measure(&gold2, &predicted2).unwrap(),
                    measure(&gold, &renamed).unwrap(),
                ] {
                    prop_assert!((value - other).abs() < 1e-12, "{} {} {}", key, value, other);
                }
            }
            let (a, b) = (b_cubed(&gold, &predicted).unwrap(), b_cubed(&predicted, &gold).unwrap());
            prop_assert!((a.precision - b.recall).abs() < 1e-12);
            prop_assert!((a.f1 - b.f1).abs() < 1e-12);
            prop_assert!(a.f1 > 0.0 && a.f1 <= 1.0 + 1e-12);
        }

        #[test]
        fn a_clustering_agrees_with_itself(labels in prop::collection::vec(0..6_usize, 1..40)) {
            prop_assert!((b_cubed(&labels, &labels).unwrap().f1 - 1.0).abs() < 1e-12);
            let nmi = normalized_mutual_information(&labels, &labels).unwrap();
            prop_assert!((nmi - 1.0).abs() < 1e-12);
            prop_assert_eq!(adjusted_rand_index(&labels, &labels).unwrap(), 1.0);
            let shared = (1..labels.len()).any(|i| labels[..i].contains(&labels[i]));
            let index = fowlkes_mallows(&labels, &labels).unwrap();
            prop_assert!((index - f64::from(u8::from(shared))).abs() < 1e-12);
        }

        #[test]
        fn pair_counts_are_those_of_all_pairs(pairs in pairs()) {
            let (gold, predicted): (Vec<usize>, Vec<usize>) = pairs.iter().copied().unzip();
            let mut naive = [[0_i128; 2]; 2];
            for i in 0..pairs.len() {
                for j in (0..pairs.len()).filter(|j| *j != i) {
                    let class = usize::from(gold[i] == gold[j]);
                    naive[class][usize::from(predicted[i] == predicted[j])] += 1;
                }
            }
            let counted = Contingency::new(&gold, &predicted).unwrap().pairs();
            prop_assert_eq!(counted, (naive[1][1], naive[1][0], naive[0][1], naive[0][0]));
        }
    }
}
