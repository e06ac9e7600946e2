use burn::tensor::{Int, Tensor, TensorData};
use proptest::prelude::*;

use super::{assert_same, devices, flex, host, run, sample};
use crate::kernel::{cross_entropy, reference};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn cross_entropy_equals_reference(
        [rows, classes] in [1_usize..40, 1_usize..100],
        ignore: bool,
        smoothing in prop::sample::select(vec![0.0, 0.1, 1.0]),
        seed: u64,
    ) {
        let ignore = ignore.then_some(-100);
        let targets: Vec<i32> = sample(rows, seed ^ 1)
            .iter()
            .map(|x| match ignore {
                Some(ignore) if *x > 1.0 => ignore as i32,
                _ => ((x + 2.0) / 4.0 * classes as f32) as i32,
            })
            .collect();
        let operands = |x: &Tensor<1>| {
            let data = TensorData::new(targets.clone(), [rows]);
            let targets = Tensor::<1, Int>::from_data(data, &x.device());
            (x.clone().reshape::<2, _>([rows, classes]) * 4.0, targets)
        };
        assert_same(
            &[sample(rows * classes, seed)],
            &[true],
            |x| {
                let (logits, targets) = operands(&x[0]);
                cross_entropy(logits, targets, ignore, smoothing)
            },
            |x| {
                let (logits, targets) = operands(&x[0]);
                reference::cross_entropy(logits, targets, ignore, smoothing)
            },
        );
    }
}

#[test]
fn even_logits_cost_the_logarithm_of_the_number_of_classes() {
    for device in devices() {
        let targets = Tensor::<1, Int>::from_ints([3, -1, 0], &device);
        let loss = host(cross_entropy(
            Tensor::zeros([3, 10], &device),
            targets,
            Some(-1),
            0.1,
        ));
        assert!((loss[0] - 10.0_f32.ln()).abs() < 1e-6, "{loss:?}");
        let targets = Tensor::<1, Int>::from_ints([-1, -1], &device);
        let loss = host(cross_entropy(
            Tensor::zeros([2, 10], &device),
            targets,
            Some(-1),
            0.0,
        ));
        assert_eq!(loss, [0.0]);
    }
}

#[test]
fn logits_that_are_used_elsewhere_stay_as_they_are() {
    let input = [sample(12, 1)];
    let found = run(&flex(), &input, &[true], |x| {
        let logits = x[0].clone().reshape::<2, _>([3, 4]) * 1.0;
        let targets = Tensor::<1, Int>::from_ints([0, 1, 2], &x[0].device());
        let loss = cross_entropy(logits.clone(), targets, None, 0.0);
        (logits.clone() * logits).sum() + loss * 0.0
    });
    let expected: Vec<f32> = input[0].iter().map(|x| 2.0 * x).collect();
    let direction = sample(1, 99)[0];
    for (found, expected) in found.gradients[0].as_ref().unwrap().iter().zip(expected) {
        assert!((found - direction * expected).abs() < 1e-6);
    }
}

#[test]
fn nan_logits_give_a_nan_loss() {
    let device = flex();
    let logits = Tensor::<2>::from_floats([[1.0, f32::NAN], [0.0, 0.0]], &device);
    let targets = Tensor::<1, Int>::from_ints([0, 1], &device);
    assert!(host(cross_entropy(logits, targets, None, 0.0))[0].is_nan());
}

#[test]
fn a_class_that_is_ruled_out_costs_nothing_where_it_is_not_the_target() {
    for device in devices() {
        let logits = Tensor::<2>::from_floats([[1.0, f32::NEG_INFINITY, 2.0]], &device);
        let targets = Tensor::<1, Int>::from_ints([2], &device);
        for form in [cross_entropy, reference::cross_entropy] {
            let loss = host(form(logits.clone(), targets.clone(), None, 0.0))[0];
            // ln(1 + 1/e)
            assert!((loss - 0.313_261_7).abs() < 1e-6, "{loss}");
            // All of the target is spread, also over the class that cannot be.
            let other = Tensor::<1, Int>::from_ints([1], &device);
            let loss = host(form(logits.clone(), other, None, 1.0))[0];
            assert_eq!(loss, f32::INFINITY);
        }
    }
}

#[test]
#[should_panic(expected = "target 4 is not one of 4 classes")]
fn targets_out_of_range_are_refused() {
    let device = flex();
    let targets = Tensor::<1, Int>::from_ints([4], &device);
    cross_entropy(Tensor::zeros([1, 4], &device), targets, None, 0.0);
}
