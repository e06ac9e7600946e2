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

/// The linear map of a matrix and a bias in one row.
fn affine(weight: Tensor<2>, bias: Tensor<2>) -> Affine {
    let [_, width] = weight.dims();
    Affine {
        weight,
        bias: Some(bias.reshape([width])),
    }
}

#[test]
fn points_of_linear_maps_and_gradients_are_those_of_the_plain_form() {
    for curvature in curvatures() {
        // The last has several heads in each of several tasks.
        for (count, inputs, heads, width) in [
            (1, 2, 1, 2),
            (70, 5, 3, 4),
            (600, 17, 1, 33),
            (3000, 5, 3, 4),
        ] {
            let columns = heads * width;
            let x = draws(count * inputs, 3);
            let (weight, bias) = (draws(inputs * columns, 5), draws(columns, 9));
            let operands = [
                (&x[..], [count, inputs]),
                (&weight[..], [inputs, columns]),
                (&bias[..], [1, columns]),
            ];
            compare(
                operands,
                |[x, weight, bias]| {
                    lifted_map(&x, &affine(weight, bias), curvature).expect("flex takes it")
                },
                |[x, weight, bias]| lift_by_parts(x.matmul(weight) + bias, curvature),
                1e-5,
            );
            let [x, weight, bias] = operands;
            compare(
                [x, weight, bias, (&[LOG_SCALE], [1, 1])],
                |[x, weight, bias, scale]| {
                    let map = affine(weight, bias);
                    bounded_map(&x, &map, &scale.reshape([1]), curvature, heads)
                        .expect("flex takes it")
                },
                |[x, weight, bias, scale]| {
                    let z = x.matmul(weight) + bias;
                    let z = z.reshape([count * heads, width]);
                    let (logits, directions) = (time(z.clone()), space(z));
                    let scale = scale.reshape([1]);
                    bounded_point_by_parts(logits, directions, scale, curvature, None)
                        .reshape([count, columns])
                },
                2e-5,
            );
        }
    }
}

#[test]
fn linear_maps_are_taken_in_any_layout_and_without_what_is_not_asked_for() {
    let curvature = curvatures()[1];
    let device = flex().autodiff();
    let matrix = |seed, shape: [usize; 2]| {
        tensor::<2>(
            &draws(shape[0] * shape[1], seed),
            shape,
            &device,
            DType::F32,
        )
    };
    let x = matrix(3, [6, 4]);
    let weight = matrix(5, [5, 4]).transpose().require_grad();
    let without = Affine {
        weight: weight.clone(),
        bias: None,
    };
    let zero = affine(weight.clone(), Tensor::zeros([1, 5], &device));
    let cube = x.clone().reshape([2, 3, 4]);
    let flat = lifted_map(&x, &zero, curvature).unwrap();
    let points = lifted_map(&cube, &without, curvature).unwrap();
    assert_eq!(points.dims(), [2, 3, 6]);
    assert_eq!(values(points.clone()), values(flat));
    let scale = tensor::<1>(&[LOG_SCALE], [1], &device, DType::F32);
    let flat = bounded_map(&x, &zero, &scale, curvature, 1).unwrap();
    let bounded = bounded_map(&cube, &without, &scale, curvature, 1).unwrap();
    assert_eq!(values(bounded.clone()), values(flat));
    // Neither the input, the bias nor ln λ asks for a gradient.
    let grads = (points.sum() + bounded.sum()).backward();
    assert!(weight.grad(&grads).is_some() && x.grad(&grads).is_none());
    let double = x.cast(DType::F64);
    assert!(lifted_map(&double, &without, curvature).is_none());
    assert!(bounded_map(&double, &without, &scale, curvature, 1).is_none());
}

/// Where one operand alone asks for a gradient, it gets the one that it has among all of them.
#[test]
fn operands_get_the_gradients_they_ask_for() {
    let (curvature, device) = (curvatures()[1], flex().autodiff());
    let [count, inputs, heads, width] = [6, 5, 3, 4];
    let columns = heads * width;
    let operands = [
        (draws(count * inputs, 3), [count, inputs]),
        (draws(inputs * columns, 5), [inputs, columns]),
        (draws(columns, 9), [1, columns]),
        (vec![LOG_SCALE], [1, 1]),
    ];
    let run = |tracked: [bool; 4], bounded: bool| {
        let leaves: [Tensor<2>; 4] = std::array::from_fn(|at| {
            let (numbers, shape) = &operands[at];
            let leaf = tensor::<2>(numbers, *shape, &device, DType::F32);
            leaf.set_require_grad(tracked[at])
        });
        let [x, weight, bias, scale] = leaves.clone();
        let map = affine(weight, bias);
        let points = match bounded {
            true => bounded_map(&x, &map, &scale.reshape([1]), curvature, heads),
            false => lifted_map(&x, &map, curvature),
        };
        let points = points.expect("flex takes it");
        let dims = points.dims();
        let weights = tensor::<2>(&draws(dims[0] * dims[1], 11), dims, &device, DType::F32);
        let grads = (points * weights).sum().backward();
        leaves.map(|leaf| leaf.grad(&grads).map(values))
    };
    for (bounded, parts) in [(false, 3), (true, 4)] {
        let all = run([true; 4], bounded);
        for (only, expected) in all.iter().enumerate().take(parts) {
            let found = run(std::array::from_fn(|at| at == only), bounded);
            for (at, found) in found.iter().enumerate() {
                assert_eq!(found.is_some(), at == only, "{bounded} {only} {at}");
            }
            assert_eq!(&found[only], expected, "{bounded} {only}");
            assert!(expected.iter().flatten().any(|slope| *slope != 0.0));
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
