//! Making points.

use burn::tensor::{DType, Device, Shape, Tensor};

use super::parts::{join, space, sum_squares};
use super::stable::sqrt_or_zero;
use crate::{Curvature, kernel};

/// The points with these space components: (√(k + |s|²), s).
///
/// # Shapes
/// - space: `[.., n]`
/// - result: `[.., n + 1]`
pub fn lift<const D: usize>(space: Tensor<D>, curvature: Curvature) -> Tensor<D> {
    kernel::lift(&space, curvature).unwrap_or_else(|| lift_by_parts(space, curvature))
}

/// [`lift`] in burn's own operations.
pub(crate) fn lift_by_parts<const D: usize>(space: Tensor<D>, curvature: Curvature) -> Tensor<D> {
    let time = sum_squares(space.clone()).add_scalar(curvature.k()).sqrt();
    join(time, space)
}

/// The points with the space components of `vectors`, whatever their time components.
///
/// # Shapes
/// - vectors, result: `[.., n + 1]`
pub fn project<const D: usize>(vectors: Tensor<D>, curvature: Curvature) -> Tensor<D> {
    lift(space(vectors), curvature)
}

/// As [`project`], with the space components scaled down to at most `max_norm`: what HyboNet does to
/// the entities of knowledge graphs (with 1.5).
///
/// # Shapes
/// - vectors, result: `[.., n + 1]`
pub fn project_within<const D: usize>(
    vectors: Tensor<D>,
    max_norm: f64,
    curvature: Curvature,
) -> Tensor<D> {
    let space = space(vectors);
    let norm = sqrt_or_zero(sum_squares(space.clone()));
    let factor = norm.clamp_min(max_norm).recip().mul_scalar(max_norm);
    lift(space * factor, curvature)
}

/// Copies of the origin (√k, 0, …, 0).
///
/// # Shapes
/// - result: `shape`, whose last axis counts time
pub fn origin<const D: usize>(
    shape: impl Into<Shape>,
    curvature: Curvature,
    device: &Device,
    dtype: DType,
) -> Tensor<D> {
    project(Tensor::zeros(shape, (device, dtype)), curvature)
}
