//! What the tests share.

use plm_core::rng::Seed;
use plm_graph_imbalance::graph::{Adjacency, EdgePolicy, Labels, Weights};
use plm_graph_imbalance::ppr::Diffusion;
use proptest::prelude::*;
use rand::RngExt;

/// Weighted graphs of 1 to `nodes` nodes, isolated nodes and several parts among them.
pub(crate) fn arb_graph(nodes: usize) -> impl Strategy<Value = Adjacency> {
    (1..=nodes).prop_flat_map(|n| {
        let edge = (0..n as u32, 0..n as u32, 1_u8..20);
        proptest::collection::vec(edge, 0..3 * n).prop_map(move |edges| weighted(n, &edges))
    })
}

/// The graph of `edges`, each weight divided by 4; the first of repeated edges counts.
pub(crate) fn weighted(n: usize, edges: &[(u32, u32, u8)]) -> Adjacency {
    let mut once = std::collections::BTreeMap::new();
    for &(a, b, weight) in edges {
        once.entry((a.min(b), a.max(b)))
            .or_insert(f32::from(weight) / 4.0);
    }
    let entries = once.into_iter().map(|((a, b), weight)| (a, b, weight));
    let policy = EdgePolicy {
        weights: Weights::Keep,
        ..EdgePolicy::default()
    };
    Adjacency::from_entries(n, entries, policy).unwrap().0
}

/// A class for each node and a training set with every class in it, or none where there are too few
/// nodes.
pub(crate) fn random_labels(n: usize, n_classes: u32, seed: u64) -> Option<(Labels, Vec<u32>)> {
    let mut rng = Seed::new(seed).stream("labels");
    let classes: Vec<u32> = (0..n)
        .map(|node| match (node as u32) < n_classes {
            true => node as u32,
            false => rng.random_range(0..n_classes),
        })
        .collect();
    let train = (0..n as u32)
        .filter(|&node| node < n_classes || rng.random_bool(0.3))
        .collect();
    (n >= n_classes as usize).then(|| (Labels::complete(&classes).unwrap(), train))
}

/// A random order of `0..n`.
pub(crate) fn permutation(n: usize, seed: u64) -> Vec<u32> {
    use rand::seq::SliceRandom;
    let mut order: Vec<u32> = (0..n as u32).collect();
    order.shuffle(&mut Seed::new(seed).stream("order"));
    order
}

/// `graph` with node v renamed to `to[v]`.
pub(crate) fn renamed(graph: &Adjacency, to: &[u32]) -> Adjacency {
    let entries = graph
        .csr()
        .entries()
        .map(|(a, b, weight)| (to[a as usize], to[b as usize], weight));
    let policy = EdgePolicy {
        weights: Weights::Keep,
        ..EdgePolicy::default()
    };
    Adjacency::from_entries(graph.n_nodes(), entries, policy)
        .unwrap()
        .0
}

/// The identity, as a right-hand side.
pub(crate) fn identity(diffusion: &Diffusion) -> Vec<f64> {
    let n = diffusion.n_nodes();
    (0..n * n)
        .map(|at| f64::from(u8::from(at / n == at % n)))
        .collect()
}

#[track_caller]
pub(crate) fn assert_close(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}: lengths");
    for (at, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= tolerance, "{what}: {a} and {b} at {at}");
    }
}
