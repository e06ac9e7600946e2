//! Self-attention whose queries, keys and values come from one projection.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};

use super::attention::{AttentionContext, KeyValue, attend};
use super::linear::{apply, zero_linear};

/// The attention of GPT-2: one linear map gives queries, keys and values side by side.
///
/// The projection stays one parameter, as in the files; [`FusedAttention::project_qkv`] hands its
/// parts out.
#[derive(Module, Debug)]
pub struct FusedAttention {
    /// Queries, keys and values, `hidden -> 3 * hidden`.
    pub qkv: Linear,
    /// Back to the hidden states.
    pub output: Linear,
    /// Number of heads.
    #[module(skip)]
    pub heads: usize,
    /// What scores are multiplied by.
    #[module(skip)]
    pub scale: f64,
}

impl FusedAttention {
    /// Attention with projections of zeros. `heads` divides `hidden_size`.
    pub fn new(hidden_size: usize, heads: usize, scale: f64, device: &Device) -> Self {
        Self {
            qkv: zero_linear(hidden_size, 3 * hidden_size, true, device),
            output: zero_linear(hidden_size, hidden_size, true, device),
            heads,
            scale,
        }
    }

    /// Queries, and keys with values, heads side by side.
    ///
    /// # Shapes
    /// - x and each result: `[batch, length, hidden]`
    pub fn project_qkv(&self, x: Tensor<3>) -> (Tensor<3>, KeyValue) {
        let width = x.dims()[2];
        let all = apply(&self.qkv, x);
        let part = |index: usize| all.clone().narrow(2, index * width, width);
        let (key, value) = (part(1), part(2));
        (part(0), KeyValue { key, value })
    }

    /// Attention of given queries over given keys and values, projected back.
    ///
    /// # Shapes
    /// - query: `[batch, queries, hidden]`
    /// - result: `[batch, queries, hidden]` and, if wanted, weights `[batch, heads, queries, keys]`
    pub fn attend(
        &self,
        query: Tensor<3>,
        memory: KeyValue,
        context: &AttentionContext,
    ) -> (Tensor<3>, Option<Tensor<4>>) {
        let (mixed, weights) = attend(query, memory, self.heads, self.scale, context);
        (apply(&self.output, mixed), weights)
    }
}
