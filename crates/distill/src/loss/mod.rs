//! The losses that every method is made of, row by row: one number for each example.
//!
//! All work from the logarithms of the student's probabilities, which come from its class scores: taken of
//! a softmax's output, as in the authors' code, a logarithm is infinite where a probability underflows.
//! Targets that mix several teachers have probabilities only ([`kl_to_rows`]); those of 0 add nothing.
//!
//! Numbers of half precision are worked on in single precision, and so are the losses.

mod hidden;
mod logits;
mod mmd;

pub(crate) use hidden::unit_length;
pub use hidden::{HiddenLoss, HiddenNorm, HiddenPart};
pub use logits::{LogitLoss, cross_entropy_rows, kl_rows, kl_to_rows, log_probabilities, mse_rows};
pub use mmd::mmd;

use burn::nn::Linear;
use burn::tensor::{DType, Device, FloatDType, Int, Tensor, TensorData};
use plm_core::nn::apply;

/// A matrix of host numbers on `device`.
pub(crate) fn matrix(rows: &[Vec<f64>], columns: usize, device: &Device) -> Tensor<2> {
    let values: Vec<f32> = rows.iter().flatten().map(|&value| value as f32).collect();
    Tensor::from_data(TensorData::new(values, [rows.len(), columns]), device)
}

/// A vector of host numbers on `device`.
pub(crate) fn vector(values: &[f64], device: &Device) -> Tensor<1> {
    let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
    Tensor::from_data(TensorData::from(values.as_slice()), device)
}

/// A tensor's numbers on the host, row by row.
pub(crate) fn rows_of(tensor: Tensor<2>) -> Vec<Vec<f64>> {
    let [_, columns] = tensor.dims();
    let values: Vec<f64> = tensor.inner().into_data().iter::<f64>().collect();
    values.chunks(columns.max(1)).map(<[f64]>::to_vec).collect()
}

/// Vectors of host numbers on `device`.
pub(crate) fn tensor3(values: Vec<f32>, shape: [usize; 3], device: &Device) -> Tensor<3> {
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// Whole numbers as a tensor on the device of `near`.
pub(crate) fn numbers<const D: usize>(numbers: &[usize], near: &Tensor<D>) -> Tensor<1, Int> {
    let numbers: Vec<i64> = numbers.iter().map(|&number| number as i64).collect();
    Tensor::from_data(TensorData::from(numbers.as_slice()), &near.device())
}

/// The rows of `x` with these numbers.
pub(crate) fn pick<const D: usize>(x: &Tensor<D>, rows: &[usize]) -> Tensor<D> {
    x.clone().select(0, numbers(rows, x))
}

/// `x` in the number type `dtype`.
pub(crate) fn in_type<const D: usize>(x: Tensor<D>, dtype: DType) -> Tensor<D> {
    x.cast(FloatDType::from(dtype))
}

/// What `map` makes of `x`, in the map's number type.
pub(crate) fn through(map: &Linear, x: Tensor<3>) -> Tensor<3> {
    apply(map, in_type(x, map.weight.val().dtype()))
}

/// A constant in the number type of `near`, brought to the autodiff device if `near` is there.
pub(crate) fn beside<const D: usize>(x: Tensor<D>, near: &Tensor<D>) -> Tensor<D> {
    let x = in_type(x, near.dtype());
    if near.is_autodiff() {
        Tensor::from_inner(x)
    } else {
        x
    }
}
