//! Optimizers, clipping and schedules against torch and transformers (`fixtures/train`).

use std::collections::BTreeMap;
use std::path::Path;

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};
use plm_core::train::{
    AdafactorConfig, AdamWConfig, Gradients, Optimizer, ParamGroup, Schedule, SgdConfig, Snapshot,
};
use serde::Deserialize;

use super::toy::devices;

#[derive(Deserialize)]
struct Goldens {
    start: BTreeMap<String, Vec<f32>>,
    grads: Vec<BTreeMap<String, Vec<f32>>>,
    optimizers: BTreeMap<String, Course>,
    schedules: Vec<ScheduleGolden>,
}

#[derive(Deserialize)]
struct Course {
    after: Vec<BTreeMap<String, Vec<f32>>>,
    norms: Vec<f64>,
}

#[derive(Deserialize)]
struct ScheduleGolden {
    schedule: Schedule,
    factors: Vec<f64>,
}

fn goldens() -> Goldens {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/train/train.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[derive(Module, Debug)]
struct Params {
    weight: Param<Tensor<2>>,
    bias: Param<Tensor<1>>,
    stack: Param<Tensor<3>>,
}

impl Params {
    fn new(values: &BTreeMap<String, Vec<f32>>, device: &Device) -> Self {
        Self {
            weight: Param::from_data(TensorData::new(values["weight"].clone(), [3, 4]), device),
            bias: Param::from_data(TensorData::new(values["bias"].clone(), [4]), device),
            stack: Param::from_data(TensorData::new(values["stack"].clone(), [2, 3, 2]), device),
        }
    }

    /// A loss whose gradients are exactly `grads`.
    fn loss(&self, grads: &BTreeMap<String, Vec<f32>>, device: &Device) -> Tensor<1> {
        let weight = Tensor::from_data(TensorData::new(grads["weight"].clone(), [3, 4]), device);
        let bias = Tensor::from_data(TensorData::new(grads["bias"].clone(), [4]), device);
        let stack = Tensor::from_data(TensorData::new(grads["stack"].clone(), [2, 3, 2]), device);
        (self.weight.val() * weight).sum()
            + (self.bias.val() * bias).sum()
            + (self.stack.val() * stack).sum()
    }
}

/// Follows one course of the fixture and compares after each step.
fn follow(
    name: &str,
    make: impl Fn() -> Optimizer,
    max_norm: Option<f64>,
    schedule: Schedule,
    tolerance: f32,
) {
    let goldens = goldens();
    let course = &goldens.optimizers[name];
    for device in devices() {
        let mut model = Params::new(&goldens.start, &device.clone().autodiff());
        let mut optimizer = make();
        for (step, grads) in goldens.grads.iter().enumerate() {
            let loss = model.loss(grads, &device);
            let mut gradients = Gradients::of(&loss, &model).unwrap();
            if let Some(max_norm) = max_norm {
                let norm = gradients.clip_norm(max_norm);
                let expected = course.norms[step];
                assert!(
                    (norm - expected).abs() <= 1e-6 * expected,
                    "{name} {step}: {norm} {expected}"
                );
            }
            model = optimizer.step(model, gradients, schedule.factor(step as u64));
            for (path, data) in Snapshot::of(&model).tensors() {
                let expected = &course.after[step][path];
                for (ours, expected) in data.iter::<f32>().zip(expected) {
                    let error = (ours - expected).abs() / expected.abs().max(1.0);
                    assert!(
                        error <= tolerance,
                        "{name}, step {step}, {path}: {ours} {expected}"
                    );
                }
            }
        }
        assert!(model.weight.is_require_grad());
    }
}

fn adamw() -> Optimizer {
    Optimizer::adamw(AdamWConfig::default(), 0.05)
        .with_weight_decay(0.1)
        .with_group(
            ParamGroup::new("stack", |param| param.path == "stack")
                .with_lr(0.3)
                .with_weight_decay(0.2),
        )
}

#[test]
fn adamw_is_torchs() {
    follow("adamw", adamw, None, Schedule::Constant, 5e-7);
}

#[test]
fn adamw_with_clipping_and_schedule_is_torchs() {
    let schedule = Schedule::Linear {
        warmup: 3,
        total: 10,
    };
    follow("adamw_clipped", adamw, Some(1.0), schedule, 1e-6);
}

#[test]
fn sgd_is_torchs() {
    let plain = SgdConfig::default();
    let momentum = SgdConfig {
        momentum: 0.9,
        dampening: 0.1,
        nesterov: false,
    };
    let nesterov = SgdConfig {
        momentum: 0.9,
        dampening: 0.0,
        nesterov: true,
    };
    let flat = Schedule::Constant;
    follow("sgd", || Optimizer::sgd(plain, 0.01), None, flat, 1e-6);
    follow(
        "sgd_momentum",
        || {
            Optimizer::sgd(momentum, 0.01)
                .with_weight_decay(0.05)
                .with_decay_on_all()
        },
        None,
        flat,
        1e-6,
    );
    follow(
        "sgd_nesterov",
        || Optimizer::sgd(nesterov, 0.01),
        None,
        flat,
        1e-6,
    );
}

#[test]
fn adafactor_is_transformers() {
    let plain = AdafactorConfig::default();
    let scaled = AdafactorConfig {
        scale_parameter: true,
        ..plain
    };
    let paper = AdafactorConfig {
        relative_step: true,
        ..scaled
    };
    let flat = Schedule::Constant;
    follow(
        "adafactor",
        || {
            Optimizer::adafactor(plain, 0.01)
                .with_weight_decay(0.1)
                .with_decay_on_all()
        },
        None,
        flat,
        1e-6,
    );
    follow(
        "adafactor_scaled",
        || Optimizer::adafactor(scaled, 0.01),
        None,
        flat,
        1e-6,
    );
    follow(
        "adafactor_paper",
        || Optimizer::adafactor(paper, 1.0),
        None,
        flat,
        1e-6,
    );
}

#[test]
fn schedules_are_transformers() {
    for golden in goldens().schedules {
        golden.schedule.check().unwrap();
        for (step, expected) in golden.factors.iter().enumerate() {
            let factor = golden.schedule.factor(step as u64);
            assert!(
                (factor - expected).abs() <= 1e-12,
                "{:?}, step {step}: {factor} {expected}",
                golden.schedule
            );
        }
    }
}

#[test]
fn bad_settings_are_refused_by_name() {
    let schedules = [
        (
            Schedule::Linear {
                warmup: 9,
                total: 8,
            },
            "warmup",
        ),
        (
            Schedule::Cosine {
                warmup: 0,
                total: 8,
                cycles: f64::NAN,
            },
            "cycles",
        ),
        (
            Schedule::Polynomial {
                warmup: 0,
                total: 8,
                end: 0.0,
                power: 0.0,
            },
            "power",
        ),
        (
            Schedule::InverseSqrt {
                warmup: 0,
                timescale: Some(0),
            },
            "timescale",
        ),
        (
            Schedule::Noam {
                width: 0,
                warmup: 1,
            },
            "width",
        ),
    ];
    for (schedule, key) in schedules {
        let text = schedule.check().unwrap_err().to_string();
        assert!(text.contains(key), "{text}");
    }
    let beta = AdamWConfig {
        beta_2: 1.0,
        ..AdamWConfig::default()
    };
    let group = ParamGroup::new("head", |_| true).with_lr(f64::INFINITY);
    let optimizers = [
        (Optimizer::adamw(beta, 0.1), "beta_2"),
        (Optimizer::adamw(AdamWConfig::default(), -1.0), "lr"),
        (adamw().with_weight_decay(f64::NAN), "weight_decay"),
        (adamw().with_group(group), "head"),
    ];
    for (optimizer, key) in optimizers {
        let text = optimizer.check().unwrap_err().to_string();
        assert!(text.contains(key), "{text}");
    }
}
