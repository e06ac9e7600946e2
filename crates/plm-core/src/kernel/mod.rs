//! The arithmetic that transformers spend their time in.
//!
//! Each function has a plain form in burn's own operations ([`mod@reference`]), which runs on every
//! device, and a fast form for the CPU behind burn's extension mechanism where that pays. Both give
//! the same values and gradients to rounding.

#[cfg(feature = "flex")]
pub mod flex;
mod instruction_set;
mod mask;
pub(crate) mod precision;
pub mod reference;
#[cfg(all(test, feature = "flex"))]
mod tests;

pub use instruction_set::vectorized;
pub use mask::SiteMask;
pub use precision::at_least_single;

use burn::tensor::{Bool, DType, Int, Tensor};

/// What masked attention scores are set to before the softmax.
///
/// Finite, as in Hugging Face's original code: a row whose keys are all masked then has equal weights
/// and no NaN.
pub const MASKED: f32 = -1.0e9;

/// What masked scores of type `dtype` are set to: [`MASKED`], or the lowest finite value of a type that
/// does not reach as far.
pub fn masked_score(dtype: DType) -> f32 {
    match dtype {
        DType::F16 => half::f16::MIN.to_f32(),
        _ => MASKED,
    }
}

/// An element-wise activation, under the name that Hugging Face configurations give it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Activation {
    /// `gelu`: x Φ(x) with the exact normal distribution function.
    #[serde(rename = "gelu", alias = "gelu_python")]
    Gelu,
    /// `gelu_new`: the tanh approximation of GELU.
    #[serde(rename = "gelu_new", alias = "gelu_pytorch_tanh", alias = "gelu_fast")]
    GeluTanh,
    /// `quick_gelu`: x σ(1.702 x).
    #[serde(rename = "quick_gelu")]
    QuickGelu,
    /// `relu`: max(x, 0).
    #[serde(rename = "relu")]
    Relu,
    /// `silu`, also called swish: x σ(x).
    #[serde(rename = "silu", alias = "swish")]
    Silu,
    /// `tanh`.
    #[serde(rename = "tanh")]
    Tanh,
}

/// What [`attention`] needs beside queries, keys and values.
#[derive(Debug, Clone)]
pub struct AttentionArgs {
    /// Number of heads; divides the width.
    pub heads: usize,
    /// What scores are multiplied by: usually `1 / sqrt(head width)`, 1 in T5.
    pub scale: f64,
    /// True where a key is hidden from a query: `[batch or 1, queries or 1, keys]`.
    pub mask: Option<Tensor<3, Bool>>,
    /// Added to the scores: `[batch or 1, heads, queries, keys]`.
    pub bias: Option<Tensor<4>>,
    /// Dropout of the attention weights; its coordinates are (example, head, query, key).
    pub dropout: Option<SiteMask>,
}

/// `x · weight + bias`.
///
/// # Shapes
/// - x: `[..., d_in]`
/// - weight: `[d_in, d_out]`
/// - bias: `[d_out]`
/// - result: `[..., d_out]`
pub fn linear<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<2>,
    bias: Option<Tensor<1>>,
) -> Tensor<D> {
    #[cfg(feature = "flex")]
    if flex::accepts(&x) && flex::accepts(&weight) && bias.as_ref().is_none_or(flex::accepts) {
        return flex::linear(x, weight, bias, None);
    }
    reference::linear(x, weight, bias)
}

/// The activation, element-wise.
pub fn activate<const D: usize>(x: Tensor<D>, activation: Activation) -> Tensor<D> {
    #[cfg(feature = "flex")]
    if flex::accepts(&x) {
        return flex::activate(x, activation);
    }
    reference::activate(x, activation)
}

/// `activation(x · weight + bias)`, the first half of a feed-forward block.
///
/// # Shapes
/// As [`linear`].
pub fn linear_activate<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<2>,
    bias: Option<Tensor<1>>,
    activation: Activation,
) -> Tensor<D> {
    #[cfg(feature = "flex")]
    if flex::accepts(&x) && flex::accepts(&weight) && bias.as_ref().is_none_or(flex::accepts) {
        return flex::linear(x, weight, bias, Some(activation));
    }
    reference::activate(reference::linear(x, weight, bias), activation)
}

/// Layer normalization over the last axis (Ba et al. 2016), variance without Bessel's correction.
///
/// Half-precision numbers are normalized in single precision.
///
/// # Shapes
/// - x: `[..., width]`
/// - gamma, beta: `[width]`
pub fn layer_norm<const D: usize>(
    x: Tensor<D>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    epsilon: f64,
) -> Tensor<D> {
    #[cfg(feature = "flex")]
    if flex::accepts(&x) && flex::accepts(&gamma) && flex::accepts(&beta) {
        return flex::layer_norm(x, gamma, beta, epsilon);
    }
    reference::layer_norm(x, gamma, beta, epsilon)
}

