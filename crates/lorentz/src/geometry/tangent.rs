//! Tangent vectors: v with ⟨x, v⟩ = 0.

use burn::tensor::Tensor;

use super::inner::inner;
use super::parts::{dot, join, space, sum_squares, time};
use super::stable::sqrt_or_zero;
use crate::Curvature;

/// The orthogonal projection v + ⟨x, v⟩ x / k of ambient vectors to the tangent spaces of `points`.
///
/// # Shapes
/// - points, vectors, result: `[.., n + 1]`
pub fn project_tangent<const D: usize>(
    points: Tensor<D>,
    vectors: Tensor<D>,
    curvature: Curvature,
) -> Tensor<D> {
    let along = inner(points.clone(), vectors.clone()).div_scalar(curvature.k());
    let space = space(vectors) + along * space_of(&points);
    with_tangent_time(points, space)
}

/// ⟨v, v⟩ of tangent vectors, at least 0.
///
/// It is taken as |v_s − v₀ x_s / (x₀ + √k)|², the norm after the transport to the origin: a sum of
/// squares, where ⟨v, v⟩ itself cancels for points far out.
///
/// # Shapes
/// - points, vectors: `[.., n + 1]`
/// - result: `[.., 1]`
pub fn tangent_norm_squared<const D: usize>(
    points: Tensor<D>,
    vectors: Tensor<D>,
    curvature: Curvature,
) -> Tensor<D> {
    sum_squares(space_at_origin(points, vectors, curvature))
}

/// The Riemannian norms √⟨v, v⟩ of tangent vectors; the gradient at v = 0 is 0.
///
/// # Shapes
/// - points, vectors: `[.., n + 1]`
/// - result: `[.., 1]`
pub fn tangent_norm<const D: usize>(
    points: Tensor<D>,
    vectors: Tensor<D>,
    curvature: Curvature,
) -> Tensor<D> {
    sqrt_or_zero(tangent_norm_squared(points, vectors, curvature))
}

/// The tangent vectors at `points` with these space components: v₀ = x_s · v_s / x₀.
pub(super) fn with_tangent_time<const D: usize>(
    points: Tensor<D>,
    space_part: Tensor<D>,
) -> Tensor<D> {
    let velocity = space_of(&points) / time(points);
    join(dot(velocity, space_part.clone()), space_part)
}

/// The space components of tangent vectors after their transport to the origin.
pub(super) fn space_at_origin<const D: usize>(
    points: Tensor<D>,
    vectors: Tensor<D>,
    curvature: Curvature,
) -> Tensor<D> {
    let share = time(vectors.clone()) / time(points.clone()).add_scalar(curvature.radius());
    space(vectors) - share * space(points)
}

fn space_of<const D: usize>(vectors: &Tensor<D>) -> Tensor<D> {
    space(vectors.clone())
}
