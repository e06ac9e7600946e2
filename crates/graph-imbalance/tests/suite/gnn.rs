//! Every network against PyTorch Geometric: logits, loss and gradients on two graphs.

use std::collections::BTreeMap;

use plm_core::graph::Csr;
use plm_core::nn::DropoutContext;
use plm_core::rng::Seed;
use plm_core::train::Gradients;
use plm_graph_imbalance::graph::{Adjacency, Features, Labels, NodeGraph};
use plm_graph_imbalance::loss::LossConfig;
use plm_graph_imbalance::model::{
    Architecture, GraphInputs, Network, NetworkConfig, NodeClassifier, PageRank, PprgoBatch,
};
use plm_graph_imbalance::train::Objective;

use super::support::{assert_close, devices, numbers, with_values};

#[derive(serde::Deserialize)]
struct Case {
    n_nodes: usize,
    n_classes: usize,
    edges: Vec<(u32, u32)>,
    x: Vec<f64>,
    labels: Vec<u32>,
    train: Vec<u32>,
    weights: Vec<f32>,
    page_rank: Vec<f64>,
    pprgo_rows: Vec<f64>,
    nets: BTreeMap<String, Net>,
}

#[derive(serde::Deserialize)]
struct Net {
    params: BTreeMap<String, Vec<f64>>,
    logits: Vec<f64>,
    loss: f64,
    grads: BTreeMap<String, Vec<f64>>,
}

fn cases() -> BTreeMap<String, Case> {
    serde_json::from_str(include_str!("../fixtures/gnn/gnn.json")).unwrap()
}

fn single(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}

impl Case {
    fn graph(&self, sparse: bool) -> NodeGraph {
        let width = self.x.len() / self.n_nodes;
        let x = single(&self.x);
        let features = match sparse {
            true => Features::Sparse(Csr::from_dense(self.n_nodes, width, &x).unwrap()),
            false => Features::dense(self.n_nodes, width, x).unwrap(),
        };
        NodeGraph::new(
            Adjacency::from_edges(self.n_nodes, &self.edges).unwrap(),
            features,
            Labels::complete(&self.labels).unwrap(),
        )
        .unwrap()
    }
}

fn architecture(name: &str) -> Architecture {
    match name {
        "gcn" => Architecture::Gcn,
        "gat" => Architecture::gat(),
        "sage" => Architecture::Sage,
        "cheb" => Architecture::cheb(),
        "cheb3" => Architecture::Cheb { order: 3 },
        "sgc" => Architecture::Sgc,
        "ppnp" => Architecture::Ppnp,
        "appnp" => Architecture::appnp(),
        "pprgo" | "pprgo_batch" => Architecture::pprgo(),
        _ => panic!("{name}"),
    }
}

/// A parameter's path within its network: what follows the name of the variant.
fn inside(path: &str) -> &str {
    path.split_once('.').unwrap().1
}

fn check(name: &str, case: &Case, net: &Net, device: &burn::tensor::Device, what: &str) {
    for sparse in [false, true] {
        let graph = case.graph(sparse);
        let page_rank = Csr::from_dense(case.n_nodes, case.n_nodes, &single(&case.page_rank));
        let inputs = GraphInputs::new(&graph, device)
            .unwrap()
            .with_page_rank(PageRank::Sparse(page_rank.unwrap()))
            .unwrap();
        let config = NetworkConfig {
            hidden: 8,
            ..NetworkConfig::new(architecture(name))
        };
        let network = config
            .init(5, case.n_classes, Seed::new(1), &device.clone().autodiff())
            .unwrap();
        let mut seen = 0;
        let network = with_values(network, |path| {
            seen += 1;
            net.params[inside(path)].clone()
        });
        assert_eq!(seen, net.params.len(), "{what}");
        let objective =
            Objective::new(LossConfig::CrossEntropy, &graph.labels, &case.train, device)
                .unwrap()
                .with_weights(&case.weights)
                .unwrap();
        let off = DropoutContext::default();
        let (logits, loss) = match (&network, name) {
            (Network::Pprgo(pprgo), "pprgo_batch") => {
                let rows = single(&case.pprgo_rows);
                let rows = Csr::from_dense(case.train.len(), case.n_nodes, &rows).unwrap();
                let batch = PprgoBatch::new(&rows, &graph.features, device).unwrap();
                let logits = pprgo.forward_batch(&batch, &off);
                let positions: Vec<u32> = (0..case.train.len() as u32).collect();
                let loss = objective.value_of_rows(logits.clone(), &positions, 0);
                (logits, loss)
            }
            _ => {
                let logits = network.forward(&inputs, &off);
                (logits.clone(), objective.value(logits, 0))
            }
        };
        let gradients = Gradients::of(&loss, &network).unwrap();
        assert_close(&numbers(logits), &net.logits, 1e-5, what);
        assert_close(&numbers(loss), &[net.loss], 1e-5, what);
        assert_eq!(gradients.len(), net.grads.len(), "{what}");
        for path in gradients.paths() {
            let found = gradients.get(path).unwrap();
            let found: Vec<f64> = found.iter().map(|&g| g.into()).collect();
            let expected = &net.grads[inside(path)];
            assert_close(&found, expected, 1e-5, &format!("{what} {path}"));
        }
    }
}

#[test]
fn logits_and_gradients_equal_those_of_pytorch_geometric() {
    for (graph, case) in cases() {
        for (name, net) in &case.nets {
            for (device_name, device) in devices() {
                check(
                    name,
                    &case,
                    net,
                    &device,
                    &format!("{graph} {name} {device_name}"),
                );
            }
        }
    }
}

#[test]
fn a_dense_page_rank_matrix_is_the_same() {
    let case = &cases()["random"];
    let net = &case.nets["ppnp"];
    for (name, device) in devices() {
        let n = case.n_nodes;
        let data = burn::tensor::TensorData::new(single(&case.page_rank), [n, n]);
        let inputs = GraphInputs::new(&case.graph(true), &device)
            .unwrap()
            .with_page_rank(PageRank::Dense(burn::tensor::Tensor::from_data(
                data, &device,
            )))
            .unwrap();
        let config = NetworkConfig {
            hidden: 8,
            ..NetworkConfig::new(Architecture::Ppnp)
        };
        let network = config
            .init(5, case.n_classes, Seed::new(1), &device)
            .unwrap();
        let network = with_values(network, |path| net.params[inside(path)].clone());
        let logits = network.forward(&inputs, &DropoutContext::default());
        assert_close(&numbers(logits), &net.logits, 1e-5, name);
    }
}

#[test]
fn inputs_that_do_not_fit_are_named() {
    let case = &cases()["barbell"];
    let (_, device) = devices().remove(0);
    let inputs = GraphInputs::new(&case.graph(false), &device).unwrap();
    let network = |architecture, width| {
        NetworkConfig::new(architecture)
            .init(width, 2, Seed::new(1), &device)
            .unwrap()
    };
    let error = network(Architecture::Gcn, 4).check(&inputs).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("takes 4 features a node, the graph has 5")
    );
    let error = network(Architecture::Ppnp, 5).check(&inputs).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("needs inputs with a PageRank matrix")
    );
    let small = PageRank::Sparse(Csr::identity(3).unwrap());
    let error = inputs.with_page_rank(small).unwrap_err().to_string();
    assert!(error.contains("3 x 3 for 6 nodes"), "{error}");
    let rows = Csr::<f32>::identity(3).unwrap();
    let error = PprgoBatch::new(&rows, &case.graph(true).features, &device).unwrap_err();
    assert!(
        error.to_string().contains("3 columns for 6 nodes"),
        "{error}"
    );
}
