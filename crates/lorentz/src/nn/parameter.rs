//! Making parameters from host numbers, and the checks that configurations share.

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, TensorData};
use plm_core::check::at_least;
use plm_core::nn::init::uniform;
use plm_core::rng::Seed;

use crate::{Error, Result};

/// A parameter with these values.
pub(super) fn parameter<const D: usize>(
    values: Vec<f32>,
    shape: [usize; D],
    device: &Device,
) -> Param<Tensor<D>> {
    Param::from_tensor(Tensor::from_data(TensorData::new(values, shape), device))
}

/// A linear map with weights uniform within ±`bound` from the stream `weight`, those of the inputs
/// that `silent` names 0, and a bias of zeros.
pub(super) fn uniform_linear(
    [d_input, d_output]: [usize; 2],
    bias: bool,
    bound: f64,
    silent: impl Fn(usize) -> bool,
    seed: Seed,
    device: &Device,
) -> Linear {
    let mut weights = uniform(seed, "weight", d_input * d_output, bound);
    for (input, row) in weights.chunks_mut(d_output).enumerate() {
        if silent(input) {
            row.fill(0.0);
        }
    }
    Linear {
        weight: parameter(weights, [d_input, d_output], device),
        bias: bias.then(|| parameter(vec![0.0; d_output], [d_output], device)),
    }
}

/// The bound of Glorot's rule (Glorot and Bengio 2010, equation 16).
pub(super) fn glorot(d_input: usize, d_output: usize) -> f64 {
    (6.0 / (d_input + d_output) as f64).sqrt()
}

/// Refuses widths of points that leave no room for space.
pub(super) fn point_width(origin: &str, key: &str, width: usize) -> Result<()> {
    Ok(at_least(origin, key, width, 2)?)
}

/// Refuses head counts that do not split `width` into points.
pub(super) fn head_count(origin: &str, key: &str, heads: usize, width: usize) -> Result<()> {
    if heads > 0 && width.is_multiple_of(heads) && width / heads >= 2 {
        return Ok(());
    }
    Err(Error::config(
        origin,
        key,
        format!("is {heads}, must split the width {width} into equal parts of at least 2"),
    ))
}
