//! What holds after every step.

use burn::optim::Optimizer;
use burn::tensor::{DType, Device, Tensor};

use crate::Curvature;
use crate::geometry::*;
use crate::optim::*;
use crate::testing::{by_type, devices, everywhere, largest, points, tensor, values, vectors};

fn worst(values: Vec<f64>) -> f64 {
    largest(values.into_iter().map(f64::abs))
}

/// Random gradients of all sizes: points stay points and momenta stay tangent, over 10 000 steps in single
/// precision and over some hundred for every device, type and curvature.
#[test]
fn many_steps_stay_on_the_manifold() {
    walk(10_000, &devices()[0], DType::F32, Curvature::UNIT);
    everywhere(|device, dtype, k| walk(300, device, dtype, k));
}

/// Adam, and descent with momentum, within `limits`.
fn optimizers(limits: StepLimits) -> (RiemannianAdamConfig, RiemannianSgdConfig) {
    let adam = RiemannianAdamConfig {
        limits,
        ..RiemannianAdamConfig::default()
    };
    let sgd = RiemannianSgdConfig {
        momentum: 0.9,
        limits,
        ..RiemannianSgdConfig::default()
    };
    (adam, sgd)
}

/// A random walk of `steps` of both optimizers, looked at after each of the first 100 and then every 100.
fn walk(steps: u64, device: &Device, dtype: DType, k: Curvature) {
    let limits = StepLimits {
        stabilize: None,
        max_step: Some(1.0),
        ..StepLimits::default()
    };
    let (adam, sgd) = optimizers(limits);
    let (adam, sgd) = (adam.build(k).unwrap(), sgd.build(k).unwrap());
    let mut a = (points(3, 4, 1.0, k, 1, (device, dtype)), None);
    let mut b = a.clone();
    let zero = origin([3, 5], k, device, dtype);
    for step in 1..=steps {
        let size = 10.0_f64.powi((step % 7) as i32 - 5);
        let noise = vectors(3, 4, size, step + 10, (device, dtype));
        // A pull to the origin keeps the walk where single precision is good.
        let pull = |x: &Tensor<2>| {
            let noise = transport_from_origin(x.clone(), origin_tangent(noise.clone()), k);
            let v = noise - log(x.clone(), zero.clone(), k).mul_scalar(size);
            Tensor::cat(vec![time(v.clone()).neg(), space(v)], 1)
        };
        a = adam.step(0.05, a.0.clone(), pull(&a.0), a.1);
        b = sgd.step(0.01, b.0.clone(), pull(&b.0), b.1);
        if step <= 100 || step % 100 == 0 {
            holds(a.0.clone(), a.1.clone(), k);
            holds(b.0.clone(), b.1.clone(), k);
        }
    }
}

fn holds(x: Tensor<2>, state: Option<OptimizerState<2>>, k: Curvature) {
    let dtype = x.dtype();
    assert!(worst(values(residual(x.clone(), k))) < by_type(dtype, 1e-12, 1e-5));
    assert!(
        values(time(x.clone()))
            .iter()
            .all(|t| *t >= 0.99 * k.radius())
    );
    let m = state.unwrap().first.unwrap();
    let size = m.clone().abs().max_dim(1).add_scalar(1e-30);
    let off = inner(x.clone() / time(x), m / size);
    assert!(worst(values(off)) < by_type(dtype, 1e-12, 1e-5));
}

