//! The Poincaré ball of radius √k.

use burn::tensor::Tensor;

use super::parts::{space, sum_squares, time};
use super::point::lift;
use super::precision::Precision;
use super::stable::sqrt_or_zero;
use crate::Curvature;

/// √k s / (t + √k), inside the ball of radius √k.
///
/// Other libraries leave out the leading √k and get the unit ball.
///
/// # Shapes
/// - points: `[.., n + 1]`
/// - result: `[.., n]`
pub fn to_poincare<const D: usize>(points: Tensor<D>, curvature: Curvature) -> Tensor<D> {
    let radius = curvature.radius();
    let scale = time(points.clone())
        .add_scalar(radius)
        .recip()
        .mul_scalar(radius);
    space(points) * scale
}

/// The points of the hyperboloid that [`to_poincare`] sends to `ball`.
///
/// Vectors that rounding has put on the border or outside come back to the largest norm below √k that
/// the type can tell from it.
///
/// # Shapes
/// - ball: `[.., n]`
/// - result: `[.., n + 1]`
pub fn from_poincare<const D: usize>(ball: Tensor<D>, curvature: Curvature) -> Tensor<D> {
    let unit = inside_unit_ball(ball.div_scalar(curvature.radius()));
    let squares = sum_squares(unit.clone());
    let scale = squares
        .neg()
        .add_scalar(1.0)
        .recip()
        .mul_scalar(2.0 * curvature.radius());
    lift(unit * scale, curvature)
}

/// Vectors with a norm below 1 by at least the type's margin.
pub(super) fn inside_unit_ball<const D: usize>(vectors: Tensor<D>) -> Tensor<D> {
    let largest = 1.0 - Precision::of(vectors.dtype()).margin;
    let norm = sqrt_or_zero(sum_squares(vectors.clone()));
    vectors * norm.clamp_min(largest).recip().mul_scalar(largest)
}
