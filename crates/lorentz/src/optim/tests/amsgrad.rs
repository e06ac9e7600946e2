//! Large gradients before small ones: where the largest second moment so far is not the last one.

use burn::optim::Optimizer;
use burn::tensor::{DType, Device, Tensor};

use crate::Curvature;
use crate::geometry::{origin, space, time};
use crate::optim::*;
use crate::testing::{by_type, devices, everywhere, gap_of, tensor, values};

const LR: f64 = 0.1;
const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.5;
const EPSILON: f64 = 1e-8;
/// Of two numbers, step by step.
const GRADIENTS: [[f64; 2]; 5] = [[4.0, 0.2], [0.1, -1.0], [-0.3, 0.1], [0.1, 0.1], [0.2, 3.0]];

/// How far Adam has moved each number after all gradients, from sums over them in place of moving averages:
/// the bias-corrected mean over the root of the corrected second moment, that of the step or the largest
/// so far.
fn moved(amsgrad: bool) -> [f64; 2] {
    [0, 1].map(|number| {
        let average = |decay: f64, time: i32, power: i32| -> f64 {
            let terms = GRADIENTS.iter().zip(1..=time).map(|(gradient, step)| {
                (1.0 - decay) * decay.powi(time - step) * gradient[number].powi(power)
            });
            terms.sum::<f64>()
        };
        let steps = (1..=5).map(|time| {
            let first = average(BETA_1, time, 1) / (1.0 - BETA_1.powi(time));
            let from = if amsgrad { 1 } else { time };
            let seconds = (from..=time).map(|step| average(BETA_2, step, 2));
            let second = seconds.fold(0.0, f64::max) / (1.0 - BETA_2.powi(time));
            -LR * first / (second.sqrt() + EPSILON)
        });
        steps.sum::<f64>()
    })
}

/// The values after a step for each gradient, as `ambient` makes it of the values before.
fn run<O: Optimizer>(
    optimizer: &O,
    start: Tensor<2>,
    ambient: impl Fn(&Tensor<2>, [f64; 2]) -> Tensor<2>,
) -> Tensor<2> {
    let (mut at, mut state) = (start, None);
    for gradient in GRADIENTS {
        let gradient = ambient(&at, gradient);
        (at, state) = optimizer.step(LR, at, gradient, state);
    }
    at
}

#[test]
fn the_cases_tell_the_two_rules_apart() {
    for (plain, largest) in moved(false).into_iter().zip(moved(true)) {
        assert!((plain - largest).abs() > 0.01, "{plain} {largest}");
    }
}

#[test]
fn euclidean_adam_divides_by_the_largest_moment() {
    everywhere(|device, dtype, _| {
        for amsgrad in [false, true] {
            let config = EuclideanAdamConfig {
                beta_1: BETA_1,
                beta_2: BETA_2,
                epsilon: EPSILON,
                weight_decay: 0.0,
                amsgrad,
            };
            let pair = |numbers: [f64; 2]| tensor(&numbers, [1, 2], device, dtype);
            let found = run(&config.build().unwrap(), pair([0.0; 2]), |_, g| pair(g));
            let gap = gap_of(&values(found), &moved(amsgrad));
            assert!(gap < by_type(dtype, 1e-12, 1e-5), "{amsgrad}: {gap:e}");
        }
    });
}

/// The largest moment that AMSGrad left behind takes no part in plain Adam, as after a record was loaded into
/// an optimizer without it.
#[test]
fn plain_adam_leaves_the_largest_moment_out() {
    type State = Option<OptimizerState<2>>;
    /// `step` makes a step with AMSGrad or without it.
    fn check(step: impl Fn(bool, f64, State) -> (Tensor<2>, State)) {
        let (_, state) = step(true, 4.0, None);
        let state = state.unwrap();
        assert!(state.largest.is_some());
        let bare = OptimizerState {
            largest: None,
            ..state.clone()
        };
        let (found, after) = step(false, 0.1, Some(state));
        let (expected, _) = step(false, 0.1, Some(bare));
        assert_eq!(values(found), values(expected));
        assert!(after.unwrap().largest.is_none());
    }
    for device in devices() {
        let dtype = DType::F64;
        let grad = |size: f64| tensor(&[0.0, size, 0.5 * size], [1, 3], &device, dtype);
        let start = || origin([1, 3], Curvature::UNIT, &device, dtype);
        check(|amsgrad, size, state| {
            let config = EuclideanAdamConfig {
                beta_2: BETA_2,
                amsgrad,
                ..EuclideanAdamConfig::default()
            };
            let adam = config.build().unwrap();
            adam.step(LR, start(), grad(size), state)
        });
        check(|amsgrad, size, state| {
            let config = RiemannianAdamConfig {
                beta_2: BETA_2,
                amsgrad,
                ..RiemannianAdamConfig::default()
            };
            let adam = config.build(Curvature::UNIT).unwrap();
            adam.step(LR, start(), grad(size), state)
        });
    }
}

/// Points √k (cosh a, sinh a) of a line at distances √k a from the origin, along which vectors are
/// transported as numbers: there the rule is that of numbers.
#[test]
fn riemannian_adam_divides_by_the_largest_moment() {
    /// The ambient gradient whose Riemannian one is so many times the unit vector (sinh a, cosh a).
    fn ambient(
        points: &Tensor<2>,
        numbers: [f64; 2],
        k: Curvature,
        (device, dtype): (&Device, DType),
    ) -> Tensor<2> {
        let unit = Tensor::cat(vec![space(points.clone()).neg(), time(points.clone())], 1);
        unit.div_scalar(k.radius()) * tensor(&numbers, [2, 1], device, dtype)
    }
    everywhere(|device, dtype, k| {
        for amsgrad in [false, true] {
            let config = RiemannianAdamConfig {
                beta_1: BETA_1,
                beta_2: BETA_2,
                epsilon: EPSILON,
                amsgrad,
                ..RiemannianAdamConfig::default()
            };
            let start = origin([2, 2], k, device, dtype);
            let found = run(&config.build(k).unwrap(), start, |points, numbers| {
                ambient(points, numbers, k, (device, dtype))
            });
            let unit = k.radius();
            let sines = values(space(found)).into_iter();
            let found: Vec<f64> = sines.map(|s| unit * (s / unit).asinh()).collect();
            let gap = gap_of(&found, &moved(amsgrad));
            assert!(gap < by_type(dtype, 1e-9, 1e-5), "{amsgrad}: {gap:e}");
        }
    });
}
