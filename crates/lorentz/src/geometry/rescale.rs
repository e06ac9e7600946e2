//! From one curvature to another.

use burn::tensor::Tensor;

use super::parts::space;
use super::point::lift;
use crate::Curvature;

/// The points x √(k₂ / k₁): distances in units of √k stay what they are.
///
/// # Shapes
/// - points, result: `[.., n + 1]`
pub fn change_curvature<const D: usize>(
    points: Tensor<D>,
    from: Curvature,
    to: Curvature,
) -> Tensor<D> {
    lift(space(points).mul_scalar(to.radius() / from.radius()), to)
}
