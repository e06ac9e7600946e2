mod edge_list;
mod fuzz;
mod npz;
mod planetoid;
mod safetensors;

use std::path::PathBuf;

use plm_graph_imbalance::data::Dataset;
use plm_graph_imbalance::graph::{Adjacency, Features, NodeGraph};
use plm_graph_imbalance::{Error, Result};

/// A fixture's path.
fn fixture(name: &str) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.join("tests/fixtures").join(name)
}

/// The numbers that a generator left beside its fixtures.
fn expected(topic: &str) -> serde_json::Value {
    let text = std::fs::read_to_string(fixture(topic).join("expected.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The value called `key`, as any type.
fn get<T: serde::de::DeserializeOwned>(value: &serde_json::Value, key: &str) -> T {
    serde_json::from_value(value[key].clone()).unwrap()
}

/// Each edge once.
fn edges(graph: &NodeGraph) -> Vec<(u32, u32)> {
    let entries = graph.csr().entries();
    let once = entries.filter(|(from, to, _)| from < to);
    once.map(|(from, to, _)| (from, to)).collect()
}

/// All features, rows after one another.
fn dense(features: &Features) -> Vec<f32> {
    match features {
        Features::Sparse(csr) => csr.to_dense(),
        Features::Dense { values, .. } => values.to_vec(),
    }
}

/// Whether two datasets are the same graph with the same names and splits.
fn assert_same(a: &Dataset, b: &Dataset) {
    assert_eq!(a.graph.adjacency, b.graph.adjacency);
    assert_eq!(a.graph.labels, b.graph.labels);
    assert_eq!(a.graph.features.width(), b.graph.features.width());
    assert_eq!(dense(&a.graph.features), dense(&b.graph.features));
    assert_eq!(a.splits, b.splits);
    assert_eq!(a.placeholders, b.placeholders);
    assert_eq!(a.node_names, b.node_names);
    assert_eq!(a.class_names, b.class_names);
}

/// What holds of any dataset that a reader returns.
fn assert_valid(dataset: &Dataset) {
    let graph = &dataset.graph;
    let n_nodes = graph.n_nodes();
    Adjacency::from_csr(graph.csr().clone()).unwrap();
    assert_eq!(graph.features.n_nodes(), n_nodes);
    assert_eq!(graph.labels.n_nodes(), n_nodes);
    if let Features::Sparse(csr) = &graph.features {
        assert!(csr.values().iter().all(|value| value.is_finite()));
    }
    for split in &dataset.splits {
        let result = split.check(&graph.labels);
        assert!(
            matches!(result, Ok(()) | Err(Error::EmptyClass { .. })),
            "{result:?}"
        );
    }
}

/// The text of an error.
fn message(result: Result<Dataset>) -> String {
    match result {
        Ok(_) => panic!("an error was expected"),
        Err(error) => error.to_string(),
    }
}
