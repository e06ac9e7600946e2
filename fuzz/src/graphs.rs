//! Graphs with labeled nodes: whether they are sound, and the same.

use plm_graph_imbalance::Error;
use plm_graph_imbalance::data::Dataset;
use plm_graph_imbalance::graph::{Adjacency, Features};

/// Asserts what every reader promises of a graph.
pub fn assert_sound(dataset: &Dataset) {
    let graph = &dataset.graph;
    Adjacency::from_csr(graph.csr().clone()).unwrap();
    assert_eq!(graph.features.n_nodes(), graph.n_nodes());
    assert_eq!(graph.labels.n_nodes(), graph.n_nodes());
    if let Features::Sparse(csr) = &graph.features {
        assert!(csr.values().iter().all(|value| value.is_finite()));
    }
    for split in &dataset.splits {
        let result = split.check(&graph.labels);
        assert!(matches!(result, Ok(()) | Err(Error::EmptyClass { .. })));
    }
}

/// Asserts that edges, classes and names are the same.
pub fn assert_same(one: &Dataset, other: &Dataset) {
    let edges = |dataset: &Dataset| dataset.graph.csr().entries().collect::<Vec<_>>();
    assert_eq!(edges(one), edges(other));
    assert_eq!(one.graph.labels.classes(), other.graph.labels.classes());
    assert_eq!(one.graph.features.width(), other.graph.features.width());
    assert_eq!(one.node_names, other.node_names);
}
