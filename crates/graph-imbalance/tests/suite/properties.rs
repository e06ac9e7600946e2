//! What holds for every network: gradients, permutations, features of either kind, isolated nodes.

use burn::tensor::{DType, Device, Tensor, TensorData};
use plm_core::graph::Csr;
use plm_core::nn::{DropoutContext, DropoutMode};
use plm_core::rng::Seed;
use plm_core::train::{Gradients, each_param};
use plm_graph_imbalance::graph::{Adjacency, Features, Labels, NodeGraph};
use plm_graph_imbalance::model::{
    Architecture, GraphInputs, Network, NetworkConfig, NodeClassifier, PageRank, Pprgo, PprgoBatch,
};
use proptest::prelude::*;

use super::support::{
    ARCHITECTURES, assert_close, block_model, devices, in_double, numbers, page_rank, tensor,
    with_values,
};

fn inputs(graph: &NodeGraph, device: &Device) -> GraphInputs {
    let n = graph.n_nodes();
    let table: Vec<f32> = page_rank(graph, 0.15).iter().map(|&p| p as f32).collect();
    let matrix = PageRank::Sparse(Csr::from_dense(n, n, &table).unwrap());
    let inputs = GraphInputs::new(graph, device).unwrap();
    inputs.with_page_rank(matrix).unwrap()
}

fn network(
    architecture: Architecture,
    layers: usize,
    graph: &NodeGraph,
    device: &Device,
) -> Network {
    let config = NetworkConfig {
        layers,
        hidden: 8,
        input_dropout: 0.2,
        ..NetworkConfig::new(architecture)
    };
    config
        .init(
            graph.features.width(),
            graph.n_classes(),
            Seed::new(5),
            device,
        )
        .unwrap()
}

/// The graph with node `i` renamed to `new[i]`.
fn renamed(graph: &NodeGraph, new: &[u32]) -> NodeGraph {
    let edges: Vec<(u32, u32)> = graph
        .csr()
        .entries()
        .map(|(a, b, _)| (new[a as usize], new[b as usize]))
        .collect();
    let mut old = vec![0; new.len()];
    for (at, &name) in new.iter().enumerate() {
        old[name as usize] = at as u32;
    }
    let classes = graph.labels.of(&old).unwrap();
    NodeGraph::new(
        Adjacency::from_edges(new.len(), &edges).unwrap(),
        graph.features.select(&old).unwrap(),
        Labels::complete(&classes).unwrap(),
    )
    .unwrap()
}

#[test]
fn permuted_nodes_have_permuted_scores() {
    let graph = block_model(13, 3, 0.5, 0.2, 1);
    let new: Vec<u32> = (0..13).map(|node| (node * 5 + 3) % 13).collect();
    let moved = renamed(&graph, &new);
    for (name, device) in devices() {
        for architecture in ARCHITECTURES {
            let network = network(architecture(), 2, &graph, &device);
            let off = DropoutContext::default();
            let plain = numbers(network.forward(&inputs(&graph, &device), &off));
            let other = numbers(network.forward(&inputs(&moved, &device), &off));
            for (node, &target) in new.iter().enumerate() {
                let row = |list: &[f64], at: usize| list[at * 3..at * 3 + 3].to_vec();
                let what = format!("{name} {:?}", architecture());
                assert_close(
                    &row(&other, target as usize),
                    &row(&plain, node),
                    1e-5,
                    &what,
                );
            }
        }
    }
}

#[test]
fn sparse_and_dense_features_agree_also_under_dropout() {
    let dense = block_model(12, 2, 0.5, 0.2, 2);
    let Features::Dense { values, .. } = &dense.features else {
        panic!("a dense table");
    };
    let table = Csr::from_dense(12, dense.features.width(), values).unwrap();
    let sparse = NodeGraph {
        features: Features::Sparse(table),
        ..dense.clone()
    };
    for (name, device) in devices() {
        for architecture in ARCHITECTURES {
            for layers in 1..=3 {
                let network = network(architecture(), layers, &dense, &device.clone().autodiff());
                let dropout = DropoutMode::Train { seed: 3 }.into();
                let run = |graph: &NodeGraph| {
                    let scores = network.forward(&inputs(graph, &device), &dropout);
                    let grads = Gradients::of(&scores.clone().square().sum(), &network).unwrap();
                    let mut all = numbers(scores);
                    each_param(&network, |info| {
                        all.extend(grads.get(info.path).unwrap().iter().map(|&g| f64::from(g)));
                    });
                    all
                };
                let what = format!("{name} {:?} {layers}", architecture());
                assert_close(&run(&sparse), &run(&dense), 1e-4, &what);
            }
        }
    }
}

