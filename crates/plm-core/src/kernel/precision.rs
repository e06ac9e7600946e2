//! The precision that numbers of half-precision tensors are worked on in.

use burn::tensor::{DType, FloatDType, Tensor};

/// Whether numbers of type `dtype` have 16 bits.
pub(crate) fn is_half(dtype: DType) -> bool {
    matches!(dtype, DType::F16 | DType::BF16)
}

/// `tensor` in single precision where it has half: in f16 squares overflow early and the floors that keep
/// logarithms and quotients finite are 0, and sums of either half type lose what is small.
pub fn at_least_single<const D: usize>(tensor: Tensor<D>) -> Tensor<D> {
    if is_half(tensor.dtype()) {
        tensor.cast(FloatDType::F32)
    } else {
        tensor
    }
}

/// `tensor` in element type `dtype`.
pub(crate) fn to_dtype<const D: usize>(tensor: Tensor<D>, dtype: DType) -> Tensor<D> {
    if tensor.dtype() == dtype {
        return tensor;
    }
    match dtype {
        DType::F16 => tensor.cast(FloatDType::F16),
        DType::BF16 => tensor.cast(FloatDType::BF16),
        DType::F64 => tensor.cast(FloatDType::F64),
        _ => tensor.cast(FloatDType::F32),
    }
}
