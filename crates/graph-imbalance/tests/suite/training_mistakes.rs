//! What training refuses.

use std::ops::ControlFlow;

use plm_core::graph::Csr;
use plm_core::rng::Seed;
use plm_graph_imbalance::graph::{Features, Labels, NodeGraph};
use plm_graph_imbalance::loss::LossConfig;
use plm_graph_imbalance::model::{Architecture, GraphInputs, Network, NetworkConfig};
use plm_graph_imbalance::train::{
    Evaluation, Objective, PprgoData, TrainConfig, train_full_batch, train_pprgo,
};

use super::support::{ARCHITECTURES, devices, with_values};
use super::training::{Setting, short};

#[test]
fn mistakes_are_named() {
    let (_, device) = devices().remove(0);
    let setting = Setting::new(&device);
    let labels = &setting.graph.labels;
    let new = |nodes: &[u32]| Objective::new(LossConfig::CrossEntropy, labels, nodes, &device);
    let objective = setting.objective(LossConfig::CrossEntropy);
    let text = |error: plm_graph_imbalance::Error| error.to_string();
    assert!(text(new(&[0, 1]).unwrap_err()).contains("class 2 of 3 has no labeled training node"));
    assert!(text(new(&[99]).unwrap_err()).contains("node 99 of 60"));
    assert!(text(new(&[0, 1, 2, 1]).unwrap_err()).contains("train: node 1 is given twice"));
    let weights = objective.clone().with_weights(&[1.0; 3]).unwrap_err();
    assert!(text(weights).contains("3 for 15 training nodes"));
    let mut wrong = [1.0; 15];
    wrong[2] = f32::NAN;
    let weights = objective.clone().with_weights(&wrong).unwrap_err();
    assert!(text(weights).contains("node 2 has NaN"));

    let run = |evaluation: Evaluation<'_>, config: TrainConfig| {
        let quiet = &mut |_: &_| ControlFlow::Continue(());
        let network = setting.network(Architecture::Gcn, 0.5);
        train_full_batch(
            network,
            &setting.inputs,
            &objective,
            &evaluation,
            &config,
            quiet,
        )
        .map(|_| ())
        .unwrap_err()
        .to_string()
    };
    let few = Labels::complete(&[0, 1]).unwrap();
    let more = Labels::new(labels.classes().to_vec(), 4).unwrap();
    for (error, expected) in [
        (
            run(
                Evaluation {
                    valid: &[],
                    ..setting.evaluation()
                },
                short(1),
            ),
            "has no validation node",
        ),
        (
            run(
                Evaluation {
                    test: &[77],
                    ..setting.evaluation()
                },
                short(1),
            ),
            "node 77 of 60",
        ),
        (
            run(
                Evaluation {
                    labels: &few,
                    ..setting.evaluation()
                },
                short(1),
            ),
            "labels of 2 nodes for a graph of 60",
        ),
        (
            run(
                Evaluation {
                    labels: &more,
                    ..setting.evaluation()
                },
                short(1),
            ),
            "evaluation: labels of 4 classes for a network that scores 3",
        ),
        (run(setting.evaluation(), short(0)), "`max_epochs` is 0"),
        (
            run(
                setting.evaluation(),
                TrainConfig {
                    lr: 1e30,
                    decay: None,
                    ..short(9)
                },
            ),
            "is NaN",
        ),
    ] {
        assert!(error.contains(expected), "{error:?} lacks {expected:?}");
    }
}

/// Features that no training node has may overflow: every hidden number of the last node is infinite, and
/// the second layer subtracts half of them from the others.
#[test]
fn scores_that_are_no_numbers_are_refused() {
    for (_, device) in devices() {
        let setting = Setting::new(&device);
        let Features::Dense { values, width, .. } = &setting.graph.features else {
            panic!("a dense table");
        };
        let mut values = values.to_vec();
        let last = values.len() - width;
        values[last..].fill(f32::MAX);
        let features = Features::dense(60, *width, values).unwrap();
        let graph = NodeGraph {
            features,
            ..setting.graph.clone()
        };
        let inputs = GraphInputs::new(&graph, &device).unwrap();
        let network = with_values(setting.network(Architecture::Gcn, 0.0), |path| {
            match (path.contains("layers.0"), path.ends_with("bias")) {
                (true, false) => vec![1.0; 6 * 16],
                (true, true) => vec![0.0; 16],
                (false, false) => (0..16 * 3)
                    .map(|at| if at / 3 % 2 == 0 { 1.0 } else { -1.0 })
                    .collect(),
                (false, true) => vec![0.0; 3],
            }
        });
        let still = TrainConfig {
            lr: 0.0,
            decay: None,
            ..short(1)
        };
        let evaluation = Evaluation {
            inputs: &inputs,
            ..setting.evaluation()
        };
        let objective = setting.objective(LossConfig::CrossEntropy);
        let quiet = &mut |_: &_| ControlFlow::Continue(());
        let trained = &setting.inputs;
        let result = train_full_batch(network, trained, &objective, &evaluation, &still, quiet);
        let error = result.map(|_| ()).unwrap_err().to_string();
        assert!(
            error.contains("score: of node 59 for class 0 is NaN"),
            "{error}"
        );
    }
}

#[test]
fn networks_of_other_sizes_are_refused() {
    let (_, device) = devices().remove(0);
    let setting = Setting::new(&device);
    let (n, width) = (setting.graph.n_nodes(), setting.graph.features.width());
    let tracked = device.clone().autodiff();
    let network = |architecture, width, classes| {
        let config = NetworkConfig::new(architecture);
        config.init(width, classes, Seed::new(1), &tracked).unwrap()
    };
    let objective = setting.objective(LossConfig::CrossEntropy);
    let evaluation = setting.evaluation();
    for architecture in ARCHITECTURES {
        for classes in [2, 5] {
            let model = network(architecture(), width, classes);
            let quiet = &mut |_: &_| ControlFlow::Continue(());
            let (inputs, config) = (&setting.inputs, short(1));
            let result = train_full_batch(model, inputs, &objective, &evaluation, &config, quiet);
            let expected =
                format!("objective: labels of 3 classes for a network that scores {classes}");
            let error = result.map(|_| ()).unwrap_err().to_string();
            assert!(error.contains(&expected), "{error}");
        }
    }
    let rows = Csr::from_dense(15, n, &vec![1.0; 15 * n]).unwrap();
    let data = PprgoData {
        rows: &rows,
        features: &setting.graph.features,
        batch_size: None,
    };
    for (width, classes, expected) in [
        (
            width + 1,
            3,
            "network: takes 7 features a node, the graph has 6",
        ),
        (
            width,
            2,
            "objective: labels of 3 classes for a network that scores 2",
        ),
    ] {
        let Network::Pprgo(model) = network(Architecture::pprgo(), width, classes) else {
            panic!("PPRGo");
        };
        let quiet = &mut |_: &_| ControlFlow::Continue(());
        let config = short(1);
        let result = train_pprgo(
            model,
            &data,
            &objective,
            &evaluation,
            &config,
            &device,
            quiet,
        );
        let error = result.map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
