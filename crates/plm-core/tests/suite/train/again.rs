//! What is used for a second run: optimizers, batch sources, files of metrics.

use std::fs;
use std::ops::ControlFlow;

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};
use plm_core::rng::Seed;
use plm_core::train::{
    AdafactorConfig, AdamWConfig, CheckpointConfig, Event, Gradients, Optimizer, SgdConfig,
    ShuffledIndices, TrainConfig, TrainReport, Trainer, Until,
};

use super::toy::{Data, Mlp, devices, numbers};

#[derive(Module, Debug)]
struct Table {
    rows: Param<Tensor<2>>,
}

impl Table {
    fn new(shape: [usize; 2], device: &Device) -> Self {
        let values = numbers(Seed::new(1), shape[0] * shape[1], 1.0);
        let data = TensorData::new(values, shape);
        Self {
            rows: Param::from_data(data, &device.clone().autodiff()),
        }
    }

    /// The numbers after an update.
    fn after(self, optimizer: &mut Optimizer) -> Vec<f32> {
        let loss = self.rows.val().square().sum();
        let gradients = Gradients::of(&loss, &self).unwrap();
        let updated = optimizer.step(self, gradients, 1.0);
        let data = updated.rows.val().inner().into_data();
        data.iter::<f32>().collect()
    }
}

#[test]
fn the_state_of_a_parameter_of_another_shape_begins_anew() {
    let momentum = SgdConfig {
        momentum: 0.9,
        ..SgdConfig::default()
    };
    let optimizers = [
        Optimizer::adamw(AdamWConfig::default(), 0.02),
        Optimizer::sgd(momentum, 0.02),
        Optimizer::adafactor(AdafactorConfig::default(), 0.02),
    ];
    for device in devices() {
        for fresh in &optimizers {
            // More rows, as after new tokens; fewer; as many numbers in other places.
            for shape in [[5, 2], [1, 2], [2, 3]] {
                let mut optimizer = fresh.clone();
                for _ in 0..2 {
                    Table::new([3, 2], &device).after(&mut optimizer);
                }
                let found = Table::new(shape, &device).after(&mut optimizer);
                let expected = Table::new(shape, &device).after(&mut fresh.clone());
                let name = format!("{:?} {shape:?}", fresh.algorithm());
                assert_eq!(found.len(), shape[0] * shape[1], "{name}");
                for (found, expected) in found.iter().zip(&expected) {
                    assert!((found - expected).abs() <= 1e-6, "{name}");
                }
                let steps = &optimizer.state()["step.rows"];
                assert_eq!(steps.iter::<i64>().collect::<Vec<_>>(), [1], "{name}");
            }
        }
    }
}

/// A run over batches of 8 of 32 examples that an observer stops after `stop` steps.
fn run(config: TrainConfig, batches: &mut ShuffledIndices, stop: Option<u64>) -> TrainReport {
    let device = devices().remove(0);
    let data = Data::new(32);
    let mut observer = |event: &Event<'_>| match event {
        Event::Step(record) if Some(record.step) == stop => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let (_, report) = Trainer::new(config, Optimizer::adamw(AdamWConfig::default(), 0.02))
        .unwrap()
        .with_observer(&mut observer)
        .fit(Mlp::new(8, &device), batches, |model, rows, _| {
            Ok(data.loss(model, &rows, &device).into())
        })
        .unwrap();
    report
}

fn batches() -> ShuffledIndices {
    ShuffledIndices::new(32, 8, Seed::new(3)).unwrap()
}

#[test]
fn the_end_of_an_epoch_that_another_run_used_up_does_not_count() {
    let mut batches = batches();
    let report = run(TrainConfig::new(Until::Steps(4)), &mut batches, None);
    assert_eq!((report.step, report.epoch), (4, 0));
    let report = run(TrainConfig::new(Until::Epochs(2)), &mut batches, None);
    assert_eq!((report.step, report.epoch), (8, 2));
}

#[test]
fn a_resumed_run_counts_the_epoch_whose_end_it_stopped_at() {
    let dir = tempfile::tempdir().unwrap();
    let config = || TrainConfig {
        checkpoint: Some(CheckpointConfig::new(dir.path())),
        ..TrainConfig::new(Until::Epochs(3))
    };
    let report = run(config(), &mut batches(), Some(4));
    assert_eq!((report.step, report.epoch), (4, 0));
    let report = run(config(), &mut batches(), None);
    assert_eq!((report.resumed_from, report.step), (Some(4), 12));
    assert_eq!(report.epoch, 3);
}

#[test]
fn metrics_are_added_to_a_file_unless_steps_are_repeated() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("metrics.jsonl");
    let config = || TrainConfig {
        log_every: 2,
        metrics: Some(path.clone()),
        ..TrainConfig::new(Until::Steps(4))
    };
    let lines = || fs::read_to_string(&path).unwrap().lines().count();
    for expected in [2, 4] {
        run(config(), &mut batches(), None);
        assert_eq!(lines(), expected);
    }
    // Checkpoints say what counts: nothing before the first.
    for _ in 0..2 {
        let kept = TrainConfig {
            checkpoint: Some(CheckpointConfig::new(dir.path().join("checkpoints"))),
            ..config()
        };
        run(kept, &mut batches(), None);
        assert_eq!(lines(), 2);
    }
}
