//! Linear maps: burn's parameters, this crate's arithmetic.

use burn::nn::{Embedding, EmbeddingConfig, Initializer, Linear, LinearConfig};
use burn::tensor::{Device, Tensor};

use crate::kernel::{self, Activation};

/// A linear map of zeros, to be filled by a checkpoint or by [`crate::nn::init`].
pub fn zero_linear(d_input: usize, d_output: usize, bias: bool, device: &Device) -> Linear {
    LinearConfig::new(d_input, d_output)
        .with_bias(bias)
        .with_initializer(Initializer::Zeros)
        .init(device)
}

/// An embedding table of zeros, to be filled by a checkpoint or by [`crate::nn::init`].
pub fn zero_embedding(rows: usize, width: usize, device: &Device) -> Embedding {
    EmbeddingConfig::new(rows, width)
        .with_initializer(Initializer::Zeros)
        .init(device)
}

/// `x · weight + bias`.
///
/// # Shapes
/// - x: `[..., d_input]`
/// - result: `[..., d_output]`
pub fn apply<const D: usize>(layer: &Linear, x: Tensor<D>) -> Tensor<D> {
    let bias = layer.bias.as_ref().map(|bias| bias.val());
    kernel::linear(x, layer.weight.val(), bias)
}

/// `activation(x · weight + bias)`.
///
/// # Shapes
/// As [`apply`].
pub fn apply_activated<const D: usize>(
    layer: &Linear,
    x: Tensor<D>,
    activation: Activation,
) -> Tensor<D> {
    let bias = layer.bias.as_ref().map(|bias| bias.val());
    kernel::linear_activate(x, layer.weight.val(), bias, activation)
}
