//! The bilinear variant of the span score.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use plm_core::kernel::Activation;
use plm_core::nn::{apply, apply_activated, zero_linear};

/// `xᵀ W_c y` for every class `c`, where `x` and `y` are `gelu(U [marker; text token])` of a span's
/// start and of its end.
#[derive(Module, Debug)]
pub struct BilinearScore {
    /// `U`, `2 * hidden -> hidden`, of start and end alike.
    pub reduce: Linear,
    /// All `W_c` side by side, `hidden -> classes * hidden`.
    pub product: Linear,
}

impl BilinearScore {
    pub(super) fn new(width: usize, classes: usize, device: &Device) -> Self {
        Self {
            reduce: zero_linear(2 * width, width, true, device),
            product: zero_linear(width, classes * width, false, device),
        }
    }

    /// The scores of spans.
    ///
    /// # Shapes
    /// - start, end: `[spans, 2 * hidden]`
    /// - result: `[spans, classes]`
    pub fn forward(&self, start: Tensor<2>, end: Tensor<2>) -> Tensor<2> {
        let x = apply_activated(&self.reduce, start, Activation::Gelu);
        let y = apply_activated(&self.reduce, end, Activation::Gelu);
        let [spans, width] = y.dims();
        let products = apply(&self.product, x);
        let classes = products.dims()[1] / width;
        let products = products.reshape([spans, classes, width]);
        (products * y.unsqueeze_dim::<3>(1))
            .sum_dim(2)
            .squeeze_dim(2)
    }
}