#[test]
fn without_edges_nothing_is_undefined() {
    let graph = NodeGraph::new(
        Adjacency::from_edges(4, &[]).unwrap(),
        Features::dense(4, 3, (0..12).map(|v| v as f32 / 6.0).collect()).unwrap(),
        Labels::complete(&[0, 1, 0, 1]).unwrap(),
    )
    .unwrap();
    for (name, device) in devices() {
        for architecture in ARCHITECTURES {
            let network = network(architecture(), 2, &graph, &device.clone().autodiff());
            let scores = network.forward(&inputs(&graph, &device), &DropoutContext::default());
            let grads = Gradients::of(&scores.clone().square().sum(), &network).unwrap();
            let what = format!("{name} {:?}", architecture());
            assert!(numbers(scores).iter().all(|v| v.is_finite()), "{what}");
            assert_eq!(grads.first_non_finite(), None, "{what}");
        }
    }
}

#[test]
fn dropout_acts_only_when_asked_and_by_its_seed() {
    let graph = block_model(12, 2, 0.5, 0.2, 3);
    for (name, device) in devices() {
        for architecture in ARCHITECTURES {
            let network = network(architecture(), 2, &graph, &device);
            let inputs = inputs(&graph, &device);
            let run = |mode: DropoutMode| numbers(network.forward(&inputs, &mode.into()));
            assert_eq!(run(DropoutMode::Off), run(DropoutMode::Off), "{name}");
            let train = |seed| run(DropoutMode::Train { seed });
            assert_eq!(train(1), train(1), "{name}");
            assert_ne!(train(1), train(2), "{name} {:?}", architecture());
            assert_ne!(train(1), run(DropoutMode::Off), "{name}");
        }
    }
}

#[test]
fn gradients_match_finite_differences() {
    let graph = block_model(7, 2, 0.6, 0.3, 4);
    for (name, device) in devices() {
        if !device.supports_dtype(DType::F64) {
            continue;
        }
        for architecture in ARCHITECTURES {
            let inputs = inputs(&graph, &device);
            let plain = in_double(network(architecture(), 2, &graph, &device));
            let mut start: Vec<(String, Vec<f64>)> = Vec::new();
            let plain = with_values(plain, |path| {
                // Away from the kinks of ReLU and LeakyReLU, and biases that are not all zero.
                let mut length = 0;
                each_param(&network(architecture(), 2, &graph, &device), |info| {
                    if info.path == path {
                        length = info.numel();
                    }
                });
                let seed = start.len() as f64;
                let values: Vec<f64> = (0..length)
                    .map(|at| 0.7 * (2.3 * at as f64 + 1.7 * seed + 0.4).sin())
                    .collect();
                start.push((path.to_owned(), values.clone()));
                values
            });
            let mixed = tensor(
                &(0..14).map(|at| (at as f64).cos()).collect::<Vec<_>>(),
                [7, 2],
                &device,
                DType::F64,
            );
            let value = |network: &Network| {
                let scores = network.forward(&inputs, &DropoutContext::default());
                (scores * mixed.clone()).sum()
            };
            let tracked = burn::module::Module::train(plain.clone());
            let grads = Gradients::of(&value(&tracked), &tracked).unwrap();
            for (path, values) in &start {
                let found = grads.get(path).unwrap();
                let what = format!("{name} {:?} {path}", architecture());
                assert_eq!(found.len(), values.len(), "{what}");
                for at in (0..values.len()).step_by(3) {
                    let moved = |shift: f64| {
                        let network = with_values(plain.clone(), |other| {
                            let known = start.iter().find(|(path, _)| path == other);
                            let mut values = known.unwrap().1.clone();
                            if other == path {
                                values[at] += shift;
                            }
                            values
                        });
                        numbers(value(&network))[0]
                    };
                    let expected = (moved(1e-6) - moved(-1e-6)) / 2e-6;
                    assert_close(&[f64::from(found[at])], &[expected], 2e-6, &what);
                }
            }
        }
    }
}

