//! Several points as one.

use burn::tensor::Tensor;

use super::parts::space;
use super::point::lift;
use crate::Curvature;

/// The points whose space components are those of all `parts` in a row, so that
/// t = √(Σ tᵢ² − (N − 1) k).
///
/// # Shapes
/// - parts: N times `[.., nᵢ + 1]`
/// - result: `[.., Σ nᵢ + 1]`
///
/// # Panics
/// If there are no parts.
pub fn concat<const D: usize>(parts: Vec<Tensor<D>>, curvature: Curvature) -> Tensor<D> {
    let spaces = parts.into_iter().map(space).collect();
    lift(Tensor::cat(spaces, D - 1), curvature)
}
