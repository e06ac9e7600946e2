//! From what automatic differentiation gives to a direction on the manifold.

use burn::tensor::Tensor;

use super::parts::{join, space, time};
use super::tangent::project_tangent;
use crate::Curvature;

/// The Riemannian gradient of a function whose ambient gradient at `points` is `gradients`: the time
/// component changes its sign, which the Lorentzian inner product asks for, and the result is
/// projected to the tangent space.
///
/// # Shapes
/// - points, gradients, result: `[.., n + 1]`
pub fn to_riemannian_gradient<const D: usize>(
    points: Tensor<D>,
    gradients: Tensor<D>,
    curvature: Curvature,
) -> Tensor<D> {
    let flipped = join(time(gradients.clone()).neg(), space(gradients));
    project_tangent(points, flipped, curvature)
}