fn pprgo(graph: &NodeGraph, device: &Device) -> Pprgo {
    match network(Architecture::pprgo(), 2, graph, device) {
        Network::Pprgo(pprgo) => pprgo,
        other => panic!("{other:?}"),
    }
}

#[test]
fn pprgo_batches_read_only_the_nodes_they_name() {
    let graph = block_model(12, 2, 0.5, 0.2, 6);
    let rows = Csr::from_coo(
        2,
        12,
        &[0, 0, 1],
        &[3, 7, 7],
        &[0.5_f32, 0.25, 1.0],
        plm_core::graph::Duplicates::Reject,
    )
    .unwrap();
    for (name, device) in devices() {
        let batch = PprgoBatch::new(&rows, &graph.features, &device).unwrap();
        assert_eq!((batch.nodes(), batch.n_rows()), (&[3, 7][..], 2));
        let model = pprgo(&graph, &device);
        let found = numbers(model.forward_batch(&batch, &DropoutContext::default()));
        // The same by the perceptron's scores of single nodes.
        let alone = |node: u32| {
            let one = Csr::from_coo(
                1,
                12,
                &[0],
                &[node],
                &[1.0_f32],
                plm_core::graph::Duplicates::Reject,
            );
            let batch = PprgoBatch::new(&one.unwrap(), &graph.features, &device).unwrap();
            numbers(model.forward_batch(&batch, &DropoutContext::default()))
        };
        let (third, seventh) = (alone(3), alone(7));
        let expected = [
            0.5 * third[0] + 0.25 * seventh[0],
            0.5 * third[1] + 0.25 * seventh[1],
            seventh[0],
            seventh[1],
        ];
        assert_close(&found, &expected, 1e-5, name);
    }
}

#[test]
fn pprgo_with_exact_rows_is_ppnp() {
    let graph = block_model(10, 2, 0.5, 0.2, 8);
    for (name, device) in devices() {
        let table: Vec<f32> = page_rank(&graph, 0.15).iter().map(|&p| p as f32).collect();
        let rows = Csr::from_dense(10, 10, &table).unwrap();
        let batch = PprgoBatch::new(&rows, &graph.features, &device).unwrap();
        let model = pprgo(&graph, &device);
        let off = DropoutContext::default();
        let found = numbers(model.forward_batch(&batch, &off));
        let local = model.mlp.forward(
            inputs(&graph, &device).features(),
            &inputs(&graph, &device),
            &off,
        );
        let data = TensorData::new(table, [10, 10]);
        let exact = Tensor::<2>::from_data(data, &device).matmul(local);
        assert_close(&found, &numbers(exact), 1e-5, name);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn any_graph_gives_finite_scores(
        edges in proptest::collection::vec((0_u32..9, 0_u32..9), 0..24),
        layers in 1_usize..4,
    ) {
        let x: Vec<f32> = (0..36).map(|at| ((at * 7 % 11) as f32 - 5.0) / 5.0).collect();
        let graph = NodeGraph::new(
            Adjacency::from_edges(9, &edges).unwrap(),
            Features::dense(9, 4, x).unwrap(),
            Labels::complete(&[0, 1, 2, 0, 1, 2, 0, 1, 2]).unwrap(),
        )
        .unwrap();
        for (name, device) in devices() {
            for architecture in ARCHITECTURES {
                let network = network(architecture(), layers, &graph, &device);
                let scores = network.forward(&inputs(&graph, &device), &DropoutContext::default());
                prop_assert_eq!(scores.dims(), [9, 3]);
                prop_assert!(numbers(scores).iter().all(|v| v.is_finite()), "{} {:?}", name, architecture());
            }
        }
    }
}
