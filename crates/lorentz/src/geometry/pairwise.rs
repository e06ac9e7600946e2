//! Inner products and distances between all pairs, by one matrix product.

use burn::tensor::Tensor;

use super::parts::{join, space, time};
use super::stable::{asinhc_root, sqrt_or_zero};
use crate::Curvature;

/// ⟨xᵢ, yⱼ⟩ of all pairs.
///
/// # Shapes
/// - x: `[.., rows, n + 1]`
/// - y: `[.., columns, n + 1]`
/// - result: `[.., rows, columns]`
pub fn inner_pairwise<const D: usize>(x: Tensor<D>, y: Tensor<D>) -> Tensor<D> {
    let flipped = join(time(x.clone()).neg(), space(x));
    flipped.matmul(y.swap_dims(D - 2, D - 1))
}

/// The squared Lorentzian distances −2k − 2⟨xᵢ, yⱼ⟩ of all pairs, at least 0.
///
/// The absolute error is about the type's epsilon times the product of the two times: fine for
/// scores, useless for telling near duplicates apart.
///
/// # Shapes
/// - x: `[.., rows, n + 1]`
/// - y: `[.., columns, n + 1]`
/// - result: `[.., rows, columns]`
pub fn squared_distance_pairwise<const D: usize>(
    x: Tensor<D>,
    y: Tensor<D>,
    curvature: Curvature,
) -> Tensor<D> {
    inner_pairwise(x, y)
        .add_scalar(curvature.k())
        .mul_scalar(-2.0)
        .clamp_min(0.0)
}

/// The geodesic distances of all pairs; precise as [`squared_distance_pairwise`] is.
///
/// # Shapes
/// - x: `[.., rows, n + 1]`
/// - y: `[.., columns, n + 1]`
/// - result: `[.., rows, columns]`
pub fn distance_pairwise<const D: usize>(
    x: Tensor<D>,
    y: Tensor<D>,
    curvature: Curvature,
) -> Tensor<D> {
    let h = squared_distance_pairwise(x, y, curvature).div_scalar(4.0 * curvature.k());
    let scale = 2.0 * curvature.radius();
    (sqrt_or_zero(h.clone()) * asinhc_root(h)).mul_scalar(scale)
}
