//! Other models, centroids, concatenation.

use burn::tensor::{DType, Tensor};

use crate::Curvature;
use crate::geometry::*;
use crate::testing::{by_type, devices, everywhere, gap, gap_of, points, tensor, values, vectors};

#[test]
fn balls_and_back() {
    everywhere(|device, dtype, curvature| {
        let x = points(40, 4, 3.0, curvature, 20, (device, dtype));
        let y = points(40, 4, 3.0, curvature, 21, (device, dtype));
        let tolerance = by_type(dtype, 1e-9, 1e-3);
        let (p, q) = (
            to_poincare(x.clone(), curvature),
            to_poincare(y.clone(), curvature),
        );
        assert!(gap(from_poincare(p.clone(), curvature), x.clone()) < tolerance);
        assert!(gap(from_klein(to_klein(x.clone()), curvature), x.clone()) < tolerance);

        // d = √k acosh(1 + 2 |p − q|² k / ((k − |p|²)(k − |q|²))) in the ball of radius √k.
        let k = curvature.k();
        let margin = |p: &Tensor<2>| p.clone().square().sum_dim(1).neg().add_scalar(k);
        let ratio = (p.clone() - q.clone()).square().sum_dim(1) / (margin(&p) * margin(&q));
        let expected = ratio
            .mul_scalar(2.0 * k)
            .add_scalar(1.0)
            .acosh()
            .mul_scalar(k.sqrt());
        assert!(gap(distance(x, y, curvature), expected) < tolerance);
    });
}

/// s = (3, 0) with k = 16 has t = 5: Klein 0.6, Poincaré 4 · 3 / 9.
#[test]
fn worked_by_hand() {
    let k = Curvature::from_k(16.0).unwrap();
    for device in devices() {
        let x = lift(tensor(&[3.0, 0.0], [1, 2], &device, DType::F64), k);
        assert_eq!(values(to_klein(x.clone())), [0.6, 0.0]);
        let p = values(to_poincare(x.clone(), k));
        assert!((p[0] - 12.0 / 9.0).abs() < 1e-15);
        // To k = 4 the point halves; two copies in one have t² = 2 · 25 − 16.
        let half = change_curvature(x.clone(), k, Curvature::from_k(4.0).unwrap());
        assert_eq!(values(half), [2.5, 1.5, 0.0]);
        let both = values(concat(vec![x.clone(), x], k));
        assert_eq!(both[1..], [3.0, 0.0, 3.0, 0.0]);
        assert!((both[0] - 34.0_f64.sqrt()).abs() < 1e-15);
    }
}

#[test]
fn points_outside_the_balls_come_back_inside() {
    everywhere(|device, dtype, curvature| {
        let outside = tensor(&[5.0, 0.0, 1.0, 1.0], [2, 2], device, dtype);
        for x in [
            from_poincare(outside.clone().mul_scalar(curvature.radius()), curvature),
            from_klein(outside, curvature),
        ] {
            let found = values(residual(x, curvature));
            assert!(
                found.iter().all(|r| *r < by_type(dtype, 1e-12, 1e-5)),
                "{found:?}"
            );
        }
    });
}

/// The value of Σ wⱼ d²_L(xⱼ, c) is −2kΣw + 2√k |a|, and no neighbor of c has a smaller one.
#[test]
fn centroids_are_optimal() {
    everywhere(|device, dtype, curvature| {
        let k = curvature.k();
        let x = points(8, 4, 2.0, curvature, 22, (device, dtype));
        let w = vectors(1, 8, 2.0, 23, (device, dtype)).abs();
        let c = centroid(x.clone(), w.clone(), curvature);
        let objective = |c: Tensor<2>| {
            let d = squared_distance(x.clone(), c, curvature);
            values(w.clone().matmul(d))[0]
        };
        let best = objective(c.clone());
        let a = w.clone().matmul(x.clone());
        let length = values(inner(a.clone(), a))[0].abs().sqrt();
        let expected = -2.0 * k * values(w.clone().sum())[0] + 2.0 * k.sqrt() * length;
        assert!(gap_of(&[best], &[expected]) < by_type(dtype, 1e-10, 1e-4));
        for seed in 0..100 {
            let v = vectors(1, 5, 0.5, 100 + seed, (device, dtype));
            let other = exp(
                c.clone(),
                project_tangent(c.clone(), v, curvature),
                curvature,
            );
            assert!(objective(other) > best - by_type(dtype, 1e-10, 1e-4));
        }

        let order: Vec<usize> = vec![3, 1, 7, 0, 2, 6, 5, 4];
        let shuffle = |t: &Tensor<2>, axis: usize| {
            let parts = order
                .iter()
                .map(|&at| t.clone().narrow(axis, at, 1))
                .collect();
            Tensor::cat(parts, axis)
        };
        let tolerance = by_type(dtype, 1e-12, 1e-5);
        let again = centroid(shuffle(&x, 0), shuffle(&w, 1).mul_scalar(7.0), curvature);
        assert!(gap(again, c) < tolerance);
        let all = centroid(
            x.clone(),
            x.ones_like().narrow(1, 0, 1).transpose(),
            curvature,
        );
        assert!(gap(midpoint(x, curvature), all) < tolerance);
    });
}

#[test]
fn one_weighted_point_is_its_centroid_and_none_gives_the_origin() {
    everywhere(|device, dtype, curvature| {
        let x = points(3, 4, 9.0, curvature, 24, (device, dtype));
        let w = tensor(&[0.0, 2.5, 0.0, 0.0, 0.0, 0.0], [2, 3], device, dtype);
        let found = centroid(x.clone(), w, curvature);
        let expected = x.narrow(0, 1, 1);
        let relative = found.clone().narrow(0, 0, 1) / time(expected.clone());
        let truth = expected.clone() / time(expected);
        assert!(gap(relative, truth) < by_type(dtype, 1e-9, 1e-5));
        let zero = values(found.narrow(0, 1, 1));
        assert!((zero[0] - curvature.radius()).abs() < 1e-6);
        assert_eq!(zero[1..], [0.0; 4]);
    });
}
