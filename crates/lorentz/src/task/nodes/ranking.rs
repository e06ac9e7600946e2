//! How near related nodes are among all nodes.

use plm_core::graph::Csr;
use rayon::prelude::*;

use super::Places;
use crate::Result;

/// Measures of reconstruction (Nickel and Kiela 2017, section 4.1).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranking {
    /// Mean over all related pairs (u, v) of the rank of v among the nodes that are not related to u, by
    /// distance from u, from 1.
    pub mean_rank: f64,
    /// Mean over all nodes with related ones of the average precision with which distance finds them.
    pub mean_average_precision: f64,
}

/// Ranks all nodes by their distances from each node; node u is related to the columns of row u, itself
/// aside. Unrelated nodes at the same distance count as nearer. Memory is a few rows of distances for each
/// thread.
///
/// # Errors
/// [`Error::Core`](crate::Error::Core) unless `related` has one row and one column for each place and
/// relates at least one pair.
pub fn rank_related(places: &Places, related: &Csr<f32>) -> Result<Ranking> {
    let (rows, columns, nodes) = (related.n_rows(), related.n_cols(), places.nodes());
    if rows != nodes || columns != nodes {
        let reason = format!("relates {rows} to {columns} nodes, but there are {nodes} places");
        return Err(plm_core::Error::invalid("related", reason).into());
    }
    // Added up in the order of nodes, so that threads do not change the last digit.
    let parts: Vec<[f64; 4]> = (0..nodes)
        .into_par_iter()
        .filter_map(|node| {
            let others: Vec<u32> = related
                .row(node)
                .0
                .iter()
                .copied()
                .filter(|&other| other as usize != node)
                .collect();
            let nearer = unrelated_nearer(&places.squared_distances(node), &others, node)?;
            let count = nearer.len() as f64;
            let ranks: f64 = nearer.iter().map(|&n| n as f64 + 1.0).sum();
            let precision: f64 = nearer
                .iter()
                .enumerate()
                .map(|(found, &n)| (found + 1) as f64 / (found + 1 + n) as f64)
                .sum();
            Some([ranks, count, precision / count, 1.0])
        })
        .collect();
    let mut total = [0.0; 4];
    for part in parts {
        for (total, part) in total.iter_mut().zip(part) {
            *total += part;
        }
    }
    let [ranks, pairs, precisions, nodes] = total;
    if pairs == 0.0 {
        return Err(plm_core::Error::invalid("related", "relates no pair of nodes").into());
    }
    Ok(Ranking {
        mean_rank: ranks / pairs,
        mean_average_precision: precisions / nodes,
    })
}

/// For each of `related` (ascending node numbers), nearest first: how many unrelated nodes are at most as
/// far. None where nothing is related.
fn unrelated_nearer(distances: &[f64], related: &[u32], node: usize) -> Option<Vec<usize>> {
    let mut near: Vec<f64> = related.iter().map(|&r| distances[r as usize]).collect();
    near.sort_by(f64::total_cmp);
    let farthest = *near.last()?;
    let mut counts = vec![0_usize; near.len()];
    let mut skip = related.iter().peekable();
    for (other, &distance) in distances.iter().enumerate() {
        if skip.next_if(|&&r| r as usize == other).is_some() || other == node {
            continue;
        }
        // A distance that is not a number must not look far away.
        if distance > farthest {
            continue;
        }
        counts[near.partition_point(|&r| r < distance)] += 1;
    }
    let mut sum = 0;
    for count in &mut counts {
        sum += *count;
        *count = sum;
    }
    Some(counts)
}

#[cfg(test)]
mod tests {
    use plm_core::graph::Duplicates;
    use plm_core::metrics::{RankTies, average_precision, filtered_rank};
    use plm_core::rng::Seed;
    use proptest::prelude::*;

    use super::super::{NodeEmbeddingConfig, Space};
    use super::*;
    use crate::testing::devices;

    /// From node 0 the others lie at 1, 2, 3, 4; those at 1 and 3 are related: ranks 1 and 2, average
    /// precision (1/1 + 2/3) / 2.
    #[test]
    fn a_row_worked_by_hand() {
        let distances = [0.0, 1.0, 2.0, 3.0, 4.0];
        assert_eq!(unrelated_nearer(&distances, &[1, 3], 0), Some(vec![0, 1]));
        assert_eq!(unrelated_nearer(&distances, &[], 0), None);
        let tied = [0.0, 1.0, 1.0, 1.0, f64::NAN];
        assert_eq!(unrelated_nearer(&tied, &[2], 0), Some(vec![3]));
    }

    #[test]
    fn sizes_that_do_not_fit_are_refused() {
        let device = devices().remove(0);
        let config = NodeEmbeddingConfig::new(3, 2, Space::Euclidean);
        let places = Places::of(&config.init(Seed::new(1), &device).unwrap());
        let two = Csr::from_edges(2, &[(0, 1)], Duplicates::First).unwrap();
        assert!(rank_related(&places, &two).is_err());
        let none = Csr::from_edges(3, &[(1, 1)], Duplicates::First).unwrap();
        let error = rank_related(&places, &none).unwrap_err().to_string();
        assert!(error.contains("no pair"), "{error}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn measures_are_those_of_the_metrics(
            seed in any::<u64>(),
            edges in proptest::collection::vec((0_u32..9, 0_u32..9), 1..30),
        ) {
            prop_assume!(edges.iter().any(|(a, b)| a != b));
            let device = devices().remove(0);
            let config = NodeEmbeddingConfig::new(9, 3, Space::LORENTZ);
            let places = Places::of(&config.init(Seed::new(seed), &device).unwrap());
            let related = Csr::from_edges(9, &edges, Duplicates::First).unwrap();
            let found = rank_related(&places, &related).unwrap();
            let (mut ranks, mut precisions) = (Vec::new(), Vec::new());
            for node in 0..9_usize {
                let scores: Vec<f64> = places.distances(node).iter().map(|d| -d).collect();
                let known: Vec<usize> = related.row(node).0.iter().map(|&r| r as usize).collect();
                let skipped: Vec<usize> = known.iter().copied().chain([node]).collect();
                let targets: Vec<usize> = known.into_iter().filter(|&r| r != node).collect();
                for &target in &targets {
                    ranks.push(filtered_rank(&scores, target, &skipped, RankTies::Pessimistic).unwrap());
                }
                if !targets.is_empty() {
                    let others: Vec<usize> = (0..9).filter(|&other| other != node).collect();
                    let gold: Vec<bool> = others.iter().map(|o| targets.contains(o)).collect();
                    let scores: Vec<f64> = others.iter().map(|&o| scores[o]).collect();
                    precisions.push(average_precision(&gold, &scores).unwrap());
                }
            }
            let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
            prop_assert!((found.mean_rank - mean(&ranks)).abs() < 1e-12);
            prop_assert!((found.mean_average_precision - mean(&precisions)).abs() < 1e-12);
        }
    }
}
