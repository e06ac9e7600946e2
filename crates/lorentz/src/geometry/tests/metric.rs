//! Distances as a metric, exp and log.

use proptest::prelude::*;

use crate::Curvature;
use crate::geometry::*;
use crate::testing::{
    by_type, curvatures, devices, everywhere, gap, gap_of, points, tensor, values, vectors,
};

use burn::tensor::{DType, Tensor};

#[test]
fn worked_by_hand() {
    // k = 4, s = 2 sinh 1 along one axis: d = √k · 1 = 2 from the origin, and 4 to the mirror point.
    let k = Curvature::from_k(4.0).unwrap();
    for device in devices() {
        let at = 2.0 * 1.0_f64.sinh();
        let x = lift(tensor(&[at, 0.0], [1, 2], &device, DType::F64), k);
        let y = lift(tensor(&[-at, 0.0], [1, 2], &device, DType::F64), k);
        let zero = origin([1, 3], k, &device, DType::F64);
        assert_eq!(values(zero.clone()), [2.0, 0.0, 0.0]);
        assert!((values(x.clone())[0] - 2.0 * 1.0_f64.cosh()).abs() < 1e-14);
        let d = |a: &Tensor<2>, b: &Tensor<2>| values(distance(a.clone(), b.clone(), k))[0];
        assert!((d(&x, &zero) - 2.0).abs() < 1e-14);
        assert!((d(&x, &y) - 4.0).abs() < 1e-14);
        // d²_L = 4k sinh²(d / 2√k) = 16 sinh² 1.
        let square = values(squared_distance(x.clone(), y, k))[0];
        assert!((square - 16.0 * 1.0_f64.sinh().powi(2)).abs() < 1e-12);
        let way = values(log(zero.clone(), x.clone(), k));
        assert!((way[1] - 2.0).abs() < 1e-14 && way[0] == 0.0);
        let back = values(exp_origin(
            origin_tangent(tensor(&[2.0, 0.0], [1, 2], &device, DType::F64)),
            k,
        ));
        assert!((back[1] - at).abs() < 1e-14);
    }
}

#[test]
fn distance_is_a_metric() {
    everywhere(|device, dtype, curvature| {
        let unit = curvature.radius();
        let [x, y, z] = [1, 2, 3].map(|seed| points(40, 5, 3.0, curvature, seed, (device, dtype)));
        let d = |a: &Tensor<2>, b: &Tensor<2>| distance(a.clone(), b.clone(), curvature);
        let (xy, yx) = (d(&x, &y), d(&y, &x));
        let epsilon = by_type(dtype, f64::EPSILON, f64::from(f32::EPSILON));
        assert!(gap(xy.clone(), yx) <= 4.0 * epsilon);
        assert!(values(d(&x, &x)).iter().all(|d| *d == 0.0));
        assert!(values(xy.clone()).iter().all(|d| *d > 0.0));
        let slack = values(d(&x, &y) + d(&y, &z) - d(&x, &z));
        assert!(
            slack.iter().all(|s| *s > -by_type(dtype, 1e-9, 1e-4)),
            "{slack:?}"
        );

        let square = squared_distance(x.clone(), y.clone(), curvature);
        let expected = xy
            .clone()
            .div_scalar(2.0 * unit)
            .sinh()
            .square()
            .mul_scalar(4.0 * unit * unit);
        assert!(gap(square, expected) < by_type(dtype, 1e-10, 1e-4));
        let length = tangent_norm(x.clone(), log(x.clone(), y.clone(), curvature), curvature);
        assert!(gap(length, xy.clone()) < by_type(dtype, 1e-9, 1e-4));

        let pairs = distance_pairwise(x.clone(), y.clone(), curvature);
        let rows = distance(x.unsqueeze_dim::<3>(1), y.unsqueeze_dim::<3>(0), curvature);
        let rows: Tensor<2> = rows.reshape([40, 40]);
        let own: Vec<f64> = values(rows.clone()).into_iter().step_by(41).collect();
        assert!(gap_of(&own, &values(xy)) < by_type(dtype, 1e-12, 1e-5));
        assert!(gap(pairs, rows) < by_type(dtype, 1e-7, 1e-2));
    });
}

