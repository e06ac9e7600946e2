//! The plain forms of the kernels, in burn's own operations.
//!
//! They run on every device, and the fast forms are tested against them.

use burn::tensor::activation::{log_softmax, softmax};
use burn::tensor::{Bool, FloatDType, Int, Tensor};

use super::precision::{at_least_single, to_dtype};
use super::{Activation, AttentionArgs, SiteMask};

/// See [`super::linear`].
pub fn linear<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<2>,
    bias: Option<Tensor<1>>,
) -> Tensor<D> {
    burn::tensor::module::linear(x, weight, bias)
}

/// See [`super::layer_norm`].
pub fn layer_norm<const D: usize>(
    x: Tensor<D>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    epsilon: f64,
) -> Tensor<D> {
    let dtype = x.dtype();
    let (x, gamma, beta) = (
        at_least_single(x),
        at_least_single(gamma),
        at_least_single(beta),
    );
    let mean = x.clone().mean_dim(D - 1);
    let centered = x - mean;
    let variance = centered.clone().square().mean_dim(D - 1);
    let normalized = centered / (variance + epsilon).sqrt();
    to_dtype(
        normalized * gamma.unsqueeze::<D>() + beta.unsqueeze::<D>(),
        dtype,
    )
}

/// See [`super::rms_norm`].
pub fn rms_norm<const D: usize>(x: Tensor<D>, gamma: Tensor<1>, epsilon: f64) -> Tensor<D> {
    let dtype = x.dtype();
    let (x, gamma) = (at_least_single(x), at_least_single(gamma));
    let mean_square = x.clone().square().mean_dim(D - 1);
    let normalized = x / (mean_square + epsilon).sqrt();
    to_dtype(normalized * gamma.unsqueeze::<D>(), dtype)
}

/// See [`super::activate`].
pub fn activate<const D: usize>(x: Tensor<D>, activation: Activation) -> Tensor<D> {
    use burn::tensor::activation::{relu, silu, tanh};
    match activation {
        // burn's own `gelu` has the slope of the tanh approximation on some backends.
        Activation::Gelu => x.clone() * ((x / std::f64::consts::SQRT_2).erf() + 1.0) * 0.5,
        Activation::GeluTanh => {
            let cube = x.clone() * x.clone() * x.clone();
            let inner = (x.clone() + cube * 0.044_715) * (2.0 / std::f64::consts::PI).sqrt();
            x * 0.5 * (inner.tanh() + 1.0)
        }
        Activation::QuickGelu => x.clone() * burn::tensor::activation::sigmoid(x * 1.702),
        Activation::Relu => relu(x),
        Activation::Silu => silu(x),
        Activation::Tanh => tanh(x),
    }
}

/// See [`super::dropout`].
pub fn dropout<const D: usize>(x: Tensor<D>, mask: Option<&SiteMask>) -> Tensor<D> {
    match mask {
        Some(mask) => {
            let factors = mask.tensor(x.dims(), &x.device());
            let dtype = FloatDType::from(x.dtype());
            x * factors.cast(dtype)
        }
        None => x,
    }
}

/// See [`super::attention_with_weights`].
pub fn attention(
    q: Tensor<3>,
    k: Tensor<3>,
    v: Tensor<3>,
    args: &AttentionArgs,
) -> (Tensor<3>, Tensor<4>) {
    let [batch, queries, width] = q.dims();
    let [_, keys, _] = k.dims();
    let head_width = width / args.heads;
    let split = |x: Tensor<3>, length: usize| {
        x.reshape([batch, length, args.heads, head_width])
            .swap_dims(1, 2)
    };
    let (q, k, v) = (split(q, queries), split(k, keys), split(v, keys));
    let mut scores = q.matmul(k.transpose()) * args.scale;
    if let Some(bias) = &args.bias {
        scores = scores + bias.clone();
    }
    if let Some(mask) = &args.mask {
        let mask: Tensor<4, Bool> = mask.clone().unsqueeze_dim(1);
        let fill = super::masked_score(scores.dtype());
        scores = scores.mask_fill(mask.expand([batch, args.heads, queries, keys]), fill);
    }
    let weights = softmax(scores, 3);
    let dropped = dropout(weights.clone(), args.dropout.as_ref());
    let context = dropped
        .matmul(v)
        .swap_dims(1, 2)
        .reshape([batch, queries, width]);
    (context, weights)
}

/// See [`super::cross_entropy`].
pub fn cross_entropy(
    logits: Tensor<2>,
    targets: Tensor<1, Int>,
    ignore_index: Option<i64>,
    label_smoothing: f64,
) -> Tensor<1> {
    let dtype = logits.dtype();
    let logits = at_least_single(logits);
    let computed = FloatDType::from(logits.dtype());
    let log_probs = log_softmax(logits, 1);
    let ignored = match ignore_index {
        Some(index) => targets.clone().equal_elem(index),
        None => targets.clone().not_equal(targets.clone()),
    };
    let targets = targets.mask_fill(ignored.clone(), 0);
    let on_target = |log_probs: Tensor<2>| {
        -log_probs
            .gather(1, targets.unsqueeze_dim(1))
            .squeeze_dim::<1>(1)
    };
    let spread = |log_probs: Tensor<2>| -log_probs.mean_dim(1).squeeze_dim::<1>(1);
    // A term of factor 0 is left out: where it is infinite, the product would not be a number.
    let losses = if label_smoothing == 0.0 {
        on_target(log_probs)
    } else if label_smoothing == 1.0 {
        spread(log_probs)
    } else {
        on_target(log_probs.clone()) * (1.0 - label_smoothing) + spread(log_probs) * label_smoothing
    };
    let count = ignored
        .clone()
        .bool_not()
        .float()
        .cast(computed)
        .sum()
        .clamp_min(1.0);
    to_dtype(losses.mask_fill(ignored, 0.0).sum() / count, dtype)
}
