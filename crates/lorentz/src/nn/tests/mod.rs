mod equivariance;
mod gradients;
mod graph;
mod heads;
mod linear;
mod norms;
mod reference;
mod sequence;
mod span;
mod transformer;

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::{DType, Device};
use plm_core::nn::{DropoutContext, DropoutMode};
use serde_json::Value;

use crate::testing::array;

/// No dropout.
fn still() -> DropoutContext {
    DropoutContext::default()
}

/// Dropout of one training step.
fn training(seed: u64) -> DropoutContext {
    DropoutMode::Train { seed }.into()
}

/// The linear map of a reference, whose weights are `[out, in]`.
fn linear(weight: &Value, bias: &Value, options: (&Device, DType)) -> Linear {
    Linear {
        weight: Param::from_tensor(array::<2>(weight, options).transpose()),
        bias: (!bias.is_null()).then(|| Param::from_tensor(array(bias, options))),
    }
}
