//! Whole runs on small graphs.

use std::ops::ControlFlow;

use burn::module::Param;
use burn::tensor::Tensor;
use plm_core::rng::Seed;

use super::devices;
use crate::Curvature;
use crate::data::generate::SirTreeConfig;
use crate::data::graph::{GraphDataset, LinkSplit, LinkSplitConfig, NodeSplit};
use crate::task::graph::*;

fn tree() -> GraphDataset {
    let config = SirTreeConfig {
        nodes: 150,
        ..SirTreeConfig::default()
    };
    config.generate(Seed::new(1)).unwrap()
}

fn links(tree: &GraphDataset) -> LinkSplit {
    let config = LinkSplitConfig {
        valid: 0.1,
        test: 0.2,
        ..LinkSplitConfig::default()
    };
    LinkSplit::draw(&tree.adjacency, config, Seed::new(2)).unwrap()
}

/// A Euclidean network for the tree's features and its two classes.
fn two_classes() -> NodeClassifierConfig<GcnEncoderConfig> {
    NodeClassifierConfig {
        encoder: GcnEncoderConfig::new(11, 1),
        classes: 2,
    }
}

fn short(epochs: usize) -> GraphTrainConfig {
    GraphTrainConfig {
        max_epochs: epochs,
        clip: Some(0.5),
        ..GraphTrainConfig::new(0.02, Seed::new(3))
    }
}

fn go_on(_: &EpochRecord) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

#[test]
fn links_are_learned_and_runs_repeat() {
    let tree = tree();
    let split = links(&tree);
    let adjacency = split.train_adjacency().unwrap();
    for device in devices() {
        let inputs = GraphInputs::new(&tree.features, &adjacency, &device)
            .unwrap()
            .on_hyperboloid(Curvature::UNIT);
        let run = || {
            let model = LorentzEncoderConfig::new(12, 2);
            let model = model
                .init(Seed::new(4), &device.clone().autodiff())
                .unwrap();
            let config = short(60);
            train_links(
                model,
                &inputs,
                &split,
                LinkLoss::Margin(2.0),
                &config,
                &mut go_on,
            )
            .unwrap()
        };
        let trained = run();
        let losses: Vec<f64> = trained.history.iter().map(|record| record.loss).collect();
        assert!(losses[59] < losses[0], "{losses:?}");
        assert!(trained.validation.roc_auc > 0.7, "{:?}", trained.validation);
        let again = link_scores(&trained.model, &inputs, &split.test).unwrap();
        assert_eq!(again, trained.test);
        assert_eq!(run().history, trained.history);
        let best = trained.history[trained.best_epoch];
        assert!(best.improved && best.validation == trained.validation.mean());
    }
}

#[test]
fn classes_are_learned_by_both_geometries() {
    let tree = tree();
    let split = NodeSplit::stratified(&tree.labels, 0.2, 0.2, Seed::new(2)).unwrap();
    for device in devices() {
        let flat = GraphInputs::new(&tree.features, &tree.adjacency, &device).unwrap();
        let curved = flat.on_hyperboloid(Curvature::UNIT);
        let device = device.autodiff();
        let majority = tree.labels.iter().filter(|&&class| class == 0).count() as f64 / 150.0;
        let majority = majority.max(1.0 - majority);

        let model = NodeClassifierConfig {
            encoder: LorentzEncoderConfig::new(12, 1),
            classes: 2,
        };
        let model = model.init(Seed::new(1), &device).unwrap();
        let (labels, loss) = (&tree.labels, NodeLoss::Margin(2.0));
        let trained = train_nodes(model, &curved, labels, &split, loss, &short(80), &mut go_on);
        let trained = trained.unwrap();
        trained.model.head.centers.check().unwrap();
        let train = node_scores(&trained.model, &curved, labels, &split.train).unwrap();
        assert!(train.accuracy > majority, "{train:?} {majority}");
        assert_eq!(
            node_scores(&trained.model, &curved, labels, &split.test).unwrap(),
            trained.test
        );

        let model = two_classes().init(Seed::new(1), &device).unwrap();
        let loss = NodeLoss::CrossEntropy;
        let trained = train_nodes(model, &flat, labels, &split, loss, &short(80), &mut go_on);
        let train = node_scores(&trained.unwrap().model, &flat, labels, &split.train).unwrap();
        assert!(train.accuracy > majority, "{train:?} {majority}");
    }
}

#[test]
fn patience_and_observers_end_runs() {
    let tree = tree();
    let split = links(&tree);
    let device = &devices()[0];
    let inputs =
        GraphInputs::new(&tree.features, &split.train_adjacency().unwrap(), device).unwrap();
    let run = |config: &GraphTrainConfig, observer: &mut EpochObserver<'_>| {
        let model = GcnEncoderConfig::new(11, 1);
        let model = model
            .init(Seed::new(1), &device.clone().autodiff())
            .unwrap();
        train_links(
            model,
            &inputs,
            &split,
            LinkLoss::FermiDirac,
            config,
            observer,
        )
    };
    let config = GraphTrainConfig {
        patience: Some(3),
        min_epochs: 10,
        ..short(500)
    };
    let trained = run(&config, &mut go_on).unwrap();
    let epochs = trained.history.len();
    assert!((11..500).contains(&epochs), "{epochs}");
    let last = &trained.history[epochs - 3..];
    assert!(last.iter().all(|record| !record.improved));
    let mut until_second = |record: &EpochRecord| match record.epoch {
        1 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    assert_eq!(run(&short(9), &mut until_second).unwrap().history.len(), 2);
    for config in [
        GraphTrainConfig { lr: 0.0, ..config },
        GraphTrainConfig {
            max_epochs: 0,
            ..config
        },
        GraphTrainConfig {
            clip: Some(0.0),
            ..config
        },
        GraphTrainConfig {
            weight_decay: f64::NAN,
            ..config
        },
        GraphTrainConfig {
            patience: Some(0),
            ..config
        },
    ] {
        assert!(run(&config, &mut go_on).is_err());
    }
}