#[test]
fn exp_and_log_are_inverse() {
    everywhere(|device, dtype, curvature| {
        let unit = curvature.radius();
        let tolerance = by_type(dtype, 1e-10, 1e-4);
        // The error of exp grows like e^d: of opposite points at radius 3, single precision keeps less.
        for (reach, tolerance) in [(2.5, tolerance), (3.0, by_type(dtype, 1e-10, 5e-4))] {
            let [x, y] = [4, 5].map(|seed| points(40, 5, reach, curvature, seed, (device, dtype)));
            let times = time(y.clone());
            let back = exp(x.clone(), log(x, y.clone(), curvature), curvature);
            assert!(gap(back / times.clone(), y / times) < tolerance);
        }
        let [x, y] = [4, 5].map(|seed| points(40, 5, 3.0, curvature, seed, (device, dtype)));
        let times = time(y.clone());
        let back = exp_origin(log_origin(y.clone(), curvature), curvature);
        assert!(gap(back / times.clone(), y / times) < tolerance);

        let near = points(40, 5, 3.0, curvature, 6, (device, dtype));
        let v = transport_from_origin(
            near.clone(),
            origin_tangent(vectors(40, 5, 3.0 * unit, 7, (device, dtype))),
            curvature,
        );
        let end = exp(near.clone(), v.clone(), curvature);
        assert!(gap(log(near, end, curvature), v) < by_type(dtype, 1e-9, 1e-4));

        assert!(
            values(log(x.clone(), x.clone(), curvature))
                .iter()
                .all(|c| *c == 0.0)
        );
        assert_eq!(values(exp(x.clone(), x.zeros_like(), curvature)), values(x));
    });
}

/// Operations on √k x are √k times those on x in the unit space, or the same where they are numbers
/// without a length.
#[test]
fn curvature_only_scales() {
    for device in devices() {
        let options = (&device, DType::F64);
        let one = Curvature::UNIT;
        let x = points(30, 4, 2.0, one, 8, options);
        let y = points(30, 4, 2.0, one, 9, options);
        let v = project_tangent(x.clone(), vectors(30, 5, 1.0, 10, options), one);
        let w = vectors(3, 30, 1.0, 11, options).abs();
        for k in curvatures() {
            let r = k.radius();
            let scaled = |t: &Tensor<2>| t.clone().mul_scalar(r);
            let (kx, ky, kv) = (scaled(&x), scaled(&y), scaled(&v));
            let check = |found: Tensor<2>, unit: Tensor<2>, factor: f64| {
                let gap = gap(found, unit.mul_scalar(factor));
                assert!(gap < 1e-12, "{gap:e}");
            };
            let (x, y, v) = (x.clone(), y.clone(), v.clone());
            check(lift(space(kx.clone()), k), x.clone(), r);
            check(
                project_tangent(kx.clone(), scaled(&y), k),
                project_tangent(x.clone(), y.clone(), one),
                r,
            );
            check(
                distance(kx.clone(), ky.clone(), k),
                distance(x.clone(), y.clone(), one),
                r,
            );
            check(
                squared_distance(kx.clone(), ky.clone(), k),
                squared_distance(x.clone(), y.clone(), one),
                r * r,
            );
            check(
                distance_pairwise(kx.clone(), ky.clone(), k),
                distance_pairwise(x.clone(), y.clone(), one),
                r,
            );
            check(
                distance_from_origin(kx.clone(), k),
                distance_from_origin(x.clone(), one),
                r,
            );
            check(
                exp(kx.clone(), kv.clone(), k),
                exp(x.clone(), v.clone(), one),
                r,
            );
            check(
                log(kx.clone(), ky.clone(), k),
                log(x.clone(), y.clone(), one),
                r,
            );
            check(log_origin(kx.clone(), k), log_origin(x.clone(), one), r);
            check(exp_origin(kv.clone(), k), exp_origin(v.clone(), one), r);
            check(
                transport(kx.clone(), ky.clone(), kv.clone(), k),
                transport(x.clone(), y.clone(), v.clone(), one),
                r,
            );
            check(
                transport_to_origin(kx.clone(), kv.clone(), k),
                transport_to_origin(x.clone(), v.clone(), one),
                r,
            );
            check(
                transport_from_origin(ky.clone(), kv.clone(), k),
                transport_from_origin(y.clone(), v.clone(), one),
                r,
            );
            check(
                to_riemannian_gradient(kx.clone(), kv.clone(), k),
                to_riemannian_gradient(x.clone(), v, one),
                r,
            );
            check(
                centroid(kx.clone(), w.clone(), k),
                centroid(x.clone(), w.clone(), one),
                r,
            );
            check(to_poincare(kx.clone(), k), to_poincare(x.clone(), one), r);
            check(to_klein(kx.clone()), to_klein(x.clone()), 1.0);
            check(
                concat(vec![kx.clone(), ky.clone()], k),
                concat(vec![x.clone(), y], one),
                r,
            );
            check(change_curvature(x, one, k), kx, 1.0);
        }
    }
}

