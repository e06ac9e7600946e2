//! The exponential map: where geodesics lead.

use burn::tensor::Tensor;

use super::parts::{join, space, sum_squares};
use super::point::lift;
use super::precision::Precision;
use super::stable::{cosh_root, sinhc_root, sqrt_or_zero};
use super::tangent::{tangent_norm, tangent_norm_squared};
use crate::Curvature;

/// exp_x(v) = cosh(a) x + (sinh(a) / a) v with a = |v| / √k.
///
/// Vectors longer than 20 √k in single and 170 √k in double precision are shortened to that length,
/// because numbers beyond have no room in the type; the results are always points.
///
/// # Shapes
/// - points, tangents, result: `[.., n + 1]`
pub fn exp<const D: usize>(
    points: Tensor<D>,
    tangents: Tensor<D>,
    curvature: Curvature,
) -> Tensor<D> {
    let longest = Precision::of(points.dtype()).longest * curvature.radius();
    let tangents = limit_norm(points.clone(), tangents, longest, curvature);
    let q =
        tangent_norm_squared(points.clone(), tangents.clone(), curvature).div_scalar(curvature.k());
    let along = cosh_root(q.clone()) * space(points);
    lift(along + sinhc_root(q) * space(tangents), curvature)
}

/// exp at the origin, (√k cosh a, (sinh(a) / a) v_s), of tangent vectors whose time is 0.
///
/// Long vectors are shortened as in [`exp`].
///
/// # Shapes
/// - tangents, result: `[.., n + 1]`
pub fn exp_origin<const D: usize>(tangents: Tensor<D>, curvature: Curvature) -> Tensor<D> {
    let longest = Precision::of(tangents.dtype()).longest * curvature.radius();
    let space = space(tangents);
    let norm = sqrt_or_zero(sum_squares(space.clone()));
    let space = space * norm.clamp_min(longest).recip().mul_scalar(longest);
    let q = sum_squares(space.clone()).div_scalar(curvature.k());
    lift(sinhc_root(q) * space, curvature)
}

/// Tangent vectors at the origin with these space components: a 0 before each.
///
/// # Shapes
/// - space: `[.., n]`
/// - result: `[.., n + 1]`
pub fn origin_tangent<const D: usize>(space: Tensor<D>) -> Tensor<D> {
    let mut dims = space.dims();
    dims[D - 1] = 1;
    let zeros = Tensor::zeros(dims, (&space.device(), space.dtype()));
    join(zeros, space)
}

/// Tangent vectors scaled down to a Riemannian norm of at most `max_norm`.
///
/// # Shapes
/// - points, tangents, result: `[.., n + 1]`
pub fn limit_norm<const D: usize>(
    points: Tensor<D>,
    tangents: Tensor<D>,
    max_norm: f64,
    curvature: Curvature,
) -> Tensor<D> {
    let norm = tangent_norm(points, tangents.clone(), curvature);
    tangents * norm.clamp_min(max_norm).recip().mul_scalar(max_norm)
}
