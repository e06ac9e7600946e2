//! The classification head of T5 and BART.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};

use crate::kernel::{Activation, dropout};
use crate::nn::{DropoutContext, apply, apply_activated, site, zero_linear};

/// Class scores of a vector: a linear map, tanh, and another linear map.
#[derive(Module, Debug)]
pub struct Seq2SeqClassificationHead {
    /// The inner layer.
    pub dense: Linear,
    /// To the classes.
    pub output: Linear,
    /// Dropout before each of them.
    #[module(skip)]
    pub dropout: f64,
}

impl Seq2SeqClassificationHead {
    pub(super) fn new(width: usize, classes: usize, dropout: f64, device: &Device) -> Self {
        Self {
            dense: zero_linear(width, width, true, device),
            output: zero_linear(width, classes, true, device),
            dropout,
        }
    }

    /// Class scores.
    ///
    /// # Shapes
    /// - x: `[batch, hidden]`
    /// - result: `[batch, classes]`
    pub fn forward(&self, x: Tensor<2>, context: &DropoutContext) -> Tensor<2> {
        let mask = context.site(site::HEAD, self.dropout);
        let x = dropout(x, mask.as_ref());
        let x = apply_activated(&self.dense, x, Activation::Tanh);
        // The stacks of T5 use FINAL and DECODER + FINAL.
        let mask = context.site(site::DECODER + site::HEAD, self.dropout);
        apply(&self.output, dropout(x, mask.as_ref()))
    }
}
