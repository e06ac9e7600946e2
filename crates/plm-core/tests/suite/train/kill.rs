//! A run killed with SIGKILL at any moment and started again ends with the bits of one never killed.

use std::fs;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use plm_core::rng::Seed;
use plm_core::train::{
    AdamWConfig, CheckpointConfig, Evaluation, Event, Every, Optimizer, ShuffledIndices, StepLoss,
    TrainConfig, Trainer, Until,
};
use rand::RngExt;
use serde_json::Value;

use super::toy::{Data, Mlp};

const DIR: &str = "PLM_TEST_KILL_DIR";
const STEPS: u64 = 40;

/// The training run, as the child process does it.
fn train(dir: &Path) {
    let device = plm_core::device::parse(plm_core::device::available()[0]).unwrap();
    let data = Data::new(40);
    let config = TrainConfig {
        accumulation: 2,
        max_grad_norm: Some(0.3),
        log_every: 7,
        evaluate: Every::Steps(9),
        metrics: Some(dir.join("metrics.jsonl")),
        checkpoint: Some(CheckpointConfig {
            every: Every::Steps(4),
            ..CheckpointConfig::new(dir.join("checkpoints"))
        }),
        ..TrainConfig::new(Until::Steps(STEPS))
    };
    let mut observer = |event: &Event<'_>| {
        if let Event::Started { step, .. } = event {
            let mut file = fs::File::options()
                .create(true)
                .append(true)
                .open(dir.join("starts"))
                .unwrap();
            writeln!(file, "{step}").unwrap();
        }
        ControlFlow::Continue(())
    };
    // Wide enough that writing a checkpoint takes a while.
    Trainer::new(config, Optimizer::adamw(AdamWConfig::default(), 1e-3))
        .unwrap()
        .with_observer(&mut observer)
        .fit_evaluated(
            Mlp::new(40_000, &device),
            &mut ShuffledIndices::new(40, 3, Seed::new(8)).unwrap(),
            |model, rows, context| {
                let loss = data.noisy_loss(model, &rows, context, &device);
                Ok(StepLoss::new(loss, rows.len() as f64))
            },
            |model, _| Ok(Evaluation::new(-data.mean_loss(model, &device))),
        )
        .unwrap();
}

fn spawn(dir: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "suite::train::kill::a_killed_run_ends_with_the_bits_of_one_never_killed",
        ])
        .env(DIR, dir)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Whether a checkpoint is being written, or was when the process was killed.
fn is_writing(dir: &Path) -> bool {
    fs::read_dir(dir.join("checkpoints")).is_ok_and(|entries| {
        entries
            .flatten()
            .any(|entry| entry.file_name().to_string_lossy().starts_with(".tmp-step"))
    })
}

fn starts(dir: &Path) -> Vec<u64> {
    let text = fs::read_to_string(dir.join("starts")).unwrap_or_default();
    text.lines().map(|line| line.parse().unwrap()).collect()
}

/// Kills the child when `moment` says so; whether it was still running.
fn kill_at(dir: &Path, mut moment: impl FnMut() -> bool) -> bool {
    let mut child = spawn(dir);
    let begun = starts(dir).len();
    loop {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        // The clock runs from the moment when training starts.
        if starts(dir).len() > begun && moment() {
            child.kill().unwrap();
            child.wait().unwrap();
            return true;
        }
    }
}

fn metrics(dir: &Path) -> Vec<Value> {
    fs::read_to_string(dir.join("metrics.jsonl"))
        .unwrap()
        .lines()
        .map(|line| {
            let mut value: Value = serde_json::from_str(line).unwrap();
            value.as_object_mut().unwrap().remove("seconds");
            value
        })
        .collect()
}

#[test]
fn a_killed_run_ends_with_the_bits_of_one_never_killed() {
    if let Ok(dir) = std::env::var(DIR) {
        return train(Path::new(&dir));
    }
    let whole = tempfile::tempdir().unwrap();
    let began = Instant::now();
    assert!(spawn(whole.path()).wait().unwrap().success());
    let duration = began.elapsed();
    assert_eq!(starts(whole.path()), [0]);

    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let mut rng = Seed::new(u64::from(std::process::id())).rng();
    let (mut kills, mut during_writes) = (0, 0);
    for attempt in 0..8 {
        let killed = if attempt % 2 == 0 {
            // While a checkpoint is being written, not the first one each time.
            let skip = rng.random_range(0..3);
            let (mut seen, mut writing) = (0, false);
            kill_at(dir, || {
                let now = is_writing(dir);
                seen += usize::from(now && !writing);
                writing = now;
                now && seen > skip
            })
        } else {
            let wait = duration.mul_f64(rng.random::<f64>() * 0.3);
            let mut since = None;
            kill_at(dir, || {
                since.get_or_insert_with(Instant::now).elapsed() >= wait
            })
        };
        if !killed {
            break;
        }
        kills += 1;
        during_writes += usize::from(is_writing(dir));
    }
    let mut last = spawn(dir);
    let deadline = Instant::now() + duration * 10 + Duration::from_secs(20);
    while last.try_wait().unwrap().is_none() {
        assert!(Instant::now() < deadline, "the resumed run does not end");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(last.wait().unwrap().success());

    let starts = starts(dir);
    assert!(kills >= 3, "{kills} kills, starts {starts:?}");
    assert!(during_writes >= 1, "no kill hit a write, starts {starts:?}");
    assert!(starts.iter().any(|&step| step > 0), "{starts:?}");
    assert!(!is_writing(dir));
    for file in ["model.safetensors", "optimizer.safetensors"] {
        let path = format!("checkpoints/step-{STEPS:010}/{file}");
        let (whole, resumed) = (whole.path().join(&path), dir.join(&path));
        assert!(
            fs::read(whole).unwrap() == fs::read(resumed).unwrap(),
            "{file} differs, starts {starts:?}"
        );
    }
    assert_eq!(metrics(whole.path()), metrics(dir), "starts {starts:?}");
}
