//! Gradients: against differences of values, and finite where formulas have roots or quotients.

use burn::tensor::{DType, Device, Tensor};

use crate::Curvature;
use crate::geometry::*;
use crate::testing::{
    by_type, curvatures, devices, everywhere, largest, points, tensor, values, vectors,
};

type Scalar<'a> = &'a dyn Fn(Tensor<2>, Tensor<2>) -> Tensor<2>;

/// The gradient with respect to the space components of the first point.
fn slopes(
    function: Scalar<'_>,
    space: &[f64],
    y: &Tensor<2>,
    k: Curvature,
    device: &Device,
) -> Vec<f64> {
    let n = space.len();
    let device = device.clone().autodiff();
    let s = tensor(space, [1, n], &device, DType::F64).require_grad();
    let y = Tensor::from_inner(y.clone());
    let tape = function(lift(s.clone(), k), y).sum().backward();
    values(s.grad(&tape).unwrap())
}

#[test]
fn gradients_meet_differences() {
    for device in devices() {
        for k in curvatures() {
            let y = points(1, 3, 2.0, k, 50, (&device, DType::F64));
            let v = project_tangent(y.clone(), vectors(1, 4, 1.0, 51, (&device, DType::F64)), k);
            let lifted = |t: &Tensor<2>, x: &Tensor<2>| {
                Tensor::<2>::from_data(t.to_data(), (&x.device(), DType::F64))
            };
            let weigh = |t: Tensor<2>| {
                let n = t.dims()[1];
                let weights: Vec<f64> = (0..n).map(|i| 1.0 + i as f64 / 3.0).collect();
                let weights = tensor(&weights, [1, n], &t.device(), DType::F64);
                (t * weights).sum_dim(1)
            };
            let functions: [(&str, Scalar<'_>); 9] = [
                ("distance", &|x, y| distance(x, y, k)),
                ("squared_distance", &|x, y| squared_distance(x, y, k)),
                ("distance_pairwise", &|x, y| distance_pairwise(x, y, k)),
                ("distance_from_origin", &|x, _| distance_from_origin(x, k)),
                ("exp", &|x, _| {
                    let v = transport_from_origin(x.clone(), origin_tangent(space(x.clone())), k);
                    weigh(exp(x, v, k))
                }),
                ("log", &|x, y| weigh(log(x, y, k))),
                ("transport", &|x, y| {
                    let v = lifted(&v, &x);
                    weigh(transport(y, x, v, k))
                }),
                ("centroid", &|x, y| {
                    weigh(midpoint(Tensor::cat(vec![x, y], 0), k))
                }),
                ("poincare", &|x, _| {
                    weigh(from_poincare(to_poincare(x, k).mul_scalar(0.9), k))
                }),
            ];
            for (name, function) in functions {
                let at = [0.4, -0.7, 0.2];
                let found = slopes(function, &at, &y, k, &device);
                let h = 1e-5;
                for axis in 0..3 {
                    let value = |step: f64| {
                        let mut moved = at;
                        moved[axis] += step;
                        let x = lift(tensor(&moved, [1, 3], &device, DType::F64), k);
                        values(function(x, y.clone()))[0]
                    };
                    let expected = (value(h) - value(-h)) / (2.0 * h);
                    let gap = (found[axis] - expected).abs() / expected.abs().max(1.0);
                    assert!(gap < 1e-6, "{name} {axis}: {} {expected}", found[axis]);
                }
            }
        }
    }
}

/// The gradient of the distance has length 1 and points away from the other point, however close,
/// far out or central the points are.
#[test]
fn the_distance_grows_at_unit_speed_away_from_the_other_point() {
    everywhere(|device, dtype, k| {
        for (radius, tolerance) in [(0.0, 1e-3), (1.0, 1e-3), (2.9, 1e-2), (4.0, 1e-2)] {
            for apart in [1e-2, 1.0] {
                let (tolerance, unit) = (by_type(dtype, 1e-6, tolerance), k.radius());
                let at = [unit * f64::sinh(radius), 0.0, 0.0];
                let x = lift(tensor(&at, [1, 3], device, dtype), k);
                let way = tensor(
                    &[0.6 * apart * unit, 0.8 * apart * unit, 0.0],
                    [1, 3],
                    device,
                    dtype,
                );
                let v = transport_from_origin(x.clone(), origin_tangent(way), k);
                let y = exp(x.clone(), v, k);
                let tracked = Tensor::from_inner(x.clone()).require_grad();
                let tape = distance(tracked.clone(), Tensor::from_inner(y.clone()), k)
                    .sum()
                    .backward();
                let grad = to_riemannian_gradient(x.clone(), tracked.grad(&tape).unwrap(), k);
                let expected = log(x.clone(), y, k).mul_scalar(-1.0 / (apart * unit));
                let difference = transport_to_origin(x.clone(), grad - expected, k);
                let worst = largest(values(difference).into_iter().map(f64::abs));
                assert!(worst < tolerance, "{dtype:?} {radius} {apart}: {worst:e}");
            }
        }
    });
}

/// Coincident points, nearly coincident ones, the origin and radius 9: every gradient is finite.
#[test]
fn gradients_are_finite_everywhere() {
    everywhere(|device, dtype, k| {
        let tracked = device.clone().autodiff();
        let unit = k.radius();
        for radius in [0.0_f64, 1e-20, 1e-6, 1.0, 3.0, 9.0] {
            for step in [0.0, 1e-30, 1e-12, 1e-6, 1.0] {
                let at = unit * radius.sinh();
                let space_x = [at * 0.6, at * 0.8, 0.0];
                let space_y = [space_x[0] + step, space_x[1], step];
                let leaf = |space: &[f64]| tensor(space, [1, 3], &tracked, dtype).require_grad();
                let (sx, sy) = (leaf(&space_x), leaf(&space_y));
                let (x, y) = (lift(sx.clone(), k), lift(sy.clone(), k));
                let v = origin_tangent(sx.clone() - sy.clone());
                let v = transport_from_origin(x.clone(), v, k);
                let share = sx.clone().abs().sum().add_scalar(1.0).reshape([1, 1]);
                let results = [
                    distance(x.clone(), y.clone(), k),
                    squared_distance(x.clone(), y.clone(), k),
                    distance_pairwise(x.clone(), y.clone(), k),
                    distance_from_origin(x.clone(), k),
                    tangent_norm(x.clone(), v.clone(), k),
                    exp(x.clone(), v.clone(), k),
                    exp_origin(origin_tangent(space(x.clone())), k),
                    log(x.clone(), y.clone(), k),
                    log_origin(x.clone(), k),
                    transport(x.clone(), y.clone(), v, k),
                    centroid(x.clone(), share, k),
                    midpoint(Tensor::cat(vec![x.clone(), y.clone()], 0), k),
                    from_poincare(to_poincare(x.clone(), k), k),
                    from_klein(to_klein(x.clone()), k),
                    project_within(x, 1.5, k),
                ];
                let total = results
                    .into_iter()
                    .map(|result| {
                        let largest = result.clone().detach().abs().max().add_scalar(1.0);
                        result.sum() / largest
                    })
                    .reduce(|a, b| a + b)
                    .unwrap();
                let tape = total.backward();
                for leaf in [sx, sy] {
                    let slopes = values(leaf.grad(&tape).unwrap());
                    assert!(
                        slopes.iter().all(|s| s.is_finite()),
                        "{dtype:?} radius {radius} step {step}: {slopes:?}"
                    );
                }
            }
        }
    });
}
