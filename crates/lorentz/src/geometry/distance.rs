//! Distances between two points.

use burn::tensor::Tensor;

use super::parts::{space, sum_squares};
use super::separation::separation;
use super::stable::{asinhc_root, sqrt_or_zero};
use crate::Curvature;

/// The squared Lorentzian distance d²_L = ⟨x − y, x − y⟩ = −2k − 2⟨x, y⟩ = 4k sinh²(d / 2√k).
///
/// It is neither the square of [`distance`] nor a metric: the triangle inequality does not hold for
/// it or its root.
///
/// # Shapes
/// - x, y: `[.., n + 1]`
/// - result: `[.., 1]`
pub fn squared_distance<const D: usize>(
    x: Tensor<D>,
    y: Tensor<D>,
    curvature: Curvature,
) -> Tensor<D> {
    separation(x, y, curvature).mul_scalar(4.0 * curvature.k())
}

/// The geodesic distance √k acosh(−⟨x, y⟩ / k), taken as 2√k asinh √h without cancellation. The
/// gradient at coincident points is 0.
///
/// # Shapes
/// - x, y: `[.., n + 1]`
/// - result: `[.., 1]`
pub fn distance<const D: usize>(x: Tensor<D>, y: Tensor<D>, curvature: Curvature) -> Tensor<D> {
    let h = separation(x, y, curvature);
    (sqrt_or_zero(h.clone()) * asinhc_root(h)).mul_scalar(2.0 * curvature.radius())
}

/// The geodesic distance √k asinh(|x_s| / √k) from the origin.
///
/// # Shapes
/// - points: `[.., n + 1]`
/// - result: `[.., 1]`
pub fn distance_from_origin<const D: usize>(points: Tensor<D>, curvature: Curvature) -> Tensor<D> {
    let squares = sum_squares(space(points));
    sqrt_or_zero(squares.clone()) * asinhc_root(squares.div_scalar(curvature.k()))
}
