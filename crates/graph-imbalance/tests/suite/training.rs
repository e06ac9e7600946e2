//! Training: it fits, it repeats to the bit, it stops when it should.

use std::ops::ControlFlow;

use burn::tensor::Device;
use plm_core::graph::Csr;
use plm_core::rng::Seed;
use plm_graph_imbalance::graph::NodeGraph;
use plm_graph_imbalance::loss::{LossConfig, TamConfig};
use plm_graph_imbalance::model::{
    Architecture, GraphInputs, Network, NetworkConfig, PageRank, Pprgo,
};
use plm_graph_imbalance::split::Split;
use plm_graph_imbalance::train::{
    Evaluation, NodeScores, Objective, PprgoData, Stopped, TrainConfig, Trained, train_full_batch,
    train_pprgo, training_subgraph,
};

use super::support::{ARCHITECTURES, block_model, devices, page_rank};

pub(super) struct Setting {
    pub(super) graph: NodeGraph,
    pub(super) inputs: GraphInputs,
    split: Split,
    device: Device,
}

impl Setting {
    pub(super) fn new(device: &Device) -> Self {
        let graph = block_model(60, 3, 0.3, 0.03, 11);
        let n = graph.n_nodes();
        let table: Vec<f32> = page_rank(&graph, 0.15).iter().map(|&p| p as f32).collect();
        let matrix = PageRank::Sparse(Csr::from_dense(n, n, &table).unwrap());
        let inputs = GraphInputs::new(&graph, device).unwrap();
        Self {
            inputs: inputs.with_page_rank(matrix).unwrap(),
            split: Split {
                train: (0..15).collect(),
                valid: (15..36).collect(),
                test: (36..60).collect(),
            },
            graph,
            device: device.clone(),
        }
    }

    pub(super) fn evaluation(&self) -> Evaluation<'_> {
        Evaluation {
            inputs: &self.inputs,
            labels: &self.graph.labels,
            valid: &self.split.valid,
            test: &self.split.test,
        }
    }

    pub(super) fn objective(&self, loss: LossConfig) -> Objective {
        Objective::new(loss, &self.graph.labels, &self.split.train, &self.device).unwrap()
    }

    pub(super) fn network(&self, architecture: Architecture, dropout: f64) -> Network {
        let config = NetworkConfig {
            hidden: 16,
            dropout,
            input_dropout: 0.0,
            ..NetworkConfig::new(architecture)
        };
        let device = self.device.clone().autodiff();
        let width = self.graph.features.width();
        config.init(width, 3, Seed::new(2), &device).unwrap()
    }

    fn train(
        &self,
        network: Network,
        objective: &Objective,
        config: &TrainConfig,
    ) -> Trained<Network> {
        let quiet = &mut |_: &_| ControlFlow::Continue(());
        let evaluation = self.evaluation();
        train_full_batch(network, &self.inputs, objective, &evaluation, config, quiet).unwrap()
    }
}

pub(super) fn short(max_epochs: usize) -> TrainConfig {
    TrainConfig {
        max_epochs,
        ..TrainConfig::transductive(Seed::new(7))
    }
}

