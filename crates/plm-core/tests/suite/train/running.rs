//! Running statistics: in checkpoints, in the best model, and where they cannot be kept.

use std::ops::ControlFlow;
use std::path::Path;

use burn::module::Module;
use burn::nn::{BatchNorm, BatchNormConfig, Linear};
use burn::tensor::{Device, Tensor};
use plm_core::Error;
use plm_core::rng::Seed;
use plm_core::train::{
    AdamWConfig, CheckpointConfig, Evaluation, Event, Every, Optimizer, ShuffledIndices, StepLoss,
    StopReason, TrainConfig, TrainReport, Trainer, Until, WeightAverage,
};

use super::toy::{Data, Mlp, bits, devices};

const STEPS: u64 = 6;

#[derive(Module, Debug)]
struct Normed {
    first: Linear,
    norm: BatchNorm,
    second: Linear,
}

impl Normed {
    fn new(device: &Device) -> Self {
        let Mlp { first, second } = Mlp::new(8, device);
        Self {
            first,
            norm: BatchNormConfig::new(8).init(device),
            second,
        }
    }

    fn loss(&self, data: &Data, rows: &[usize], device: &Device) -> Tensor<1> {
        let (x, y) = data.rows(rows, device);
        let hidden = self.norm.forward(self.first.forward(x));
        (self.second.forward(hidden) - y).square().mean()
    }
}

fn batches() -> ShuffledIndices {
    ShuffledIndices::new(20, 5, Seed::new(8)).unwrap()
}

/// A run that an observer stops after `stop` steps, and the bits of the model as it was evaluated after
/// the second step.
fn run(
    device: &Device,
    stop: Option<u64>,
    change: impl FnOnce(&mut TrainConfig),
) -> (Normed, TrainReport, Vec<(String, Vec<u8>)>) {
    let data = Data::new(20);
    let mut config = TrainConfig::new(Until::Steps(STEPS));
    change(&mut config);
    let mut observer = |event: &Event<'_>| match event {
        Event::Step(record) if Some(record.step) == stop => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let mut second = Vec::new();
    let (model, report) = Trainer::new(config, Optimizer::adamw(AdamWConfig::default(), 0.02))
        .unwrap()
        .with_observer(&mut observer)
        .fit_evaluated(
            Normed::new(device),
            &mut batches(),
            |model, rows, _| Ok(model.loss(&data, &rows, device).into()),
            |model, context| {
                if context.step == 2 {
                    second = bits(model);
                }
                // The first evaluation is the best.
                Ok(Evaluation::new(-(context.step as f64)))
            },
        )
        .unwrap();
    (model, report, second)
}

fn checkpoints(dir: &Path) -> Option<CheckpointConfig> {
    Some(CheckpointConfig::new(dir))
}

#[test]
fn stopped_and_resumed_runs_keep_running_statistics_to_the_bit() {
    for device in devices() {
        let (whole, _, _) = run(&device, None, |_| ());
        let dir = tempfile::tempdir().unwrap();
        let (_, report, _) = run(&device, Some(3), |config| {
            config.checkpoint = checkpoints(dir.path());
        });
        assert_eq!((report.step, report.stopped), (3, StopReason::Observer));
        let (resumed, report, _) = run(&device, None, |config| {
            config.checkpoint = checkpoints(dir.path());
        });
        assert_eq!((report.resumed_from, report.step), (Some(3), STEPS));
        assert_eq!(bits(&resumed), bits(&whole));
    }
}

#[test]
fn the_best_running_statistics_come_back_and_stay() {
    for device in devices() {
        let dir = tempfile::tempdir().unwrap();
        for checkpoint in [None, checkpoints(dir.path())] {
            let (model, report, second) = run(&device, Some(5), |config| {
                config.evaluate = Every::Steps(2);
                config.restore_best = true;
                config.checkpoint = checkpoint;
            });
            assert_eq!((report.step, report.best.unwrap().step), (5, 2));
            assert_eq!(bits(&model.valid()), second);
        }
    }
}

#[test]
fn averages_take_in_the_running_statistics_of_the_last_step() {
    let device = devices().remove(0);
    let data = Data::new(20);
    let model = Normed::new(&device.clone().autodiff());
    let _ = model.loss(&data, &[0, 1, 2, 3], &device);
    let mut average = WeightAverage::new(0.5).unwrap();
    average.update(&model).unwrap();
    let found = &average.average().unwrap().tensors()["norm.running_mean"];
    assert!(found.iter::<f32>().any(|mean| mean != 0.0));
}

#[test]
fn several_devices_are_refused() {
    let device = devices().remove(0);
    let data = Data::new(20);
    let config = TrainConfig {
        accumulation: 2,
        ..TrainConfig::new(Until::Steps(STEPS))
    };
    let mut trainer = Trainer::new(config, Optimizer::adamw(AdamWConfig::default(), 0.02)).unwrap();
    let error = trainer
        .fit_parallel(
            Normed::new(&device),
            &[device.clone(), device.clone()],
            &mut batches(),
            |model, device, rows, _| Ok(StepLoss::from(model.loss(&data, &rows, device))),
        )
        .unwrap_err();
    assert!(matches!(error, Error::Invalid { .. }), "{error}");
    assert!(error.to_string().contains("`norm.running_mean`"), "{error}");
}
