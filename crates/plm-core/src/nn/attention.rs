//! Multi-head attention with its projections in reach.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Bool, Device, Tensor};

use super::linear::{apply, zero_linear};
use crate::kernel::{self, AttentionArgs, SiteMask};

/// The shape of a [`MultiHeadAttention`].
#[derive(Debug, Clone, Copy)]
pub struct MultiHeadAttentionConfig {
    /// Width of the hidden states.
    pub hidden_size: usize,
    /// Number of heads.
    pub heads: usize,
    /// Width of one head; `hidden_size / heads` in all families but T5.
    pub head_width: usize,
    /// Whether the projections have biases.
    pub bias: bool,
    /// What scores are multiplied by.
    pub scale: f64,
}

/// Keys and values of the tokens so far, `[batch, keys, heads * head width]` each.
#[derive(Debug, Clone)]
pub struct KeyValue {
    /// Keys.
    pub key: Tensor<3>,
    /// Values.
    pub value: Tensor<3>,
}

/// What attention is told besides its inputs.
#[derive(Debug, Clone, Default)]
pub struct AttentionContext {
    /// True where a key is hidden from a query: `[batch or 1, queries or 1, keys]`.
    pub mask: Option<Tensor<3, Bool>>,
    /// Added to the scores: `[batch or 1, heads, queries, keys]`.
    pub bias: Option<Tensor<4>>,
    /// Dropout of the weights.
    pub dropout: Option<SiteMask>,
    /// Whether the weights are returned.
    pub wants_weights: bool,
}

/// Multi-head attention (Vaswani et al. 2017), without residual and normalization.
#[derive(Module, Debug)]
pub struct MultiHeadAttention {
    /// Queries, `hidden_size -> heads * head width`.
    pub query: Linear,
    /// Keys.
    pub key: Linear,
    /// Values.
    pub value: Linear,
    /// Back to the hidden states.
    pub output: Linear,
    /// Number of heads.
    #[module(skip)]
    pub heads: usize,
    /// What scores are multiplied by.
    #[module(skip)]
    pub scale: f64,
}

impl MultiHeadAttentionConfig {
    /// Attention with projections of zeros.
    pub fn init(&self, device: &Device) -> MultiHeadAttention {
        let (d, inner) = (self.hidden_size, self.heads * self.head_width);
        MultiHeadAttention {
            query: zero_linear(d, inner, self.bias, device),
            key: zero_linear(d, inner, self.bias, device),
            value: zero_linear(d, inner, self.bias, device),
            output: zero_linear(inner, d, self.bias, device),
            heads: self.heads,
            scale: self.scale,
        }
    }
}

impl MultiHeadAttention {
    /// The queries of `x`, heads side by side.
    ///
    /// # Shapes
    /// - x: `[batch, length, hidden]`
    /// - result: `[batch, length, heads * head width]`
    pub fn project_query(&self, x: Tensor<3>) -> Tensor<3> {
        apply(&self.query, x)
    }

    /// The keys and values of `x`.
    ///
    /// # Shapes
    /// - x: `[batch, length, hidden]`
    pub fn project_key_value(&self, x: Tensor<3>) -> KeyValue {
        KeyValue {
            key: apply(&self.key, x.clone()),
            value: apply(&self.value, x),
        }
    }

    /// Attention of given queries over given keys and values, projected back.
    ///
    /// # Shapes
    /// - query: `[batch, queries, heads * head width]`
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

    /// Self-attention of `x`.
    ///
    /// # Shapes
    /// - x and result: `[batch, length, hidden]`
    pub fn forward(
        &self,
        x: Tensor<3>,
        context: &AttentionContext,
    ) -> (Tensor<3>, Option<Tensor<4>>) {
        let query = self.project_query(x.clone());
        let memory = self.project_key_value(x);
        self.attend(query, memory, context)
    }
}

/// Attention without the projections around it.
pub(super) fn attend(
    query: Tensor<3>,
    memory: KeyValue,
    heads: usize,
    scale: f64,
    context: &AttentionContext,
) -> (Tensor<3>, Option<Tensor<4>>) {
    let args = AttentionArgs {
        heads,
        scale,
        mask: context.mask.clone(),
        bias: context.bias.clone(),
        dropout: context.dropout.clone(),
    };
    let KeyValue { key, value } = memory;
    if context.wants_weights {
        let (mixed, weights) = kernel::attention_with_weights(query, key, value, &args);
        (mixed, Some(weights))
    } else {
        (kernel::attention(query, key, value, &args), None)
    }
}
