//! The Lorentzian inner product.

use burn::tensor::Tensor;

use super::parts::{dot, space, time};

/// ⟨x, y⟩ = −x₀ y₀ + Σᵢ xᵢ yᵢ.
///
/// The two terms nearly cancel for points that are close and far out: the absolute error is about
/// the type's epsilon times x₀ y₀. [`squared_distance`](super::squared_distance) does not suffer
/// from this.
///
/// # Shapes
/// - x, y: `[.., n + 1]`
/// - result: `[.., 1]`
pub fn inner<const D: usize>(x: Tensor<D>, y: Tensor<D>) -> Tensor<D> {
    dot(space(x.clone()), space(y.clone())) - time(x) * time(y)
}
