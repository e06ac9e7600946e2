//! Every operation stays on the hyperboloid for inputs of every size.

use crate::Curvature;
use crate::geometry::*;
use crate::testing::{by_type, everywhere, on_manifold, sizes, values};

/// Rows of zeros, and rows with norms from 1e-30 to 1e15.
#[test]
fn results_are_points_for_inputs_of_every_size() {
    everywhere(|device, dtype, curvature| {
        let wide = sizes(4, (device, dtype));
        let rows = wide.dims()[0];
        let x = lift(wide.clone(), curvature);
        on_manifold(x.clone(), curvature);
        on_manifold(project(x.clone(), curvature), curvature);
        on_manifold(project_within(x.clone(), 1.5, curvature), curvature);
        on_manifold(
            exp_origin(origin_tangent(wide.clone()), curvature),
            curvature,
        );
        on_manifold(from_poincare(wide.clone(), curvature), curvature);
        on_manifold(from_klein(wide.clone(), curvature), curvature);
        on_manifold(midpoint(x.clone(), curvature), curvature);
        let w = wide.clone().abs().narrow(1, 0, 1).transpose();
        on_manifold(centroid(x.clone(), w, curvature), curvature);
        on_manifold(concat(vec![x.clone(), x.clone()], curvature), curvature);
        let four = Curvature::from_k(4.0).unwrap();
        on_manifold(change_curvature(x.clone(), curvature, four), four);

        let base = crate::testing::points(rows, 4, 3.0, curvature, 41, (device, dtype));
        let v = transport_from_origin(base.clone(), origin_tangent(wide), curvature);
        on_manifold(exp(base.clone(), v.clone(), curvature), curvature);
        let w = transport(base, x.clone(), v, curvature);
        let limit = by_type(dtype, 1e-12, 1e-5);
        let size = w.clone().abs().max_dim(1).add_scalar(1e-30);
        let relative = values(inner(x.clone() / time(x), w / size).abs());
        assert!(relative.iter().all(|c| *c <= limit), "{relative:?}");
    });
}
