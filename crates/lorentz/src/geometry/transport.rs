//! Parallel transport of tangent vectors along geodesics.

use burn::tensor::Tensor;

use super::exp::origin_tangent;
use super::inner::inner;
use super::parts::{dot, join, space, time};
use super::separation::separation;
use super::tangent::{space_at_origin, with_tangent_time};
use crate::Curvature;

/// The transport v + ⟨y, v⟩ / (k − ⟨x, y⟩) · (x + y) of tangent vectors at `from` to `to`.
///
/// The denominator is at least 2k, so coincident points need no care.
///
/// # Shapes
/// - from, to, tangents, result: `[.., n + 1]`
pub fn transport<const D: usize>(
    from: Tensor<D>,
    to: Tensor<D>,
    tangents: Tensor<D>,
    curvature: Curvature,
) -> Tensor<D> {
    let denominator = separation(from.clone(), to.clone(), curvature)
        .add_scalar(1.0)
        .mul_scalar(2.0 * curvature.k());
    let share = inner(to.clone() - from.clone(), tangents.clone()) / denominator;
    let moved = space(tangents) + share * (space(from) + space(to.clone()));
    with_tangent_time(to, moved)
}

/// The transport of tangent vectors (0, v) at the origin to `to`.
///
/// # Shapes
/// - to, tangents, result: `[.., n + 1]`
pub fn transport_from_origin<const D: usize>(
    to: Tensor<D>,
    tangents: Tensor<D>,
    curvature: Curvature,
) -> Tensor<D> {
    let (target, part) = (space(to.clone()), space(tangents));
    let along = dot(target.clone(), part.clone()).div_scalar(curvature.radius());
    let share = along.clone() / time(to).add_scalar(curvature.radius());
    join(along, part + share * target)
}

/// The transport of tangent vectors at `from` to the origin, where their time is 0.
///
/// # Shapes
/// - from, tangents, result: `[.., n + 1]`
pub fn transport_to_origin<const D: usize>(
    from: Tensor<D>,
    tangents: Tensor<D>,
    curvature: Curvature,
) -> Tensor<D> {
    origin_tangent(space_at_origin(from, tangents, curvature))
}
