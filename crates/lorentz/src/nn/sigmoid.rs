//! The logistic function in the precision of its argument.

use burn::tensor::{DType, Tensor, activation};

/// 1 / (1 + e⁻ˣ). burn's own function computes in single precision on some devices, whatever the
/// type.
pub(crate) fn sigmoid<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if x.dtype() != DType::F64 {
        return activation::sigmoid(x);
    }
    // Farther out, the square in the quotient's derivative would overflow.
    x.clamp_min(-300.0).neg().exp().add_scalar(1.0).recip()
}
