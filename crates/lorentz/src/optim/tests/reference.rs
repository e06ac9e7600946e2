//! Three steps of other implementations, from their gradients (k = 1).

use burn::optim::Optimizer;
use burn::tensor::{DType, Tensor};
use serde_json::Value;

use crate::Curvature;
use crate::geometry::inner;
use crate::optim::*;
use crate::testing::{array, by_type, devices, gap_of, numbers, tensor, values};

/// What is loss − 2 Σ (1 + ⟨p, T⟩), for the run whose gradients depend on our own steps.
fn gradient(points: &Tensor<2>, target: &Tensor<2>) -> (f64, Tensor<2>) {
    let product = values(inner(points.clone(), target.clone()));
    let loss = product.iter().map(|p| -2.0 - 2.0 * p).sum();
    let signs = tensor(
        &[2.0, -2.0, -2.0, -2.0],
        [1, 4],
        &points.device(),
        points.dtype(),
    );
    (loss, target.clone() * signs)
}

fn run<O: Optimizer>(optimizer: &O, name: &str, lr: f64, key: &str, start: &str) {
    run_with(optimizer, name, lr, key, start, |_| None);
}

fn run_with<O: Optimizer>(
    optimizer: &O,
    name: &str,
    lr: f64,
    key: &str,
    start: &str,
    moments: impl Fn(&O::State<2>) -> Option<[Tensor<2>; 2]>,
) {
    let file: Value = serde_json::from_str(include_str!("../../fixtures/optimizers.json")).unwrap();
    for device in devices() {
        for dtype in [DType::F64, DType::F32] {
            let tolerance = by_type(dtype, 1e-9, 1e-5);
            let mut point = array::<2>(&file["inputs"][start], (&device, dtype));
            let mut state = None;
            for step in file["runs"][name].as_array().unwrap() {
                let grad = array::<2>(
                    &step[format!(
                        "egrad_{}",
                        if key == "point" { "manifold" } else { "euclid" }
                    )],
                    (&device, dtype),
                );
                (point, state) = optimizer.step(lr, point, grad, state);
                let gap = gap_of(&values(point.clone()), &numbers(&step[key]));
                assert!(gap < tolerance, "{name} {dtype:?}: {gap:e}");
                let Some([m, v]) = moments(state.as_ref().unwrap()) else {
                    continue;
                };
                let gap = gap_of(&values(m), &numbers(&step["exp_avg"]));
                assert!(gap < tolerance, "{name} {dtype:?} first moment: {gap:e}");
                let v = v.expand([4, 4]);
                let gap = gap_of(&values(v), &numbers(&step["exp_avg_sq"]));
                assert!(gap < tolerance, "{name} {dtype:?} second moment: {gap:e}");
            }
        }
    }
}

fn adam(change: impl FnOnce(&mut RiemannianAdamConfig)) -> RiemannianAdam {
    let mut config = RiemannianAdamConfig::default();
    change(&mut config);
    config.build(Curvature::UNIT).unwrap()
}

fn moments(state: &OptimizerState<2>) -> Option<[Tensor<2>; 2]> {
    Some([state.first.clone().unwrap(), state.second.clone().unwrap()])
}

#[test]
fn riemannian_adam_meets_the_reference() {
    let plain = adam(|_| ());
    for name in ["fork_radam_lr0.05", "geoopt051_radam_lr0.05"] {
        run_with(&plain, name, 0.05, "point", "point0", moments);
    }
    let decayed = adam(|config| {
        config.weight_decay = 0.01;
        config.limits.stabilize = Some(1);
    });
    let name = "fork_radam_wd0.01_stabilize1";
    run_with(&decayed, name, 0.05, "point", "point0", moments);
    let amsgrad = adam(|config| config.amsgrad = true);
    run(&amsgrad, "fork_radam_amsgrad", 0.05, "point", "point0");
}

#[test]
fn sparse_steps_of_whole_tables_are_dense_ones() {
    let sparse = adam(|config| config.limits.sparse = true);
    run_with(
        &sparse,
        "fork_radam_lr0.05",
        0.05,
        "point",
        "point0",
        moments,
    );
}

#[test]
fn riemannian_descent_meets_the_reference() {
    let plain = RiemannianSgdConfig::default()
        .build(Curvature::UNIT)
        .unwrap();
    run(&plain, "fork_rsgd_lr0.1", 0.1, "point", "point0");
}

#[test]
fn euclidean_adam_meets_the_reference() {
    let plain = EuclideanAdamConfig::default();
    run(
        &plain.build().unwrap(),
        "fork_radam_lr0.05",
        0.05,
        "euclid",
        "euclid0",
    );
    let decayed = EuclideanAdamConfig {
        weight_decay: 0.01,
        ..plain
    };
    let name = "fork_radam_wd0.01_stabilize1";
    run(&decayed.build().unwrap(), name, 0.05, "euclid", "euclid0");
    let amsgrad = EuclideanAdamConfig {
        amsgrad: true,
        ..plain
    };
    run(
        &amsgrad.build().unwrap(),
        "fork_radam_amsgrad",
        0.05,
        "euclid",
        "euclid0",
    );
}

/// With momentum from a buffer of zeros the loss goes 5.96, 3.10, 0.62.
#[test]
fn momentum_meets_the_corrected_reference() {
    let file: Value = serde_json::from_str(include_str!("../../fixtures/optimizers.json")).unwrap();
    let config = RiemannianSgdConfig {
        momentum: 0.9,
        ..RiemannianSgdConfig::default()
    };
    let optimizer = config.build(Curvature::UNIT).unwrap();
    for device in devices() {
        for dtype in [DType::F64, DType::F32] {
            let tolerance = by_type(dtype, 1e-9, 1e-5);
            let target = array::<2>(&file["inputs"]["target"], (&device, dtype));
            let mut point = array::<2>(&file["inputs"]["point0"], (&device, dtype));
            let mut state = None;
            for step in file["runs"]["corrected_rsgd_mom0.9"].as_array().unwrap() {
                let (loss, grad) = gradient(&point, &target);
                assert!((loss - step["loss_before"].as_f64().unwrap()).abs() < tolerance * 10.0);
                (point, state) = optimizer.step(0.1, point, grad, state);
                let gap = gap_of(&values(point.clone()), &numbers(&step["point"]));
                assert!(gap < tolerance, "{dtype:?}: {gap:e}");
                let buffer = state.as_ref().unwrap().first.clone().unwrap();
                let gap = gap_of(&values(buffer), &numbers(&step["momentum_buffer"]));
                assert!(gap < tolerance, "{dtype:?}: {gap:e}");
            }
        }
    }
}
