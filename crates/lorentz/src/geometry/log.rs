//! The logarithmic map: which way and how far another point lies.

use burn::tensor::Tensor;

use super::exp::origin_tangent;
use super::parts::{space, sum_squares};
use super::separation::separation;
use super::stable::asinhc_root;
use super::tangent::with_tangent_time;
use crate::Curvature;

/// log_x(y): the tangent vector at `points` whose exponential is `targets`.
///
/// With h = sinh²(d / 2√k) it is asinh(√h)/√h / √(1 + h) · (y − x − 2h x), which has neither a
/// quotient 0/0 nor a root of 0 at y = x.
///
/// # Shapes
/// - points, targets, result: `[.., n + 1]`
pub fn log<const D: usize>(
    points: Tensor<D>,
    targets: Tensor<D>,
    curvature: Curvature,
) -> Tensor<D> {
    let h = separation(points.clone(), targets.clone(), curvature);
    let from = space(points.clone());
    let way = space(targets) - from.clone() - h.clone().mul_scalar(2.0) * from;
    let scale = asinhc_root(h.clone()) / h.add_scalar(1.0).sqrt();
    with_tangent_time(points, scale * way)
}

/// log at the origin: (0, √k asinh(|y_s| / √k) y_s / |y_s|).
///
/// # Shapes
/// - points, result: `[.., n + 1]`
pub fn log_origin<const D: usize>(points: Tensor<D>, curvature: Curvature) -> Tensor<D> {
    let space = space(points);
    let q = sum_squares(space.clone()).div_scalar(curvature.k());
    origin_tangent(asinhc_root(q) * space)
}
