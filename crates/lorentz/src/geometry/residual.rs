//! How far off the hyperboloid points are.

use burn::tensor::Tensor;

use super::parts::{space, sum_squares, time};
use crate::Curvature;

/// |⟨x, x⟩ + k| / x₀².
///
/// The residual itself grows with the squared time by rounding alone, so a fixed limit would refuse
/// good points far out; relative to it, points of this module stay below 1e-6 in single precision. The
/// lower sheet, −x for a point x, has the same residual: only the sign of the time tells it apart.
///
/// # Shapes
/// - points: `[.., n + 1]`
/// - result: `[.., 1]`
pub fn residual<const D: usize>(points: Tensor<D>, curvature: Curvature) -> Tensor<D> {
    let time = time(points.clone());
    let squares = sum_squares(space(points) / time.clone());
    let share = time.recip().mul_scalar(curvature.radius()).square();
    (squares + share).sub_scalar(1.0).abs()
}
