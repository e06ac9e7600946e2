//! How precise single-precision distances are, form by form.

use burn::tensor::{DType, Device, Tensor};

use crate::Curvature;
use crate::geometry::separation::{from_difference, from_polar};
use crate::geometry::*;
use crate::testing::{curvatures, devices, draws, gap, largest, points, tensor, values};

const PAIRS: usize = 60;
const WIDTH: usize = 16;

/// Pairs at hyperbolic radius `radius`, about `apart` from each other, in both precisions: the
/// double-precision points have the rounded space components.
fn pairs(radius: f64, apart: f64, device: &Device) -> [Tensor<2>; 4] {
    let k = Curvature::UNIT;
    let numbers = draws(2 * PAIRS * WIDTH, (radius * 1e3 + apart * 1e5) as u64 + 7);
    let (from, ways) = numbers.split_at(PAIRS * WIDTH);
    let (mut spaces, mut directions) = (Vec::new(), Vec::new());
    for (from, way) in from.chunks(WIDTH).zip(ways.chunks(WIDTH)) {
        let norm = |row: &[f64]| row.iter().map(|x| x * x).sum::<f64>().sqrt();
        let (n, m) = (norm(from), norm(way));
        spaces.extend(from.iter().map(|x| x / n * radius.sinh()));
        directions.extend(way.iter().map(|x| x / m));
    }
    let double = |values: &[f64]| tensor(values, [PAIRS, WIDTH], device, DType::F64);
    let x = lift(double(&spaces), k);
    let v = transport_from_origin(x.clone(), origin_tangent(double(&directions)), k);
    let y = exp(x.clone(), v.mul_scalar(apart), k);
    let rounded = |points: Tensor<2>| space(points).cast(DType::F32);
    let (sx, sy) = (rounded(x), rounded(y));
    [
        lift(sx.clone(), k),
        lift(sy.clone(), k),
        lift(sx.cast(DType::F64), k),
        lift(sy.cast(DType::F64), k),
    ]
}

/// `count` points `apart` from one at hyperbolic radius `radius`, in both precisions as those of [`pairs`].
fn cloud(count: usize, [radius, apart]: [f64; 2], seed: u64, device: &Device) -> [Tensor<2>; 2] {
    let k = Curvature::UNIT;
    let numbers = draws((count + 1) * WIDTH, seed);
    let unit = |row: &[f64], length: f64| -> Vec<f64> {
        let norm = row.iter().map(|x| x * x).sum::<f64>().sqrt();
        row.iter().map(|x| x / norm * length).collect()
    };
    let (from, ways) = numbers.split_at(WIDTH);
    let start = unit(from, radius.sinh()).repeat(count);
    let ways: Vec<f64> = ways
        .chunks(WIDTH)
        .flat_map(|way| unit(way, apart))
        .collect();
    let double = |values: &[f64]| tensor(values, [count, WIDTH], device, DType::F64);
    let start = lift(double(&start), k);
    let v = transport_from_origin(start.clone(), origin_tangent(double(&ways)), k);
    let single = space(exp(start, v, k)).cast(DType::F32);
    [lift(single.clone(), k), lift(single.cast(DType::F64), k)]
}

/// The largest distance of single-precision points from what they should be.
fn astray(found: Tensor<2>, truth: Tensor<2>) -> f64 {
    let found = lift(space(found).cast(DType::F64), Curvature::UNIT);
    largest(values(distance(found, truth, Curvature::UNIT)))
}

fn from_separation(h: Tensor<2>) -> Vec<f64> {
    values(h.clamp_min(0.0).sqrt().asinh().mul_scalar(2.0))
}

fn worst(found: &[f64], truth: &[f64]) -> f64 {
    let pairs = found.iter().zip(truth);
    largest(pairs.map(|(a, b)| (a - b).abs() / b))
}

/// Each row: radius, distance, the relative error that the textbook form acosh(−⟨x, y⟩) at least has,
/// the range of the difference form's, and bounds for the polar form and for [`distance`].
#[test]
fn each_form_is_as_good_as_it_has_to_be() {
    let table = [
        (0.1, 1e-2, 1e-4, [0.0, 1e-6], 1e-6, 1e-6),
        (1.0, 1e-4, 0.1, [0.0, 1e-6], 1e-6, 1e-6),
        (1.0, 1e-2, 1e-3, [0.0, 1e-6], 1e-6, 1e-6),
        (2.9, 1e-2, 1e-2, [0.0, 2e-5], 1e-6, 2e-5),
        (2.9, 1.0, 5e-6, [0.0, 1e-4], 1e-6, 1e-4),
        (6.0, 1.0, 1e-3, [1e-4, 1.0], 1e-5, 1e-5),
        (6.0, 1e-2, 1.0, [1e-4, 1.0], 1e-5, 1e-5),
        (9.0, 1.0, 0.1, [0.1, 10.0], 2e-4, 2e-4),
        (9.0, 1e-2, 10.0, [0.1, 10.0], 2e-4, 2e-4),
    ];
    let (k, device) = (Curvature::UNIT, devices().remove(0));
    for (radius, apart, naive, difference, polar, all) in table {
        let [x, y, exact_x, exact_y] = pairs(radius, apart, &device);
        let truth = from_separation(from_polar(exact_x, exact_y, k));
        let textbook = values(inner(x.clone(), y.clone()).neg().clamp_min(1.0).acosh());
        let errors = [
            worst(&textbook, &truth),
            worst(
                &from_separation(from_difference(x.clone(), y.clone(), k)),
                &truth,
            ),
            worst(
                &from_separation(from_polar(x.clone(), y.clone(), k)),
                &truth,
            ),
            worst(&values(distance(x, y, k)), &truth),
        ];
        let report = format!("radius {radius}, distance {apart}: {errors:?}");
        assert!(errors[0] > naive, "{report}");
        assert!(
            (difference[0]..difference[1]).contains(&errors[1]),
            "{report}"
        );
        assert!(errors[2] < polar, "{report}");
        assert!(errors[3] < all, "{report}");
    }
}

