//! Linear maps that begin as PyTorch's.

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, TensorData};
use plm_core::nn::init::uniform;
use plm_core::nn::zero_linear;
use plm_core::rng::Seed;

/// A linear map with weights and biases uniform within ± 1 / √inputs.
pub(crate) fn torch_linear(inputs: usize, outputs: usize, seed: Seed, device: &Device) -> Linear {
    let bound = (inputs as f64).powf(-0.5);
    let weight = uniform(seed, "weight", inputs * outputs, bound);
    let bias = uniform(seed, "bias", outputs, bound);
    let weight = TensorData::new(weight, [inputs, outputs]);
    let mut layer = zero_linear(inputs, outputs, true, device);
    layer.weight = Param::from_tensor(Tensor::from_data(weight, device));
    layer.bias = Some(Param::from_tensor(Tensor::from_floats(
        bias.as_slice(),
        device,
    )));
    layer
}