/// Gradients of 1e-30 to 1e15 and of zeros, from points far out, with and without bounds.
#[test]
fn gradients_of_every_size_give_points() {
    everywhere(|device, dtype, k| {
        let sizes: Vec<f64> = (-30..=15).map(|p| 10.0_f64.powi(p)).chain([0.0]).collect();
        let rows = sizes.len();
        let size = tensor(&sizes, [rows, 1], device, dtype);
        let x = points(rows, 3, 3.0, k, 2, (device, dtype));
        let grad = vectors(rows, 4, 1.0, 3, (device, dtype)) * size;
        for max_step in [None, Some(1.5)] {
            let limits = StepLimits {
                max_step,
                max_space_norm: max_step,
                ..StepLimits::default()
            };
            let (adam, sgd) = optimizers(limits);
            let (moved, _) = adam
                .build(k)
                .unwrap()
                .step(0.1, x.clone(), grad.clone(), None);
            assert!(worst(values(residual(moved, k))) < by_type(dtype, 1e-12, 1e-5));
            let (moved, _) = sgd
                .build(k)
                .unwrap()
                .step(1.0, x.clone(), grad.clone(), None);
            assert!(worst(values(residual(moved.clone(), k))) < by_type(dtype, 1e-12, 1e-5));
            if let Some(bound) = max_step {
                let norms = values(space(moved).square().sum_dim(1).sqrt());
                assert!(norms.iter().all(|n| *n < bound + 1e-5), "{norms:?}");
            }
        }
    });
}

/// A gradient that leads far beyond the longest step from the origin: both optimizers go just so far, in
/// every curvature.
#[test]
fn the_longest_step_is_an_absolute_length() {
    everywhere(|device, dtype, k| {
        let start = origin([2, 4], k, device, dtype);
        let grad = [0.0, 1e6, -2e6, 3e6, 0.0, 0.0, 0.0, -1e4];
        let grad = tensor(&grad, [2, 4], device, dtype);
        let reached = |max_step: Option<f64>| {
            let limits = StepLimits {
                max_step,
                ..StepLimits::default()
            };
            let (adam, sgd) = optimizers(limits);
            let (adam, sgd) = (adam.build(k).unwrap(), sgd.build(k).unwrap());
            let (a, _) = adam.step(100.0, start.clone(), grad.clone(), None);
            let (b, _) = sgd.step(1.0, start.clone(), grad.clone(), None);
            values(distance_from_origin(Tensor::cat(vec![a, b], 0), k))
        };
        for length in [0.5, 2.5] {
            let lengths = reached(Some(length));
            let close = |d: &f64| (d - length).abs() < by_type(dtype, 1e-9, 1e-4);
            assert!(lengths.iter().all(close), "{length}: {lengths:?}");
        }
        let free = reached(None);
        assert!(free.iter().all(|d| *d > 3.0), "{free:?}");
    });
}

/// Descent to a target: the loss falls at every step.
#[test]
fn the_loss_falls() {
    everywhere(|device, dtype, k| {
        let target = points(6, 3, 1.0, k, 4, (device, dtype));
        let mut x = points(6, 3, 1.0, k, 5, (device, dtype));
        let optimizer = RiemannianSgdConfig::default().build(k).unwrap();
        let tracked = device.clone().autodiff();
        let lift_to = |t: &Tensor<2>| Tensor::<2>::from_data(t.to_data(), (&tracked, dtype));
        let (mut state, mut before) = (None, f64::INFINITY);
        for _ in 0..12 {
            let leaf = lift_to(&x).require_grad();
            let loss = squared_distance(leaf.clone(), lift_to(&target), k).sum();
            let now = values(loss.clone())[0];
            assert!(now < before, "{now} {before}");
            before = now;
            let grad = leaf.grad(&loss.backward()).unwrap();
            (x, state) = optimizer.step(0.1, x, grad, state);
        }
        assert!(before < 0.1 * k.k().max(1.0), "{before}");
    });
}

/// A gradient that always drives points outward leads to where the type still tells points apart, not beyond.
#[test]
fn diverging_points_remain_points() {
    everywhere(|device, dtype, k| {
        let limits = StepLimits {
            max_step: None,
            ..StepLimits::default()
        };
        let config = RiemannianSgdConfig {
            momentum: 0.5,
            limits,
            ..RiemannianSgdConfig::default()
        };
        let optimizer = config.build(k).unwrap();
        let (mut x, mut state) = (points(3, 4, 1.0, k, 9, (device, dtype)), None);
        for _ in 0..60 {
            let grad = Tensor::cat(
                vec![time(x.clone()).zeros_like(), space(x.clone()).neg()],
                1,
            );
            (x, state) = optimizer.step(1.0, x, grad, state);
            assert!(worst(values(residual(x.clone(), k))) < by_type(dtype, 1e-12, 1e-5));
        }
        let reached = values(distance_from_origin(x, k));
        assert!(reached.iter().all(|d| *d > 8.0 * k.radius()), "{reached:?}");
    });
}