#[test]
fn splits_with_an_empty_part_are_refused_before_training() {
    let tree = tree();
    let device = &devices()[0];
    let inputs = GraphInputs::new(&tree.features, &tree.adjacency, device).unwrap();
    let tracked = device.clone().autodiff();
    let mut epochs = 0;
    let mut count = |_: &EpochRecord| -> ControlFlow<()> {
        epochs += 1;
        ControlFlow::Continue(())
    };
    for (at, part) in ["training", "validation", "test"].into_iter().enumerate() {
        let mut parts = [vec![0, 1], vec![2, 3], vec![4, 5]];
        parts[at].clear();
        let [train, valid, test] = parts;
        let split = NodeSplit { train, valid, test };
        let model = two_classes().init(Seed::new(1), &tracked).unwrap();
        let (labels, loss, config) = (&tree.labels, NodeLoss::CrossEntropy, short(2));
        let refused = train_nodes(model, &inputs, labels, &split, loss, &config, &mut count);
        let error = refused.unwrap_err().to_string();
        assert!(error.contains(&format!("has no {part} node")), "{error}");
    }
    let mut train = |split: &LinkSplit| {
        let model = GcnEncoderConfig::new(11, 1);
        let model = model.init(Seed::new(1), &tracked).unwrap();
        let (loss, config) = (LinkLoss::FermiDirac, short(2));
        let refused = train_links(model, &inputs, split, loss, &config, &mut count);
        refused.unwrap_err().to_string()
    };
    let parts = [
        "training edge",
        "validation edge",
        "negative to validate on",
        "test edge",
        "negative to test on",
    ];
    for (at, part) in parts.into_iter().enumerate() {
        let mut split = links(&tree);
        let lists = [
            &mut split.train,
            &mut split.valid.positive,
            &mut split.valid.negative,
            &mut split.test.positive,
            &mut split.test.negative,
        ];
        for list in lists.into_iter().skip(at).take(1) {
            list.clear();
        }
        let error = train(&split);
        assert!(error.contains(&format!("has no {part}")), "{error}");
    }
    let mut beyond = links(&tree);
    beyond.test.negative.push((3, 150));
    let error = train(&beyond);
    assert!(error.contains("3 - 150"), "{error}");
    assert_eq!(epochs, 0);
}

#[test]
fn scores_that_are_no_numbers_are_refused() {
    let tree = tree();
    let device = &devices()[0];
    let inputs = GraphInputs::new(&tree.features, &tree.adjacency, device).unwrap();
    let mut model = two_classes().init(Seed::new(1), device).unwrap();
    let bias = Tensor::<1>::from_data([0.0_f32, f32::NAN], device);
    model.head.bias = Some(Param::from_tensor(bias));
    let error = node_scores(&model, &inputs, &tree.labels, &[1]).unwrap_err();
    let expected = "score: of node 0 for class 1 is NaN";
    assert!(error.to_string().contains(expected), "{error}");
}

#[test]
fn parts_of_another_graph_are_refused() {
    let tree = tree();
    let device = &devices()[0];
    let inputs = GraphInputs::new(&tree.features, &tree.adjacency, device).unwrap();
    let model = two_classes().init(Seed::new(1), device).unwrap();
    let error = node_scores(&model, &inputs, &tree.labels, &[150]).unwrap_err();
    assert!(error.to_string().contains("node 150 of 150"));
    assert!(node_scores(&model, &inputs, &tree.labels[1..], &[1]).is_err());
    let mut labels = tree.labels.clone();
    labels[7] = 2;
    let error = node_scores(&model, &inputs, &labels, &[3, 7]).unwrap_err();
    let expected = "node 7 has the label 2, the head scores 2 classes";
    assert!(error.to_string().contains(expected), "{error}");
    for at in 0..3 {
        let mut parts = [vec![0, 1], vec![2, 3], vec![4, 5]];
        parts[at].push(7);
        let [train, valid, test] = parts;
        let split = NodeSplit { train, valid, test };
        let (loss, config) = (NodeLoss::CrossEntropy, short(2));
        let model = model.clone();
        let error = train_nodes(model, &inputs, &labels, &split, loss, &config, &mut go_on);
        let error = error.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let set = crate::data::graph::LinkSet {
        positive: vec![(0, 1)],
        negative: vec![(3, 150)],
    };
    let error = link_scores(&model.encoder, &inputs, &set).unwrap_err();
    assert!(error.to_string().contains("3 - 150"));
}
