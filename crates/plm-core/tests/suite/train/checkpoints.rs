//! Checkpoints: what is in them, what happens to damaged ones, resuming within one process.

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use burn::module::Module;
use burn::tensor::{Device, TensorData};
use plm_core::Error;
use plm_core::rng::Seed;
use plm_core::train::{
    AdafactorConfig, AdamWConfig, Best, Checkpoint, CheckpointConfig, CheckpointStore, Evaluation,
    Event, Every, LossWindow, MetricsWriter, Optimizer, SgdConfig, ShuffledIndices, Snapshot,
    StepLoss, TrainConfig, TrainReport, TrainState, Trainer, Until, freeze,
};
use proptest::prelude::*;
use serde_json::Value;

use super::toy::{Data, Mlp, bits, devices};

fn state(step: u64, best: Option<u64>) -> TrainState {
    TrainState {
        step,
        epoch: 1,
        seed: Seed::new(u64::MAX),
        sampler: serde_json::json!({"next": u64::MAX}),
        best: best.map(|step| Best {
            step,
            metric: 0.1 + 0.2,
        }),
        waited: 2,
        evaluated: Some(step),
        non_finite: 1,
        non_finite_run: 0,
        window: LossWindow {
            sum: f64::NAN,
            weight: 1.0 / 3.0,
        },
        frozen: None,
        metrics_len: 17,
    }
}

fn checkpoint(step: u64, best: Option<u64>) -> Checkpoint {
    let odd = vec![f32::NAN, -0.0, 1.0e-45, f32::INFINITY, step as f32, 0.1];
    Checkpoint {
        state: state(step, best),
        model: Snapshot::from_tensors(BTreeMap::from([(
            "layer.weight".to_owned(),
            TensorData::new(odd.clone(), [2, 3]),
        )])),
        optimizer: BTreeMap::from([
            ("exp_avg.layer.weight".to_owned(), TensorData::new(odd, [6])),
            (
                "step.layer.weight".to_owned(),
                TensorData::new(vec![9_i64], [1]),
            ),
        ]),
    }
}

#[test]
fn every_bit_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let store = CheckpointStore::open(dir.path(), 2).unwrap();
    assert!(store.latest(|_, _| ()).unwrap().is_none());
    let saved = checkpoint(12, Some(12));
    store.save(&saved).unwrap();
    let loaded = store.latest(|_, _| ()).unwrap().unwrap();
    assert_eq!(format!("{:?}", loaded.state), format!("{:?}", saved.state));
    for (saved, loaded) in [
        (saved.model.tensors(), loaded.model.tensors()),
        (&saved.optimizer, &loaded.optimizer),
    ] {
        assert_eq!(saved.len(), loaded.len());
        for (name, saved) in saved {
            assert_eq!(saved.as_bytes(), loaded[name].as_bytes());
            assert_eq!(saved.shape(), loaded[name].shape());
            assert_eq!(saved.dtype(), loaded[name].dtype());
        }
    }
}

#[test]
fn the_last_and_the_best_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let store = CheckpointStore::open(dir.path(), 2).unwrap();
    for step in [3, 6, 9, 12, 15] {
        let best = if step >= 6 { 6 } else { 3 };
        store.save(&checkpoint(step, Some(best))).unwrap();
    }
    assert_eq!(store.steps().unwrap(), [6, 12, 15]);
    // A run that went back to an older checkpoint keeps what it writes.
    store.save(&checkpoint(7, Some(6))).unwrap();
    assert_eq!(store.steps().unwrap(), [6, 7, 12, 15]);
    assert!(matches!(
        CheckpointStore::open(dir.path(), 2),
        Err(Error::Checkpoint { .. })
    ));
    assert!(CheckpointStore::open(dir.path().join("other"), 0).is_err());
}

#[test]
fn leftovers_are_removed_and_strangers_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let leftover = dir.path().join(".tmp-step-0000000003");
    fs::create_dir_all(&leftover).unwrap();
    fs::write(leftover.join("model.safetensors"), b"half").unwrap();
    fs::write(dir.path().join("notes.txt"), b"mine").unwrap();
    let store = CheckpointStore::open(dir.path(), 2).unwrap();
    assert!(!leftover.exists());
    assert!(dir.path().join("notes.txt").exists());
    assert!(store.latest(|_, _| ()).unwrap().is_none());
}

#[test]
fn a_leftover_that_cannot_be_removed_ends_no_run() {
    let dir = tempfile::tempdir().unwrap();
    let store = CheckpointStore::open(dir.path(), 1).unwrap();
    // No folder, so that it is not removed as one.
    fs::write(dir.path().join(".tmp-stray"), b"").unwrap();
    for step in [1, 2] {
        store.save(&checkpoint(step, None)).unwrap();
        assert_eq!(store.steps().unwrap(), [step]);
    }
}