/// Moments of a table that has grown since: the step is that of an optimizer without any.
#[test]
fn moments_of_another_shape_start_anew() {
    fn check<O: Optimizer>(optimizer: &O, device: &Device) {
        let k = Curvature::UNIT;
        let start = |rows| points(rows, 3, 1.0, k, 6, (device, DType::F64));
        let grad = |rows| vectors(rows, 4, 1.0, 7, (device, DType::F64));
        let (mut x, mut state) = (start(3), None);
        for _ in 0..5 {
            (x, state) = optimizer.step(0.1, x, grad(3), state);
        }
        let (expected, _) = optimizer.step(0.1, start(4), grad(4), None);
        let (found, state) = optimizer.step(0.1, start(4), grad(4), state);
        assert_eq!(values(found), values(expected));
        // From then on they count.
        let twice = grad(4).mul_scalar(2.0);
        let (without, _) = optimizer.step(0.1, start(4), twice.clone(), None);
        let (with, _) = optimizer.step(0.1, start(4), twice, state);
        assert_ne!(values(with), values(without));
    }
    let momentum = RiemannianSgdConfig {
        momentum: 0.9,
        ..RiemannianSgdConfig::default()
    };
    let largest = RiemannianAdamConfig {
        amsgrad: true,
        ..RiemannianAdamConfig::default()
    };
    for device in devices() {
        check(&largest.build(Curvature::UNIT).unwrap(), &device);
        check(&momentum.build(Curvature::UNIT).unwrap(), &device);
        check(&EuclideanAdamConfig::default().build().unwrap(), &device);
    }
}

/// A state without the second moments that Adam divides by, such as that of descent.
#[test]
fn states_of_other_optimizers_start_anew() {
    let k = Curvature::UNIT;
    let momentum = RiemannianSgdConfig {
        momentum: 0.9,
        ..RiemannianSgdConfig::default()
    };
    let (descent, adam) = (momentum.build(k), RiemannianAdamConfig::default().build(k));
    let (descent, adam) = (descent.unwrap(), adam.unwrap());
    for device in devices() {
        let x = points(3, 3, 1.0, k, 6, (&device, DType::F64));
        let grad = vectors(3, 4, 1.0, 7, (&device, DType::F64));
        let (_, other) = descent.step(0.1, x.clone(), grad.clone(), None);
        let (expected, _) = adam.step(0.1, x.clone(), grad.clone(), None);
        let (found, state) = adam.step(0.1, x, grad, other);
        assert_eq!(values(found), values(expected));
        assert_eq!(state.unwrap().time, 1);
    }
}