/// The same for what [`curvature_only_scales`] leaves out.
#[test]
fn curvature_only_scales_products_lengths_and_models() {
    for device in devices() {
        let options = (&device, DType::F64);
        let one = Curvature::UNIT;
        let x = points(30, 4, 2.0, one, 18, options);
        let y = points(30, 4, 2.0, one, 19, options);
        let v = project_tangent(x.clone(), vectors(30, 5, 3.0, 20, options), one);
        let (ball, disk) = (to_poincare(x.clone(), one), to_klein(x.clone()));
        for k in curvatures() {
            let r = k.radius();
            let pair = |t: &Tensor<2>| (t.clone(), t.clone().mul_scalar(r));
            let check = |found: Tensor<2>, unit: Tensor<2>, factor: f64| {
                let gap = gap(found, unit.mul_scalar(factor));
                assert!(gap < 1e-12, "{gap:e}");
            };
            let ((x, kx), (y, ky), (v, kv)) = (pair(&x), pair(&y), pair(&v));
            let both = |f: &dyn Fn(Tensor<2>, Tensor<2>, Curvature) -> Tensor<2>| {
                (f(kx.clone(), ky.clone(), k), f(x.clone(), y.clone(), one))
            };
            for (found, unit) in [
                both(&|x, y, _| inner(x, y)),
                both(&|x, y, _| inner_pairwise(x, y)),
                both(&squared_distance_pairwise),
            ] {
                check(found, unit, r * r);
            }
            check(
                tangent_norm_squared(kx.clone(), kv.clone(), k),
                tangent_norm_squared(x.clone(), v.clone(), one),
                r * r,
            );
            check(
                tangent_norm(kx.clone(), kv.clone(), k),
                tangent_norm(x.clone(), v.clone(), one),
                r,
            );
            check(
                limit_norm(kx.clone(), kv.clone(), 0.5 * r, k),
                limit_norm(x.clone(), v.clone(), 0.5, one),
                r,
            );
            check(project(kv.clone(), k), project(v.clone(), one), r);
            check(
                project_within(kv, 1.5 * r, k),
                project_within(v, 1.5, one),
                r,
            );
            check(midpoint(kx.clone(), k), midpoint(x.clone(), one), r);
            check(
                from_poincare(ball.clone().mul_scalar(r), k),
                from_poincare(ball.clone(), one),
                r,
            );
            check(
                from_klein(disk.clone(), k),
                from_klein(disk.clone(), one),
                r,
            );
        }
    }
}

/// For nearly flat spaces, distances near the origin are Euclidean.
#[test]
fn flat_spaces_are_euclidean() {
    let k = Curvature::from_k(1e6).unwrap();
    for device in devices() {
        for dtype in [DType::F64, DType::F32] {
            let a = vectors(20, 3, 2.0, 12, (&device, dtype));
            let b = vectors(20, 3, 2.0, 13, (&device, dtype));
            let flat = (a.clone() - b.clone()).square().sum_dim(1).sqrt();
            let d = distance(lift(a, k), lift(b, k), k);
            assert!(gap(d, flat) < 1e-3);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Symmetry, the triangle inequality and the two inverse maps, for any three points.
    #[test]
    fn any_three_points(
        numbers in proptest::collection::vec(-4.0..4.0_f64, 9),
        k in prop_oneof![Just(0.25), Just(1.0), Just(4.0)],
    ) {
        let k = Curvature::from_k(k).unwrap();
        for device in devices() {
            let all = lift(tensor(&numbers, [3, 3], &device, DType::F64), k);
            let [x, y, z] = [0, 1, 2].map(|row| all.clone().narrow(0, row, 1));
            let d = |a: &Tensor<2>, b: &Tensor<2>| values(distance(a.clone(), b.clone(), k))[0];
            prop_assert!((d(&x, &y) - d(&y, &x)).abs() <= 4.0 * f64::EPSILON * d(&x, &y));
            prop_assert!(d(&x, &z) <= d(&x, &y) + d(&y, &z) + 1e-9);
            let back = exp(x.clone(), log(x.clone(), y.clone(), k), k);
            prop_assert!(gap(back, y) < 1e-9);
        }
    }
}
