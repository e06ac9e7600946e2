//! Data parallelism gives what one device gives.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::thread::{self, ThreadId};

use burn::tensor::Device;
use plm_core::Error;
use plm_core::models::{EncoderForMaskedLM, EncoderForSequenceClassification};
use plm_core::rng::Seed;
use plm_core::train::{
    AdamWConfig, CheckpointConfig, Event, Every, Optimizer, ShuffledIndices, Snapshot, StepLoss,
    TrainConfig, TrainReport, Trainer, Until,
};

use super::tiny::{self, Task};
use super::toy::{Data, Mlp, bits, devices};

const STEPS: u64 = 6;

pub(super) fn config() -> TrainConfig {
    TrainConfig {
        accumulation: 4,
        max_grad_norm: Some(0.5),
        ..TrainConfig::new(Until::Steps(STEPS))
    }
}

fn batches() -> ShuffledIndices {
    ShuffledIndices::new(10, 3, Seed::new(4)).unwrap()
}

pub(super) fn trainer<'o>(config: TrainConfig) -> Trainer<'o> {
    Trainer::new(config, Optimizer::adamw(AdamWConfig::default(), 0.01)).unwrap()
}

pub(super) fn alone(home: &Device) -> (Mlp, TrainReport) {
    let data = Data::new(10);
    trainer(config())
        .fit(Mlp::new(8, home), &mut batches(), |model, rows, context| {
            let loss = data.noisy_loss(model, &rows, context, home);
            Ok(StepLoss::new(loss, rows.len() as f64))
        })
        .unwrap()
}

pub(super) fn together(
    mut trainer: Trainer<'_>,
    home: &Device,
    devices: &[Device],
) -> (Mlp, TrainReport) {
    let data = Data::new(10);
    trainer
        .fit_parallel(
            Mlp::new(8, home),
            devices,
            &mut batches(),
            |model, device, rows, context| {
                let loss = data.noisy_loss(model, &rows, context, device);
                Ok(StepLoss::new(loss, rows.len() as f64))
            },
        )
        .unwrap()
}

#[test]
fn replicas_on_one_device_give_its_bits() {
    for device in devices() {
        let (expected, report) = alone(&device);
        for count in [1, 2, 3, 4] {
            let all = vec![device.clone(); count];
            let (model, own) = together(trainer(config()), &device, &all);
            assert_eq!(bits(&model), bits(&expected), "{count} replicas");
            assert_eq!((own.step, own.epoch), (report.step, report.epoch));
        }
    }
}

#[test]
fn replicas_have_the_gradient_checkpointing_of_the_model() {
    for device in devices() {
        let home = device.clone().autodiff().gradient_checkpointing();
        let (expected, _) = alone(&home);
        let (model, _) = together(trainer(config()), &home, &vec![device.clone(); 2]);
        assert_eq!(bits(&model), bits(&expected));
    }
}

#[test]
fn language_models_and_classifiers_give_the_bits_of_one_device() {
    fn check<T: Task>() {
        for device in devices() {
            let expected = tiny::train::<T>(&device, &[]);
            let own = tiny::train::<T>(&device, &vec![device.clone(); 2]);
            assert_eq!(tiny::largest_difference(&expected, &own), 0.0);
            let start = Snapshot::of(&T::new(&device));
            assert!(tiny::largest_difference(&expected, &start) > 0.01);
        }
    }
    check::<EncoderForMaskedLM>();
    check::<EncoderForSequenceClassification>();
}

#[test]
fn devices_of_different_kinds_work_together() {
    let all = devices();
    let home = &all[0];
    let (expected, _) = alone(home);
    let (model, _) = together(trainer(config()), home, &all);
    let data = Data::new(10);
    let (loss, own) = (
        data.mean_loss(&expected, home),
        data.mean_loss(&model, home),
    );
    assert!((loss - own).abs() <= 1e-6 * loss, "{loss} {own}");
}

#[test]
fn each_replica_has_a_thread() {
    let device = devices().remove(0);
    let data = Data::new(10);
    let seen: Mutex<HashSet<ThreadId>> = Mutex::default();
    let config = TrainConfig {
        accumulation: 2,
        ..TrainConfig::new(Until::Steps(1))
    };
    trainer(config)
        .fit_parallel(
            Mlp::new(8, &device),
            &[device.clone(), device.clone()],
            &mut batches(),
            |model, device, rows, _| {
                seen.lock().unwrap().insert(thread::current().id());
                Ok(StepLoss::from(data.loss(model, &rows, device)))
            },
        )
        .unwrap();
    let seen = seen.into_inner().unwrap();
    assert_eq!(seen.len(), 2);
    assert!(!seen.contains(&thread::current().id()));
}

#[test]
fn a_run_stopped_on_two_devices_goes_on_with_four() {
    let device = devices().remove(0);
    let dir = tempfile::tempdir().unwrap();
    let config = || TrainConfig {
        checkpoint: Some(CheckpointConfig {
            every: Every::Steps(2),
            ..CheckpointConfig::new(dir.path())
        }),
        ..config()
    };
    let mut stop = |event: &Event<'_>| match event {
        Event::Step(record) if record.step == 3 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let stopped = trainer(config()).with_observer(&mut stop);
    let (_, report) = together(stopped, &device, &vec![device.clone(); 2]);
    assert_eq!(report.step, 3);
    let (model, report) = together(trainer(config()), &device, &vec![device.clone(); 4]);
    assert_eq!((report.resumed_from, report.step), (Some(3), STEPS));
    assert_eq!(bits(&model), bits(&alone(&device).0));
}

#[test]
fn devices_without_work_and_failing_steps_are_errors() {
    let device = devices().remove(0);
    let data = Data::new(10);
    for count in [0, 5] {
        let error = trainer(config())
            .fit_parallel(
                Mlp::new(8, &device),
                &vec![device.clone(); count],
                &mut batches(),
                |model, device, rows, _| Ok(StepLoss::from(data.loss(model, &rows, device))),
            )
            .unwrap_err();
        assert!(matches!(error, Error::Config { .. }), "{error}");
        assert!(error.to_string().contains(&count.to_string()), "{error}");
    }
    let error = trainer(config())
        .fit_parallel(
            Mlp::new(8, &device),
            &[device.clone(), device.clone()],
            &mut batches(),
            |model, device, rows, context| match context.micro {
                1 => Err(Error::invalid("batch", "is the second")),
                _ => Ok(StepLoss::from(data.loss(model, &rows, device))),
            },
        )
        .unwrap_err();
    assert!(error.to_string().contains("is the second"), "{error}");
}