#[test]
fn every_network_fits_its_training_nodes() {
    for (name, device) in devices() {
        let setting = Setting::new(&device);
        // The training nodes choose the best epoch here: whether they can be fitted is the question.
        let evaluation = Evaluation {
            valid: &setting.split.train,
            ..setting.evaluation()
        };
        for architecture in ARCHITECTURES {
            let config = TrainConfig {
                lr: 0.03,
                decay: None,
                patience: None,
                ..short(200)
            };
            let found = train_full_batch(
                setting.network(architecture(), 0.0),
                &setting.inputs,
                &setting.objective(LossConfig::CrossEntropy),
                &evaluation,
                &config,
                &mut |record| match record.validation.accuracy {
                    1.0 => ControlFlow::Break(()),
                    _ => ControlFlow::Continue(()),
                },
            )
            .unwrap();
            let what = format!("{name} {:?}", architecture());
            assert_eq!(found.validation.accuracy, 1.0, "{what}");
            let (first, last) = (found.history[0].loss, found.history[found.best_epoch].loss);
            assert!(last < first, "{what}: {first} to {last}");
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bits() {
    for (_, device) in devices() {
        let setting = Setting::new(&device);
        let objective = setting.objective(LossConfig::CrossEntropy);
        for architecture in ARCHITECTURES {
            let run = |seed| {
                let config = TrainConfig {
                    seed: Seed::new(seed),
                    ..short(4)
                };
                setting.train(setting.network(architecture(), 0.5), &objective, &config)
            };
            let (a, b) = (run(1), run(1));
            assert_eq!(a.logits, b.logits, "{:?}", architecture());
            assert_eq!(a.history, b.history);
            if architecture() != Architecture::Sgc {
                assert_ne!(a.history, run(2).history, "{:?}", architecture());
            }
        }
    }
}

#[test]
fn weights_of_one_train_to_the_same_bits() {
    let (_, device) = devices().remove(0);
    let setting = Setting::new(&device);
    let plain = setting.objective(LossConfig::CrossEntropy);
    let weighted = plain.clone().with_weights(&[1.0; 15]).unwrap();
    let run = |objective: &Objective| {
        setting.train(
            setting.network(Architecture::Gcn, 0.5),
            objective,
            &short(6),
        )
    };
    assert_eq!(run(&plain).logits, run(&weighted).logits);
    let uneven: Vec<f32> = (0..15).map(|at| 0.5 + at as f32 / 14.0).collect();
    let other = run(&plain.clone().with_weights(&uneven).unwrap());
    assert_ne!(other.logits, run(&plain).logits);
}

#[test]
fn every_loss_learns_with_weights_and_margins() {
    let (_, device) = devices().remove(0);
    let setting = Setting::new(&device);
    let weights: Vec<f32> = (0..15).map(|at| 0.5 + at as f32 / 14.0).collect();
    for loss in [
        LossConfig::CrossEntropy,
        LossConfig::ReWeight,
        LossConfig::focal(),
        LossConfig::class_balanced(),
        LossConfig::BalancedSoftmax,
        LossConfig::ldam(Some(20)),
        LossConfig::LogitAdjust { tau: 1.0 },
    ] {
        for tam in [false, true] {
            let mut objective = setting.objective(loss).with_weights(&weights).unwrap();
            if tam {
                let config = TamConfig::default();
                objective = objective
                    .with_tam(config, &setting.graph.adjacency)
                    .unwrap();
            }
            let network = setting.network(Architecture::Gcn, 0.5);
            let found = setting.train(network, &objective, &short(60));
            let test = found.test.unwrap();
            assert!(test.accuracy > 0.7, "{loss:?} {tam}: {test:?}");
        }
    }
}

#[test]
fn it_stops_by_patience_and_keeps_the_best() {
    let (_, device) = devices().remove(0);
    let setting = Setting::new(&device);
    let config = TrainConfig {
        min_epochs: 5,
        patience: Some(3),
        ..short(200)
    };
    let objective = setting.objective(LossConfig::CrossEntropy);
    let found = setting.train(setting.network(Architecture::Gcn, 0.5), &objective, &config);
    assert_eq!(found.stopped, Stopped::Patience);
    let run = found.history.len();
    let waited = run - 1 - found.best_epoch;
    assert!(
        run >= 6 && (waited == 4 || run == 6 && waited > 4),
        "{run} epochs, {waited} in vain"
    );
    let f1 = |epoch: usize| found.history[epoch].validation.weighted_f1;
    // The first epoch with the highest score, which equal ones after it do not replace.
    let highest = (0..run).map(f1).fold(0.0, f64::max);
    let first = (0..run).find(|&epoch| f1(epoch) == highest);
    assert_eq!(Some(found.best_epoch), first);
    assert_eq!(found.validation.weighted_f1, highest);
    let scores = NodeScores::of(
        &found.predictions,
        &setting.graph.labels,
        &setting.split.test,
    );
    assert_eq!(found.test, Some(scores.unwrap()));
    for (node, row) in found.logits.chunks(3).enumerate() {
        let chosen = row[found.predictions[node] as usize];
        assert!(row.iter().all(|&score| score <= chosen));
    }
    assert!(found.seconds_per_step > 0.0);
}

#[test]
fn the_observer_sees_every_epoch_and_can_stop() {
    let (_, device) = devices().remove(0);
    let setting = Setting::new(&device);
    let mut seen = Vec::new();
    let found = train_full_batch(
        setting.network(Architecture::Gcn, 0.5),
        &setting.inputs,
        &setting.objective(LossConfig::CrossEntropy),
        &setting.evaluation(),
        &short(50),
        &mut |record| {
            seen.push(*record);
            if record.epoch == 24 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        },
    )
    .unwrap();
    assert_eq!((found.stopped, &found.history), (Stopped::Observer, &seen));
    assert_eq!(seen.len(), 25);
    assert_eq!(seen[19].lr, 0.0075);
    assert!((seen[21].lr - 0.0075 * 0.95 * 0.95).abs() < 1e-12);
}

#[test]
fn induction_trains_on_the_graph_between_training_nodes() {
    for (name, device) in devices() {
        let setting = Setting::new(&device);
        let train: Vec<u32> = (0..30).collect();
        let part = training_subgraph(&setting.graph, &train).unwrap();
        assert_eq!(part.n_nodes(), 30);
        let inside = setting.graph.csr().entries();
        let expected = inside.filter(|(a, b, _)| *a < 30 && *b < 30).count();
        assert_eq!(part.csr().nnz(), expected);
        let inputs = GraphInputs::new(&part, &device).unwrap();
        let objective =
            Objective::new(LossConfig::CrossEntropy, &part.labels, &train, &device).unwrap();
        let valid: Vec<u32> = (30..45).collect();
        let evaluation = Evaluation {
            valid: &valid,
            ..setting.evaluation()
        };
        let network = setting.network(Architecture::Sage, 0.5);
        let quiet = &mut |_: &_| ControlFlow::Continue(());
        let found =
            train_full_batch(network, &inputs, &objective, &evaluation, &short(60), quiet).unwrap();
        assert_eq!(found.predictions.len(), 60);
        assert!(
            found.validation.accuracy > 0.6,
            "{name}: {:?}",
            found.validation
        );
    }
}

fn train_on_rows(
    setting: &Setting,
    batch_size: Option<usize>,
    dropout: f64,
    epochs: usize,
) -> Trained<Pprgo> {
    let n = setting.graph.n_nodes();
    let table: Vec<f32> = page_rank(&setting.graph, 0.15)
        .iter()
        .map(|&p| p as f32)
        .collect();
    let rows = Csr::from_dense(15, n, &table[..15 * n]).unwrap();
    let rows = rows.filter(|_, _, value| value > 0.01);
    let data = PprgoData {
        rows: &rows,
        features: &setting.graph.features,
        batch_size,
    };
    let Network::Pprgo(model) = setting.network(Architecture::pprgo(), dropout) else {
        panic!("PPRGo");
    };
    let config = TrainConfig {
        lr: 0.03,
        max_epochs: epochs,
        ..TrainConfig::inductive(Seed::new(3))
    };
    let objective = setting.objective(LossConfig::CrossEntropy);
    let quiet = &mut |_: &_| ControlFlow::Continue(());
    train_pprgo(
        model,
        &data,
        &objective,
        &setting.evaluation(),
        &config,
        &setting.device,
        quiet,
    )
    .unwrap()
}

#[test]
fn pprgo_learns_from_rows() {
    for (name, device) in devices() {
        let setting = Setting::new(&device);
        for batch_size in [None, Some(4)] {
            let found = train_on_rows(&setting, batch_size, 0.1, 60);
            let test = found.test.unwrap();
            assert!(test.accuracy > 0.7, "{name} {batch_size:?}: {test:?}");
            assert_eq!(
                found.logits,
                train_on_rows(&setting, batch_size, 0.1, 60).logits
            );
        }
        // A batch as large as all nodes is the same as no batches.
        let whole = train_on_rows(&setting, None, 0.1, 5);
        assert_eq!(
            whole.logits,
            train_on_rows(&setting, Some(15), 0.1, 5).logits
        );
    }
}

#[test]
fn weight_decay_shrinks_weights_as_in_torch() {
    // A step of Adam from zero moments is lr · sign(gradient); a weight without loss gradient has the
    // gradient decay · θ, so that each weight moves by lr towards zero. Class scores do not depend on
    // features that are all zero.
    let (_, device) = devices().remove(0);
    let graph = block_model(6, 2, 0.9, 0.9, 3);
    let zeros = plm_graph_imbalance::graph::Features::dense(6, 5, vec![0.0; 30]).unwrap();
    let graph = NodeGraph {
        features: zeros,
        ..graph
    };
    let inputs = GraphInputs::new(&graph, &device).unwrap();
    let network = NetworkConfig::new(Architecture::Sgc)
        .init(5, 2, Seed::new(1), &device.clone().autodiff())
        .unwrap();
    let weight = |network: &Network| match network {
        Network::Sgc(sgc) => super::support::numbers(sgc.layer.linear.weight.val()),
        other => panic!("{other:?}"),
    };
    let before = weight(&network);
    let objective =
        Objective::new(LossConfig::CrossEntropy, &graph.labels, &[0, 1], &device).unwrap();
    let evaluation = Evaluation {
        inputs: &inputs,
        labels: &graph.labels,
        valid: &[2, 3],
        test: &[],
    };
    let config = TrainConfig {
        lr: 0.01,
        weight_decay: 0.5,
        ..short(1)
    };
    let quiet = &mut |_: &_| ControlFlow::Continue(());
    let found =
        train_full_batch(network, &inputs, &objective, &evaluation, &config, quiet).unwrap();
    assert_eq!(found.test, None);
    for (after, before) in weight(&found.model).iter().zip(before) {
        assert!(
            (after - (before - 0.01 * before.signum())).abs() < 1e-6,
            "{before} to {after}"
        );
    }
}