/// `layer_norm(dropout(x) + residual)`, the end of a post-norm block.
///
/// # Shapes
/// - x, residual: `[batch, ..., width]`
/// - gamma, beta: `[width]`
pub fn add_layer_norm<const D: usize>(
    x: Tensor<D>,
    residual: Tensor<D>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    epsilon: f64,
    mask: Option<&SiteMask>,
) -> Tensor<D> {
    #[cfg(feature = "flex")]
    if flex::accepts(&x)
        && flex::accepts(&residual)
        && flex::accepts(&gamma)
        && flex::accepts(&beta)
    {
        return flex::add_layer_norm(x, residual, gamma, beta, epsilon, mask);
    }
    reference::layer_norm(reference::dropout(x, mask) + residual, gamma, beta, epsilon)
}

/// Root-mean-square normalization over the last axis (Zhang and Sennrich 2019), as in T5.
///
/// Half-precision numbers are normalized in single precision.
///
/// # Shapes
/// - x: `[..., width]`
/// - gamma: `[width]`
pub fn rms_norm<const D: usize>(x: Tensor<D>, gamma: Tensor<1>, epsilon: f64) -> Tensor<D> {
    #[cfg(feature = "flex")]
    if flex::accepts(&x) && flex::accepts(&gamma) {
        return flex::rms_norm(x, gamma, epsilon);
    }
    reference::rms_norm(x, gamma, epsilon)
}

/// `x` times its dropout factors; `x` itself without a mask.
///
/// # Shapes
/// - x: `[batch, ..., width]`
pub fn dropout<const D: usize>(x: Tensor<D>, mask: Option<&SiteMask>) -> Tensor<D> {
    #[cfg(feature = "flex")]
    if let Some(mask) = mask
        && flex::accepts(&x)
    {
        return flex::dropout(x, mask);
    }
    reference::dropout(x, mask)
}

/// Scaled dot-product attention over several heads (Vaswani et al. 2017), heads side by side in the
/// last axis.
///
/// # Shapes
/// - q: `[batch, queries, width]`
/// - k, v: `[batch, keys, width]`
/// - result: `[batch, queries, width]`
pub fn attention(q: Tensor<3>, k: Tensor<3>, v: Tensor<3>, args: &AttentionArgs) -> Tensor<3> {
    #[cfg(feature = "flex")]
    if flex_attends(&q, &k, &v, args) {
        return flex::attention(q, k, v, args);
    }
    reference::attention(q, k, v, args).0
}

/// [`attention`] that also returns the weights, before dropout.
///
/// # Shapes
/// - weights: `[batch, heads, queries, keys]`
pub fn attention_with_weights(
    q: Tensor<3>,
    k: Tensor<3>,
    v: Tensor<3>,
    args: &AttentionArgs,
) -> (Tensor<3>, Tensor<4>) {
    // The fast form has no gradient through the weights.
    #[cfg(feature = "flex")]
    if flex_attends(&q, &k, &v, args) && !has_autodiff(&q, &k, &v, args) {
        return flex::attention_with_weights(q, k, v, args);
    }
    reference::attention(q, k, v, args)
}

/// Whether the fast form takes these operands.
#[cfg(feature = "flex")]
fn flex_attends(q: &Tensor<3>, k: &Tensor<3>, v: &Tensor<3>, args: &AttentionArgs) -> bool {
    let [batch, queries, _] = q.dims();
    let full = [args.heads, queries, k.dims()[1]];
    let bias_fits = |bias: &Tensor<4>| {
        let [examples, rest @ ..] = bias.dims();
        flex::accepts(bias) && [1, batch].contains(&examples) && rest == full
    };
    let mask_fits = |mask: &Tensor<3, Bool>| {
        let [examples, rows, keys] = mask.dims();
        flex::is_flex(&mask.device())
            && [1, batch].contains(&examples)
            && [1, queries].contains(&rows)
            && keys == full[2]
    };
    [q, k, v].into_iter().all(flex::accepts)
        && args.bias.as_ref().is_none_or(bias_fits)
        && args.mask.as_ref().is_none_or(mask_fits)
}

/// Whether gradients may be asked for.
#[cfg(feature = "flex")]
fn has_autodiff(q: &Tensor<3>, k: &Tensor<3>, v: &Tensor<3>, args: &AttentionArgs) -> bool {
    [q, k, v]
        .into_iter()
        .any(|operand| operand.device().is_autodiff())
        || args
            .bias
            .as_ref()
            .is_some_and(|bias| bias.device().is_autodiff())
}

/// The mean cross-entropy of softmax distributions and target classes.
///
/// Rows whose target is `ignore_index` do not count; if no row counts, the loss is 0. With
/// `label_smoothing` ε the target distribution is 1 - ε on the target plus ε spread evenly over all
/// classes (Szegedy et al. 2016). Losses of half-precision logits are computed and averaged in single
/// precision.
///
/// # Shapes
/// - logits: `[n, classes]`
/// - targets: `[n]`
/// - result: `[1]`
///
/// # Panics
/// If a target is neither a class nor `ignore_index` (on devices where that can be seen).
pub fn cross_entropy(
    logits: Tensor<2>,
    targets: Tensor<1, Int>,
    ignore_index: Option<i64>,
    label_smoothing: f64,
) -> Tensor<1> {
    #[cfg(feature = "flex")]
    if flex::accepts(&logits) && flex::is_flex(&targets.device()) {
        return flex::cross_entropy(logits, targets, ignore_index, label_smoothing);
    }
    reference::cross_entropy(logits, targets, ignore_index, label_smoothing)
}
