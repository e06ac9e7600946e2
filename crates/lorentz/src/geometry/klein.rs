//! The Klein (Beltrami) ball of radius 1, where geodesics are straight lines.

use burn::tensor::Tensor;

use super::parts::{space, sum_squares, time};
use super::poincare::inside_unit_ball;
use super::point::lift;
use crate::Curvature;

/// s / t, inside the unit ball for every curvature.
///
/// # Shapes
/// - points: `[.., n + 1]`
/// - result: `[.., n]`
pub fn to_klein<const D: usize>(points: Tensor<D>) -> Tensor<D> {
    space(points.clone()) / time(points)
}

/// The points of the hyperboloid that [`to_klein`] sends to `ball`, kept inside as in
/// [`from_poincare`](super::from_poincare).
///
/// # Shapes
/// - ball: `[.., n]`
/// - result: `[.., n + 1]`
pub fn from_klein<const D: usize>(ball: Tensor<D>, curvature: Curvature) -> Tensor<D> {
    let ball = inside_unit_ball(ball);
    let scale = sum_squares(ball.clone())
        .neg()
        .add_scalar(1.0)
        .sqrt()
        .recip()
        .mul_scalar(curvature.radius());
    lift(ball * scale, curvature)
}
