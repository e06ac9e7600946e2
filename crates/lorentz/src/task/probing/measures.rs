//! How well distances and depths follow a tree.

use std::collections::BTreeMap;

use plm_core::metrics::spearman;

use crate::Result;

/// The edges of a tree of least total length over all nodes (Prim 1957), each as its smaller and its
/// larger node, in order; of equal lengths the edge to the earlier node is taken.
///
/// # Errors
/// [`Error::Core`](crate::Error::Core) where the distances are not `nodes` × `nodes`, or one is NaN.
pub fn minimum_spanning_tree(distances: &[f64], nodes: usize) -> Result<Vec<(usize, usize)>> {
    let refuse = |reason: String| Err(plm_core::Error::invalid("distances", reason).into());
    if distances.len() != nodes.saturating_mul(nodes) {
        let count = distances.len();
        return refuse(format!("are {count}, must be {nodes} times {nodes}"));
    }
    if distances.iter().any(|value| value.is_nan()) {
        return refuse("hold NaN".to_owned());
    }
    let mut edges = Vec::with_capacity(nodes.saturating_sub(1));
    // How far each node outside is from the tree, and from which node of it.
    let mut outside: BTreeMap<usize, (f64, usize)> = (1..nodes)
        .map(|node| (node, (distances[node], 0)))
        .collect();
    while let Some((node, from)) = outside
        .iter()
        .min_by(|a, b| a.1.0.total_cmp(&b.1.0))
        .map(|(&node, &(_, from))| (node, from))
    {
        outside.remove(&node);
        edges.push((node.min(from), node.max(from)));
        for (&other, best) in &mut outside {
            let distance = distances[node * nodes + other];
            if distance < best.0 {
                *best = (distance, node);
            }
        }
    }
    edges.sort_unstable();
    Ok(edges)
}

/// Spearman's correlation, 0 where one side is constant and nothing can be said.
///
/// # Errors
/// [`Error::Core`](crate::Error::Core) where lengths differ, there are fewer than two values, or one is
/// NaN.
pub fn rank_correlation(found: &[f64], expected: &[f64]) -> Result<f64> {
    let constant = |values: &[f64]| values.windows(2).all(|pair| pair[0] == pair[1]);
    let comparable = found.len() == expected.len() && found.len() > 1;
    if comparable && (constant(found) || constant(expected)) {
        return Ok(0.0);
    }
    Ok(spearman(found, expected)?)
}

/// The mean over lengths of the mean over the sentences of a length, which keeps short sentences from
/// outweighing all others (Hewitt and Manning 2019, section 4.2: lengths from 5 to 50). None where no
/// sentence has such a length.
pub fn mean_by_length(
    values: impl IntoIterator<Item = (usize, f64)>,
    lengths: std::ops::RangeInclusive<usize>,
) -> Option<f64> {
    let mut sums: BTreeMap<usize, (f64, usize)> = BTreeMap::new();
    for (length, value) in values {
        if lengths.contains(&length) {
            let (sum, count) = sums.entry(length).or_default();
            *sum += value;
            *count += 1;
        }
    }
    let means = sums.values().map(|(sum, count)| sum / *count as f64);
    (!sums.is_empty()).then(|| means.sum::<f64>() / sums.len() as f64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::task::probing::DependencyTree;

    #[test]
    fn the_lightest_tree_as_by_hand() {
        #[rustfmt::skip]
        let distances = [
            0.0, 5.0, 1.0, 9.0,
            5.0, 0.0, 2.0, 4.0,
            1.0, 2.0, 0.0, 4.5,
            9.0, 4.0, 4.5, 0.0,
        ];
        let edges = minimum_spanning_tree(&distances, 4).unwrap();
        assert_eq!(edges, [(0, 2), (1, 2), (1, 3)]);
        assert!(minimum_spanning_tree(&[], 0).unwrap().is_empty());
        assert!(minimum_spanning_tree(&[0.0], 1).unwrap().is_empty());
        assert!(minimum_spanning_tree(&distances, 3).is_err());
        let error = minimum_spanning_tree(&[0.0, f64::NAN, 0.0, 0.0], 2).unwrap_err();
        assert!(error.to_string().contains("NaN"));
    }

    #[test]
    fn each_length_counts_once() {
        let values = [(5, 1.0), (5, 0.0), (6, 0.2), (4, 9.0), (51, 9.0)];
        let mean = mean_by_length(values, 5..=50).unwrap();
        assert!((mean - 0.35).abs() < 1e-12, "{mean}");
        assert_eq!(mean_by_length(values, 10..=20), None);
    }

    #[test]
    fn constants_correlate_with_nothing() {
        assert_eq!(rank_correlation(&[1.0, 1.0], &[1.0, 2.0]).unwrap(), 0.0);
        let rising = rank_correlation(&[1.0, 3.0], &[1.0, 2.0]).unwrap();
        assert!((rising - 1.0).abs() < 1e-12);
        assert!(rank_correlation(&[1.0], &[1.0]).is_err());
        assert!(rank_correlation(&[1.0, 1.0], &[1.0]).is_err());
        assert!(rank_correlation(&[f64::NAN, 1.0], &[1.0, 2.0]).is_err());
    }

    proptest! {
        /// The distances of a tree have that tree as their lightest one.
        #[test]
        fn trees_are_recovered(choices in prop::collection::vec(any::<prop::sample::Index>(), 0..30)) {
            let mut heads = vec![None];
            for (at, choice) in choices.iter().enumerate() {
                heads.push(Some(choice.index(at + 1)));
            }
            let tree = DependencyTree::new(heads).unwrap();
            let edges = minimum_spanning_tree(&tree.distances(), tree.len()).unwrap();
            prop_assert_eq!(edges, tree.edges());
            let distances = tree.distances();
            let from_root = &distances[tree.root() * tree.len()..][..tree.len()];
            for (distance, depth) in from_root.iter().zip(tree.depths()) {
                prop_assert_eq!(*distance, *depth as f64);
            }
        }
    }
}