/// Far pairs, and pairs of which one point is central, at every radius.
#[test]
fn far_pairs_are_precise() {
    let (k, device) = (Curvature::UNIT, devices().remove(0));
    for near in [0.0, 1e-3, 0.5, 0.99, 1.01, 2.0, 5.0] {
        for radius in [2.99, 3.01, 6.0, 9.0] {
            let [x, _, exact_x, _] = pairs(radius, 1.0, &device);
            let [y, _, exact_y, _] = pairs(near, 0.5, &device);
            let product = inner(exact_x, exact_y).neg();
            let truth = values(product.acosh());
            let error = worst(&values(distance(x, y, k)), &truth);
            assert!(error < 2e-5, "{near} {radius}: {error:e}");
        }
    }
}

/// Double-precision distances to within rounding, also of pairs 1e-12 apart.
#[test]
fn double_precision_reaches_tiny_distances() {
    let (k, device) = (Curvature::UNIT, devices().remove(0));
    let x = lift(tensor(&[0.3, -0.2], [1, 2], &device, DType::F64), k);
    let y = lift(tensor(&[0.3 + 1e-12, -0.2], [1, 2], &device, DType::F64), k);
    // The metric at x along the first axis: 1 − s₁² / t² = 1 − 0.09 / 1.13.
    let step = (0.3_f64 + 1e-12) - 0.3;
    let expected = step * (1.0 - 0.09 / 1.13_f64).sqrt();
    let found = values(distance(x, y, k))[0];
    assert!((found / expected - 1.0).abs() < 1e-4, "{found:e}");
}

/// The centroid of 200 points at the radius up to which it is documented to be good.
#[test]
fn centroids_of_many_points_are_good_to_radius_6() {
    let (k, device) = (Curvature::UNIT, devices().remove(0));
    for (seed, apart) in (0..30).map(|seed| (seed, [0.01, 0.1, 1.0][seed as usize % 3])) {
        let [single, double] = cloud(200, [6.0, apart], seed + 300, &device);
        let weights = draws(200, seed + 400);
        let weights = |dtype| tensor(&weights, [1, 200], &device, dtype).abs();
        let found = centroid(single, weights(DType::F32), k);
        let truth = centroid(double, weights(DType::F64), k);
        let error = astray(found, truth);
        assert!(error < 3e-2, "{apart}: {error:e}");
    }
}

/// The centroid of two points at every radius that distances are good for.
#[test]
fn centroids_of_two_points_are_good_to_radius_9() {
    let (k, device) = (Curvature::UNIT, devices().remove(0));
    for radius in [1.0, 3.0, 6.0, 9.0] {
        for (seed, apart) in [(500, 0.01), (501, 0.1), (502, 1.0)] {
            let [single, double] = cloud(200, [radius, apart], seed, &device);
            let half = |t: &Tensor<2>, at| t.clone().narrow(0, at, 100);
            let share = tensor(&[0.3], [1, 1], &device, DType::F32);
            let found = centroid_of_two(half(&single, 0), half(&single, 100), share, k);
            let both: Tensor<3> = Tensor::stack(vec![half(&double, 0), half(&double, 100)], 1);
            let weights = tensor(&[0.7, 0.3].repeat(100), [100, 1, 2], &device, DType::F64);
            let truth: Tensor<3> = centroid(both, weights, k);
            let error = astray(found, truth.reshape([100, WIDTH + 1]));
            assert!(error < 2e-3, "{radius} {apart}: {error:e}");
        }
    }
}

/// In double precision it is the centroid of any number of points, whatever the share of the second.
#[test]
fn centroids_of_two_points_are_those_of_their_weights() {
    for device in devices() {
        for k in curvatures() {
            let [x, y] = [510, 511].map(|seed| points(40, 5, 3.0, k, seed, (&device, DType::F64)));
            for share in [0.0, 0.1, 0.3, 0.8, 1.0] {
                let second = tensor(&[share], [1, 1], &device, DType::F64);
                let found = centroid_of_two(x.clone(), y.clone(), second, k);
                let both: Tensor<3> = Tensor::stack(vec![x.clone(), y.clone()], 1);
                let weights = [1.0 - share, share].repeat(40);
                let weights = tensor(&weights, [40, 1, 2], &device, DType::F64);
                let truth: Tensor<3> = centroid(both, weights, k);
                let gap = gap(found, truth.reshape([40, 6]));
                assert!(gap < 1e-9, "{share}: {gap:e}");
            }
        }
    }
}
