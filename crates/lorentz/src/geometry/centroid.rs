//! Weighted centroids (HyboNet, arXiv:2105.14686, after Law et al. 2019).

use burn::tensor::Tensor;

use super::distance::squared_distance;
use super::parts::{space, sum_squares, time};
use super::point::lift;
use crate::Curvature;

/// √k a / √(−⟨a, a⟩) with a = Σⱼ wⱼ xⱼ: the exact minimum of Σⱼ wⱼ d²_L(xⱼ, ·).
///
/// −⟨a, a⟩ is the difference of two squares, which loses more digits than [`distance`](super::distance)
/// does: in single precision the result is within .03 √k of the exact centroid up to a radius of 6 √k,
/// and beyond 7 √k its radius means little. Double precision comes to the same at about 16 √k.
///
/// # Shapes
/// - points: `[.., n_points, n + 1]`
/// - weights: `[.., n_centroids, n_points]`, not negative; a row of zeros gives the origin
/// - result: `[.., n_centroids, n + 1]`
pub fn centroid<const D: usize>(
    points: Tensor<D>,
    weights: Tensor<D>,
    curvature: Curvature,
) -> Tensor<D> {
    let totals = weights.clone().sum_dim(D - 1);
    centroid_of_sum(weights.matmul(points), totals, curvature)
}

/// The centroid of all points of the last axis but one, equally weighted.
///
/// # Shapes
/// - points: `[.., n_points, n + 1]`
/// - result: `[.., 1, n + 1]`
pub fn midpoint<const D: usize>(points: Tensor<D>, curvature: Curvature) -> Tensor<D> {
    let sums = points.mean_dim(D - 2);
    let ones = time(sums.clone()).detach().ones_like();
    centroid_of_sum(sums, ones, curvature)
}

/// The centroid of two points with the weights 1 − `share` and `share`.
///
/// Here −⟨a, a⟩ is k + share (1 − share) d²_L(x, y), a sum of terms that are not negative, so that it is
/// as precise as the distance.
///
/// # Shapes
/// - x, y, result: `[.., n + 1]`
/// - share: `[.., 1]` or 1 in place of an axis, from 0 to 1
pub(crate) fn centroid_of_two<const D: usize>(
    x: Tensor<D>,
    y: Tensor<D>,
    share: Tensor<D>,
    curvature: Curvature,
) -> Tensor<D> {
    let rest = share.clone().neg().add_scalar(1.0);
    let product = share.clone() * rest.clone();
    let sum = space(x.clone()) * rest + space(y.clone()) * share;
    let square = (squared_distance(x, y, curvature) * product).add_scalar(curvature.k());
    lift(
        sum * square.sqrt().recip().mul_scalar(curvature.radius()),
        curvature,
    )
}

/// The centroids whose weighted sums and total weights are known, as after a sparse product; precise as
/// [`centroid`] is.
///
/// For weights that are not negative, −⟨a, a⟩ ≥ (Σ w)² k. Rounding can bring the difference of two
/// large squares below that, even below 0; the value is then raised to the bound. The gradient stays
/// that of the difference unless it has come below half of the bound, where it is noise and is left
/// out.
///
/// # Shapes
/// - sums: `[.., n + 1]`
/// - totals: `[.., 1]`, not negative; where it is 0 the result is the origin
/// - result: `[.., n + 1]`
pub fn centroid_of_sum<const D: usize>(
    sums: Tensor<D>,
    totals: Tensor<D>,
    curvature: Curvature,
) -> Tensor<D> {
    let none = totals.clone().lower_equal_scalar(0.0);
    let totals = totals.mask_fill(none.clone(), 1.0);
    let sums = sums / totals;
    let raw = time(sums.clone()).square() - sum_squares(space(sums.clone()));
    let lost = raw.clone().lower_scalar(curvature.k() / 2.0);
    let raw = raw.mask_fill(lost, curvature.k());
    let value = raw.clone().clamp_min(curvature.k()).detach();
    let square = (raw.clone() - raw.detach() + value).mask_fill(none.clone(), 1.0);
    let scale = square.sqrt().recip().mul_scalar(curvature.radius());
    lift(space(sums) * scale.mask_fill(none, 0.0), curvature)
}
