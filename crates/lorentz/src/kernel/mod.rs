//! The maps from vectors to points that every layer ends with, fused for the CPU.
//!
//! A layer's matrix product leaves little to do for each number, and burn's own operations walk through
//! memory once for each of a dozen steps, forward and backward. The fused forms walk once. They give the
//! values and gradients of the plain forms beside them to rounding.

#[cfg(feature = "flex")]
mod flex;
#[cfg(all(test, feature = "flex"))]
mod tests;

use burn::tensor::Tensor;

use crate::Curvature;

/// The matrix and the bias of a linear map.
#[derive(Debug, Clone)]
pub(crate) struct Affine {
    /// `[d_input, d_output]`
    pub(crate) weight: Tensor<2>,
    /// `[d_output]`
    pub(crate) bias: Option<Tensor<1>>,
}

/// The points with these space components, where the fused form takes them.
///
/// # Shapes
/// - space: `[.., n]`
/// - result: `[.., n + 1]`
pub(crate) fn lift<const D: usize>(space: &Tensor<D>, curvature: Curvature) -> Option<Tensor<D>> {
    #[cfg(feature = "flex")]
    if flex::accepts(space) {
        return Some(flex::lift(space.clone(), curvature.k()));
    }
    let _ = (space, curvature);
    None
}

/// The points whose space components are `map` of `x`, where the fused form takes them.
///
/// # Shapes
/// - x: `[.., d_input]`
/// - result: `[.., d_output + 1]`
pub(crate) fn lifted_map<const D: usize>(
    x: &Tensor<D>,
    map: &Affine,
    curvature: Curvature,
) -> Option<Tensor<D>> {
    #[cfg(feature = "flex")]
    if flex::accepts_map(x, map) {
        return Some(flex::lifted_map(x.clone(), map, curvature.k()));
    }
    let _ = (x, map, curvature);
    None
}

/// The points of a linear map's outputs as [`crate::nn::LorentzLinear`] makes them, in the fused form or,
/// where it does not take them, by `plain`.
///
/// # Shapes
/// - z: `[.., n + 1]`, z₀ first
/// - log_scale: `[1]`, ln λ
/// - result: `[.., n + 1]`
pub(crate) fn bounded_point<const D: usize>(
    z: Tensor<D>,
    log_scale: &Tensor<1>,
    curvature: Curvature,
    plain: impl FnOnce(Tensor<D>) -> Tensor<D>,
) -> Tensor<D> {
    #[cfg(feature = "flex")]
    if flex::accepts(&z) && flex::accepts(log_scale) {
        return flex::bounded_point(z, log_scale.clone(), curvature.k());
    }
    let _ = (log_scale, curvature);
    plain(z)
}

/// [`bounded_point`] of each of the `heads` parts of `map` of `x`, where the fused form takes it.
///
/// # Shapes
/// - x: `[.., d_input]`
/// - log_scale: `[1]`, ln λ
/// - result: `[.., d_output]`
pub(crate) fn bounded_map<const D: usize>(
    x: &Tensor<D>,
    map: &Affine,
    log_scale: &Tensor<1>,
    curvature: Curvature,
    heads: usize,
) -> Option<Tensor<D>> {
    #[cfg(feature = "flex")]
    if flex::accepts_map(x, map) && flex::accepts(log_scale) {
        let log_scale = log_scale.clone();
        return Some(flex::bounded_map(
            x.clone(),
            map,
            log_scale,
            curvature.k(),
            heads,
        ));
    }
    let _ = (x, map, log_scale, curvature, heads);
    None
}