#[test]
fn sparse_steps_leave_other_rows_alone() {
    for device in devices() {
        let (k, dtype) = (Curvature::UNIT, DType::F64);
        let x = points(6, 3, 1.0, k, 6, (&device, dtype));
        let keep = tensor(&[1.0, 0.0, 0.0, 1.0, 0.0, 0.0], [6, 1], &device, dtype);
        let first = vectors(6, 4, 1.0, 7, (&device, dtype));
        let second = vectors(6, 4, 1.0, 8, (&device, dtype)) * keep;
        let config = |sparse| {
            let limits = StepLimits {
                sparse,
                stabilize: None,
                ..StepLimits::default()
            };
            RiemannianAdamConfig {
                limits,
                amsgrad: true,
                ..RiemannianAdamConfig::default()
            }
        };
        let (sparse, dense) = (
            config(true).build(k).unwrap(),
            config(false).build(k).unwrap(),
        );
        let (x1, state) = sparse.step(0.1, x, first, None);
        let before = state.clone().unwrap();
        let (x2, after) = sparse.step(0.1, x1.clone(), second.clone(), state.clone());
        let (all, dense) = dense.step(0.1, x1.clone(), second.clone(), state);
        let (after, dense) = (after.unwrap(), dense.unwrap());
        for row in 0..6 {
            let at = |t: &Tensor<2>| values(t.clone().narrow(0, row, 1));
            let same = |a: &Option<Tensor<2>>, b: &Option<Tensor<2>>| {
                assert_eq!(
                    at(a.as_ref().unwrap()),
                    at(b.as_ref().unwrap()),
                    "row {row}"
                );
            };
            let (expected, state) = if row % 3 == 0 {
                (&all, &dense)
            } else {
                (&x1, &before)
            };
            assert_eq!(at(&x2), at(expected), "row {row}");
            same(&after.first, &state.first);
            same(&after.second, &state.second);
            same(&after.largest, &state.largest);
        }
        let none = second.zeros_like();
        let (x3, state) = sparse.step(0.1, x2.clone(), none, Some(after));
        assert_eq!(values(x3), values(x2));
        assert_eq!(state.unwrap().time, 3);
    }
}

/// Buffers of 2 g and look-ahead by hand, at the origin of k = 1, where all is Euclidean to first
/// order and the step's length is exact.
#[test]
fn dampening_and_nesterov_set_the_step() {
    let k = Curvature::UNIT;
    for device in devices() {
        let x = origin([1, 3], k, &device, DType::F64);
        let grad = tensor(&[0.0, 3.0, 4.0], [1, 3], &device, DType::F64);
        let length = |config: RiemannianSgdConfig| {
            let optimizer = config.build(k).unwrap();
            let (moved, _) = optimizer.step(0.1, x.clone(), grad.clone(), None);
            values(distance(x.clone(), moved, k))[0]
        };
        let base = RiemannianSgdConfig {
            momentum: 0.5,
            ..RiemannianSgdConfig::default()
        };
        assert!((length(base) - 0.5).abs() < 1e-12);
        let dampened = RiemannianSgdConfig {
            dampening: 0.2,
            ..base
        };
        assert!((length(dampened) - 0.4).abs() < 1e-12);
        let nesterov = RiemannianSgdConfig {
            nesterov: true,
            ..base
        };
        assert!((length(nesterov) - 0.75).abs() < 1e-12);
    }
}

type Change = fn(&mut RiemannianAdamConfig);

#[test]
fn settings_out_of_their_limits_are_refused() {
    let k = Curvature::UNIT;
    let adam = |change: Change| {
        let mut config = RiemannianAdamConfig::default();
        change(&mut config);
        config.build(k).err().map(|error| error.to_string())
    };
    let cases: [(Change, &str); 7] = [
        (|c| c.beta_1 = 1.0, "beta_1"),
        (|c| c.beta_2 = -0.1, "beta_2"),
        (|c| c.epsilon = f64::NAN, "epsilon"),
        (|c| c.epsilon = 0.0, "epsilon"),
        (|c| c.weight_decay = -1.0, "weight_decay"),
        (|c| c.limits.max_step = Some(0.0), "max_step"),
        (|c| c.limits.stabilize = Some(0), "stabilize"),
    ];
    for (change, name) in cases {
        let error = adam(change).unwrap();
        assert!(error.contains(name), "{error}");
    }
    let sgd = RiemannianSgdConfig {
        nesterov: true,
        ..RiemannianSgdConfig::default()
    };
    assert!(sgd.build(k).is_err());
    for (euclidean, name) in [
        (
            EuclideanAdamConfig {
                beta_1: 2.0,
                ..EuclideanAdamConfig::default()
            },
            "beta_1",
        ),
        (
            EuclideanAdamConfig {
                epsilon: 0.0,
                ..EuclideanAdamConfig::default()
            },
            "epsilon",
        ),
    ] {
        let error = euclidean.build().unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
    }
}