/// Damages one file of the newest checkpoint in every way; the one before is used each time.
#[test]
fn damaged_checkpoints_are_found_out() {
    let files = [
        "model.safetensors",
        "optimizer.safetensors",
        "state.json",
        "manifest.json",
    ];
    type Damage = fn(&Path);
    let damages: [Damage; 5] = [
        |path| fs::remove_file(path).unwrap(),
        |path| fs::write(path, b"").unwrap(),
        |path| {
            let mut bytes = fs::read(path).unwrap();
            bytes.truncate(bytes.len() / 2);
            fs::write(path, bytes).unwrap();
        },
        |path| {
            let mut bytes = fs::read(path).unwrap();
            let at = bytes.len() / 2;
            bytes[at] ^= 1;
            fs::write(path, bytes).unwrap();
        },
        |path| {
            let mut bytes = fs::read(path).unwrap();
            bytes.push(b'x');
            fs::write(path, bytes).unwrap();
        },
    ];
    for file in files {
        for damage in damages {
            let dir = tempfile::tempdir().unwrap();
            let store = CheckpointStore::open(dir.path(), 3).unwrap();
            store.save(&checkpoint(5, None)).unwrap();
            store.save(&checkpoint(10, None)).unwrap();
            damage(&store.path(10).join(file));
            let mut refused = Vec::new();
            let found = store
                .latest(|path, error| refused.push((path.to_path_buf(), error.to_string())))
                .unwrap()
                .unwrap();
            assert_eq!(found.state.step, 5, "{file}");
            assert_eq!(refused.len(), 1, "{file}");
            assert_eq!(refused[0].0, store.path(10));
            assert!(refused[0].1.contains("step-0000000010"), "{}", refused[0].1);
            // Written again, it is whole again.
            store.save(&checkpoint(10, None)).unwrap();
            assert_eq!(store.latest(|_, _| ()).unwrap().unwrap().state.step, 10);
            damage(&store.path(5).join(file));
            damage(&store.path(10).join(file));
            let error = store.latest(|_, _| ()).unwrap_err().to_string();
            assert!(error.contains("no checkpoint is readable"), "{error}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Arbitrary bytes under a manifest that vouches for them are an error or a checkpoint, never a
    /// panic.
    #[test]
    fn arbitrary_files_never_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        which in 0..4_usize,
        header in any::<bool>(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let store = CheckpointStore::open(dir.path(), 1).unwrap();
        store.save(&checkpoint(1, None)).unwrap();
        let names = ["model.safetensors", "optimizer.safetensors", "state.json", "manifest.json"];
        let bytes = if header {
            // A header that promises more than there is.
            [&1_000_000_000_u64.to_le_bytes()[..], br#"{"a":{"dtype":"F32","shape":[9999999999],"data_offsets":[0,39999999996]}}"#, &bytes].concat()
        } else {
            bytes
        };
        let path = store.path(1).join(names[which]);
        fs::write(&path, &bytes).unwrap();
        if which < 3 {
            use sha2::Digest;
            let sum: String = sha2::Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
            let manifest_path = store.path(1).join("manifest.json");
            let mut manifest: Value = serde_json::from_slice(&fs::read(&manifest_path).unwrap()).unwrap();
            manifest["files"][names[which]] = serde_json::json!({"bytes": bytes.len(), "sha256": sum});
            fs::write(&manifest_path, manifest.to_string()).unwrap();
        }
        prop_assert!(store.load(1).is_err());
    }
}

fn optimizers() -> [Optimizer; 3] {
    let momentum = SgdConfig {
        momentum: 0.9,
        ..SgdConfig::default()
    };
    [
        Optimizer::adamw(AdamWConfig::default(), 0.02).with_weight_decay(0.01),
        Optimizer::sgd(momentum, 0.02),
        Optimizer::adafactor(AdafactorConfig::default(), 0.02),
    ]
}

/// A run in `dir` that an observer stops after `stop` steps.
fn run(
    dir: &Path,
    device: &Device,
    optimizer: Optimizer,
    stop: Option<u64>,
    change: impl FnOnce(&mut TrainConfig),
) -> plm_core::Result<(Mlp, TrainReport)> {
    let data = Data::new(20);
    let mut config = TrainConfig {
        accumulation: 2,
        max_grad_norm: Some(0.2),
        log_every: 4,
        evaluate: Every::Steps(5),
        metrics: Some(dir.join("metrics.jsonl")),
        checkpoint: Some(CheckpointConfig {
            every: Every::Steps(6),
            ..CheckpointConfig::new(dir.join("checkpoints"))
        }),
        ..TrainConfig::new(Until::Epochs(6))
    };
    change(&mut config);
    let mut observer = |event: &Event<'_>| match event {
        Event::Step(record) if Some(record.step) == stop => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let model = freeze(Mlp::new(8, device), |param| param.path == "second.bias");
    Trainer::new(config, optimizer)?
        .with_observer(&mut observer)
        .fit_evaluated(
            model,
            &mut ShuffledIndices::new(20, 3, Seed::new(8))?,
            |model, rows, context| {
                let loss = data.noisy_loss(model, &rows, context, device);
                Ok(StepLoss::new(loss, rows.len() as f64))
            },
            |model, _| Ok(Evaluation::new(-data.mean_loss(model, device))),
        )
}

/// The metrics file without what the clock says.
fn metrics(dir: &Path) -> Vec<Value> {
    let text = fs::read_to_string(dir.join("metrics.jsonl")).unwrap();
    text.lines()
        .map(|line| {
            let mut value: Value = serde_json::from_str(line).unwrap();
            assert!(value.as_object_mut().unwrap().remove("seconds").is_some());
            value
        })
        .collect()
}

#[test]
fn stopped_and_resumed_runs_end_with_the_same_bits() {
    let all = optimizers();
    for (index, device) in devices().into_iter().enumerate() {
        // The first device tries every optimizer, each other one of them.
        let own = match index.checked_sub(1) {
            None => &all[..],
            Some(other) => std::slice::from_ref(&all[other % all.len()]),
        };
        for optimizer in own {
            let whole = tempfile::tempdir().unwrap();
            let (model, report) =
                run(whole.path(), &device, optimizer.clone(), None, |_| ()).unwrap();
            // Seven batches make four steps of an epoch.
            assert_eq!((report.step, report.epoch), (24, 6));
            let lines = metrics(whole.path());
            let logs = lines.iter().filter(|line| line["kind"] == "log").count();
            assert_eq!((logs, lines.len()), (6, 6 + 5));

            let parts = tempfile::tempdir().unwrap();
            for (stop, from) in [(2, None), (4, Some(2)), (13, Some(4))] {
                let (_, report) =
                    run(parts.path(), &device, optimizer.clone(), Some(stop), |_| ()).unwrap();
                assert_eq!((report.step, report.resumed_from), (stop, from));
            }
            let (resumed, _) = run(parts.path(), &device, optimizer.clone(), None, |_| ()).unwrap();
            assert_eq!(bits(&model), bits(&resumed));
            assert_eq!(metrics(parts.path()), lines);
        }
    }
}

#[test]
fn a_finished_run_is_not_run_again() {
    let device = devices().remove(0);
    let dir = tempfile::tempdir().unwrap();
    let [optimizer, ..] = optimizers();
    let (model, _) = run(dir.path(), &device, optimizer.clone(), None, |_| ()).unwrap();
    let before = metrics(dir.path());
    let (again, report) = run(dir.path(), &device, optimizer, None, |_| ()).unwrap();
    assert_eq!(report.resumed_from, Some(24));
    assert_eq!(bits(&model), bits(&again));
    assert_eq!(metrics(dir.path()), before);
}

#[test]
fn the_best_weights_come_from_the_disk() {
    let device = devices().remove(0);
    let dir = tempfile::tempdir().unwrap();
    let [optimizer, ..] = optimizers();
    let (model, report) = run(dir.path(), &device, optimizer, None, |config| {
        // The worst is wanted: the initial weights.
        config.goal = plm_core::train::Goal::Minimize;
        config.evaluate_initial = true;
        config.restore_best = true;
    })
    .unwrap();
    let best = report.best.unwrap();
    assert!(best.step < 24);
    let store = CheckpointStore::open(dir.path().join("checkpoints"), 2).unwrap();
    let kept = store.load_model(best.step).unwrap();
    for (path, data) in Snapshot::of(&model).tensors() {
        assert_eq!(data.as_bytes(), kept.tensors()[path].as_bytes());
    }
    let steps = store.steps().unwrap();
    assert!(steps.contains(&best.step) && steps.len() <= 3, "{steps:?}");
}

#[test]
fn frozen_parameters_can_stay_out_of_checkpoints() {
    for device in devices() {
        let leave_out = |config: &mut TrainConfig| {
            config.checkpoint.as_mut().unwrap().frozen = false;
        };
        let [optimizer, ..] = optimizers();
        let whole = tempfile::tempdir().unwrap();
        let (model, _) = run(whole.path(), &device, optimizer.clone(), None, |_| ()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        run(dir.path(), &device, optimizer.clone(), Some(10), leave_out).unwrap();
        let store = CheckpointStore::open(dir.path().join("checkpoints"), 2).unwrap();
        let saved = store.load_model(10).unwrap();
        assert_eq!(saved.tensors().len(), 3);
        assert!(!saved.tensors().contains_key("second.bias"));
        drop(store);
        let (resumed, _) = run(dir.path(), &device, optimizer.clone(), None, leave_out).unwrap();
        assert_eq!(bits(&model), bits(&resumed));
        // Settings that ask for other contents do not fit.
        let error = run(dir.path(), &device, optimizer, None, |_| ()).unwrap_err();
        assert!(matches!(error, Error::Checkpoint { .. }), "{error}");
    }
}

#[test]
fn checkpoints_of_another_run_are_refused() {
    let device = devices().remove(0);
    let dir = tempfile::tempdir().unwrap();
    let [adamw, sgd, _] = optimizers();
    run(dir.path(), &device, adamw.clone(), Some(4), |_| ()).unwrap();
    let error = run(dir.path(), &device, adamw.clone(), None, |config| {
        config.seed = Seed::new(77);
    })
    .unwrap_err()
    .to_string();
    assert!(error.contains("seed") && error.contains("77"), "{error}");
    let error = run(dir.path(), &device, sgd, None, |_| ())
        .unwrap_err()
        .to_string();
    assert!(error.contains("exp_avg"), "{error}");
    let error = run(dir.path(), &device, adamw, None, |config| {
        config.checkpoint.as_mut().unwrap().resume = false;
    })
    .unwrap_err()
    .to_string();
    assert!(error.contains("not to resume"), "{error}");
    let wide = Snapshot::of(&Mlp::new(9, &device));
    let error = wide.apply(Mlp::new(8, &device)).unwrap_err().to_string();
    assert!(error.contains("first.") && error.contains('9'), "{error}");
}

#[test]
fn the_optimizer_state_must_fit_the_model() {
    let device = devices().remove(0).autodiff();
    let model = Mlp::new(8, &device);
    let [mut optimizer, ..] = optimizers();
    let gradients = plm_core::train::Gradients::of(
        &Data::new(4).loss(&model, &[0, 1], &device.clone().inner()),
        &model,
    )
    .unwrap();
    let model = optimizer.step(model, gradients, 1.0);
    let state = optimizer.state();
    optimizer.load_state(&model, state.clone()).unwrap();
    assert_eq!(optimizer.len(), 4);
    for (key, data, expected) in [
        (
            "exp_avg.first.weight",
            TensorData::new(vec![0.0_f32], [1]),
            "32 expected",
        ),
        (
            "exp_avg.third.weight",
            TensorData::new(vec![0.0_f32], [1]),
            "no parameter",
        ),
        (
            "exp_avg",
            TensorData::new(vec![0.0_f32], [1]),
            "names no parameter",
        ),
        (
            "momentum_buffer.first.bias",
            TensorData::new(vec![0.0_f32], [1]),
            "expected",
        ),
        (
            "exp_avg.first.bias",
            TensorData::new(vec![0_i64; 8], [8]),
            "I64",
        ),
        (
            "step.first.bias",
            TensorData::new(vec![-1_i64], [1]),
            "positive",
        ),
    ] {
        let mut state = state.clone();
        state.insert(key.to_owned(), data);
        let error = optimizer.load_state(&model, state).unwrap_err().to_string();
        assert!(error.contains(key) && error.contains(expected), "{error}");
    }
    let mut state = state;
    state.remove("step.first.bias");
    assert!(optimizer.load_state(&model.valid(), state).is_err());
    assert_eq!(optimizer.len(), 4);
}

#[test]
fn the_metrics_file_is_cut_back_to_whole_lines() {
    #[derive(serde::Serialize)]
    struct Line {
        step: u64,
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("deep/metrics.jsonl");
    let mut writer = MetricsWriter::open(&path, 0).unwrap();
    writer.write("log", &Line { step: 1 }).unwrap();
    let first = writer.sync().unwrap();
    writer.write("log", &Line { step: 2 }).unwrap();
    drop(writer);
    let whole = fs::read_to_string(&path).unwrap();
    assert_eq!(
        whole,
        "{\"kind\":\"log\",\"step\":1}\n{\"kind\":\"log\",\"step\":2}\n"
    );
    // Cut off within the second line, kept up to the first.
    for keep in [first, first + 5, u64::MAX] {
        fs::write(&path, &whole.as_bytes()[..whole.len() - 3]).unwrap();
        let mut writer = MetricsWriter::open(&path, keep).unwrap();
        writer.write("log", &Line { step: 2 }).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), whole);
    }
    fs::write(&path, "x".repeat(10_000)).unwrap();
    assert_eq!(
        MetricsWriter::open(&path, u64::MAX)
            .unwrap()
            .sync()
            .unwrap(),
        0
    );
}
