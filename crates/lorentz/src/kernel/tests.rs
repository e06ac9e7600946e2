//! The fused forms against the plain ones.

use burn::tensor::{DType, Device, Tensor};

use super::*;
use crate::geometry::{lift_by_parts, space, time};
use crate::nn::bounded_point_by_parts;
use crate::testing::{curvatures, draws, tensor, values};

const LOG_SCALE: f64 = 1.3;

fn flex() -> Device {
    plm_core::device::parse("flex").unwrap()
}

/// [`bounded_point`], which must not need its plain form.
fn fused(z: Tensor<2>, log_scale: &Tensor<1>, curvature: Curvature) -> Tensor<2> {
    bounded_point(z, log_scale, curvature, |_| panic!("flex takes it"))
}

/// Rows of several sizes, tiny and huge ones and zeros among them.
fn rows(count: usize, width: usize) -> Vec<f64> {
    let mut numbers = draws(count * width, 7);
    let sizes = [1.0, 1e-12, 0.0, 30.0, 1e6, 1e-3, 1e15];
    for (row, size) in numbers.chunks_mut(width).zip(sizes.iter().cycle()) {
        row[0] *= 5.0;
        row[1..].iter_mut().for_each(|x| *x *= size);
    }
    numbers
}

/// Whether `found` is `expected` but for `tolerance` of the largest number of its row.
fn close(found: &[f64], expected: &[f64], width: usize, tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.chunks(width).zip(expected.chunks(width)) {
        let size = expected
            .iter()
            .fold(1e-30, |size: f64, x| size.max(x.abs()));
        for (a, b) in found.iter().zip(expected) {
            assert!((a - b).abs() <= tolerance * size, "{found:?}\n{expected:?}");
        }
    }
}

/// Values and gradients of `fused` on flex in single precision against `plain` in double precision.
fn compare<const N: usize>(
    inputs: [(&[f64], [usize; 2]); N],
    fused: impl Fn([Tensor<2>; N]) -> Tensor<2>,
    plain: impl Fn([Tensor<2>; N]) -> Tensor<2>,
    tolerance: f64,
) {
    let device = flex().autodiff();
    let run = |function: &dyn Fn([Tensor<2>; N]) -> Tensor<2>, dtype| {
        let leaves = inputs
            .map(|(numbers, shape)| tensor::<2>(numbers, shape, &device, dtype).require_grad());
        let output = function(leaves.clone());
        let dims = output.dims();
        let weights = tensor::<2>(&draws(dims[0] * dims[1], 11), dims, &device, dtype);
        let grads = (output.clone() * weights).sum().backward();
        let slopes = leaves.map(|leaf| values(leaf.grad(&grads).unwrap()));
        (values(output), dims[1], slopes)
    };
    let (found, width, slopes) = run(&fused, DType::F32);
    let (expected, _, truth) = run(&plain, DType::F64);
    close(&found, &expected, width, tolerance);
    for ((found, expected), (_, shape)) in slopes.iter().zip(&truth).zip(&inputs) {
        close(found, expected, shape[1], 4.0 * tolerance);
    }
}

#[test]
fn lifted_points_and_gradients_are_those_of_the_plain_form() {
    for curvature in curvatures() {
        for (count, width) in [(1, 1), (7, 3), (70, 16), (600, 33)] {
            let numbers = rows(count, width);
            compare(
                [(&numbers, [count, width])],
                |[space]| lift(&space, curvature).expect("flex takes it"),
                |[space]| lift_by_parts(space, curvature),
                3e-6,
            );
        }
    }
}

#[test]
fn bounded_points_and_gradients_are_those_of_the_plain_form() {
    for curvature in curvatures() {
        for (count, width) in [(1, 2), (7, 3), (70, 17), (600, 33)] {
            let numbers = rows(count, width);
            compare(
                [(&numbers, [count, width]), (&[LOG_SCALE], [1, 1])],
                |[z, scale]| fused(z, &scale.reshape([1]), curvature),
                |[z, scale]| {
                    let (logits, directions) = (time(z.clone()), space(z));
                    bounded_point_by_parts(logits, directions, scale.reshape([1]), curvature, None)
                },
                2e-5,
            );
        }
    }
}

#[test]
fn a_vector_that_is_used_again_stays_what_it_is() {
    let curvature = curvatures()[1];
    let numbers = rows(6, 4);
    let scale = tensor::<1>(&[LOG_SCALE], [1], &flex(), DType::F32);
    let z = tensor::<2>(&numbers, [6, 4], &flex(), DType::F32);
    let before = values(z.clone());
    let whole = fused(z.clone(), &scale, curvature);
    assert_eq!(values(z.clone()), before);
    let part = fused(z.narrow(0, 2, 3), &scale, curvature);
    assert_eq!(values(part), values(whole.narrow(0, 2, 3)));
}

#[test]
fn other_layouts_ranks_and_devices_are_taken_or_left() {
    let curvature = curvatures()[1];
    let numbers = rows(6, 4);
    let turned = tensor::<2>(&numbers, [6, 4], &flex(), DType::F32).transpose();
    let copied = tensor::<2>(&values(turned.clone()), [4, 6], &flex(), DType::F32);
    let [found, expected] = [turned, copied].map(|space| values(lift(&space, curvature).unwrap()));
    assert_eq!(found, expected);
    let cube = tensor::<3>(&numbers, [2, 3, 4], &flex(), DType::F32);
    let points = lift(&cube, curvature).unwrap();
    assert_eq!(points.dims(), [2, 3, 5]);
    let flat = lift(&cube.reshape([6, 4]), curvature).unwrap();
    assert_eq!(values(points), values(flat));
    let double = tensor::<2>(&numbers, [6, 4], &flex(), DType::F64);
    assert!(lift(&double, curvature).is_none());
    let none = Tensor::<2>::zeros([0, 4], &flex());
    assert!(lift(&none, curvature).is_none());
}
