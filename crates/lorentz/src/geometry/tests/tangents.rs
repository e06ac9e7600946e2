//! Tangent vectors and their transport.

use burn::tensor::Tensor;

use crate::geometry::*;
use crate::testing::{by_type, everywhere, gap, points, values, vectors};

#[test]
fn transport_is_an_isometry() {
    everywhere(|device, dtype, curvature| {
        let options = (device, dtype);
        let x = points(40, 4, 3.0, curvature, 30, options);
        let y = points(40, 4, 3.0, curvature, 31, options);
        let [u, v] = [32, 33].map(|seed| {
            let v = vectors(40, 4, 1.0, seed, options);
            transport_from_origin(x.clone(), origin_tangent(v), curvature)
        });
        let tolerance = by_type(dtype, 1e-10, 1e-3);
        let moved = |t: &Tensor<2>| transport(x.clone(), y.clone(), t.clone(), curvature);
        let (pu, pv) = (moved(&u), moved(&v));
        let product = inner(u, v.clone());
        assert!(gap(inner(pu, pv.clone()), product) < tolerance);
        let relative = inner(y.clone(), pv.clone()) / time(y.clone()).square();
        assert!(
            values(relative)
                .iter()
                .all(|c| c.abs() < by_type(dtype, 1e-13, 1e-5))
        );
        let back = transport(y.clone(), x.clone(), pv.clone(), curvature);
        assert!(gap(back, v.clone()) < tolerance);
        // To where they are, vectors go as they are; their times are taken anew.
        let still = transport(x.clone(), x.clone(), v.clone(), curvature);
        assert_eq!(values(space(still.clone())), values(space(v.clone())));
        assert!(gap(still, v.clone()) < tolerance);

        let way = log(x.clone(), y.clone(), curvature);
        let opposite = log(y.clone(), x.clone(), curvature).neg();
        assert!(gap(moved(&way), opposite) < tolerance);

        let zero = origin(x.shape(), curvature, device, dtype);
        let to = transport(x.clone(), zero.clone(), v.clone(), curvature);
        assert!(
            gap(
                transport_to_origin(x.clone(), v.clone(), curvature),
                to.clone()
            ) < tolerance
        );
        let from = transport(zero, x.clone(), to.clone(), curvature);
        assert!(gap(transport_from_origin(x, to, curvature), from) < tolerance);
    });
}

#[test]
fn projections_are_tangent_and_orthogonal() {
    everywhere(|device, dtype, curvature| {
        let x = points(40, 4, 2.0, curvature, 34, (device, dtype));
        let g = vectors(40, 5, 2.0, 35, (device, dtype));
        let tolerance = by_type(dtype, 1e-12, 1e-4);
        let v = project_tangent(x.clone(), g.clone(), curvature);
        assert!(
            values(inner(x.clone(), v.clone()))
                .iter()
                .all(|c| c.abs() < tolerance)
        );
        assert!(gap(project_tangent(x.clone(), v.clone(), curvature), v.clone()) < tolerance);
        let norm = tangent_norm_squared(x.clone(), v.clone(), curvature);
        assert!(gap(norm, inner(v.clone(), v.clone())) < tolerance);

        // For a tangent w, the derivative g · w is ⟨grad, w⟩.
        let w = project_tangent(
            x.clone(),
            vectors(40, 5, 1.0, 36, (device, dtype)),
            curvature,
        );
        let slope = (g.clone() * w.clone()).sum_dim(1);
        let grad = to_riemannian_gradient(x, g, curvature);
        assert!(gap(inner(grad, w), slope) < tolerance);
    });
}

#[test]
fn lengths_are_limited() {
    everywhere(|device, dtype, curvature| {
        let x = points(20, 3, 1.0, curvature, 37, (device, dtype));
        let v = project_tangent(
            x.clone(),
            vectors(20, 4, 5.0, 38, (device, dtype)),
            curvature,
        );
        let norms = values(tangent_norm(x.clone(), v.clone(), curvature));
        let short = limit_norm(x.clone(), v, 1.5, curvature);
        let limited = values(tangent_norm(x.clone(), short, curvature));
        for (before, after) in norms.iter().zip(limited) {
            assert!((after - before.min(1.5)).abs() < 1e-5);
        }
        let within = project_within(x.clone(), 0.2, curvature);
        let norms = values(space(x).square().sum_dim(1).sqrt());
        let found = values(space(within.clone()).square().sum_dim(1).sqrt());
        for (before, after) in norms.iter().zip(found) {
            assert!((after - before.min(0.2)).abs() < 1e-6);
        }
        assert!(
            values(residual(within, curvature))
                .iter()
                .all(|r| *r < 1e-6)
        );
    });
}
