//! Fast forms for burn's CPU backend `flex`.
//!
//! burn's own operations on `flex` use all threads in matrix products only. These kernels use them
//! everywhere, fuse what is done to the same elements, and draw dropout from a hash.
//!
//! Invariants:
//! - Results do not depend on the number of threads or on timing: work is cut into blocks of fixed
//!   size, and partial sums are added in order.
//! - What a gradient needs is saved only if that gradient is asked for.
//!
//! What is public are the building blocks, for crates that add kernels of their own.

mod activation;
mod attention;
mod blocks;
mod cross_entropy;
mod dropout;
mod gemm;
mod linear;
mod norm;
mod simd;
mod storage;

pub use gemm::{Matrix, Target, multiply};
pub use linear::{add_blocks, matrix, output_shape, product, product_gradients, rows};
pub use simd::{exp, sigmoid, sum_of_pairs};
pub use storage::{accepts, contiguous, filled, is_flex, tensor, values, values_mut};

use burn::backend::Dispatch;
use burn::tensor::{Bool, Int, Tensor};

use self::activation::ActivationOps;
use self::attention::{AttentionOps, AttentionWeightsOps, Options};
use self::cross_entropy::CrossEntropyOps;
use self::dropout::DropoutOps;
use self::linear::LinearOps;
use self::norm::NormOps;
use self::storage::{OptionalBool, OptionalFloat};
use super::{Activation, AttentionArgs, SiteMask};

/// An optional tensor as the operand of an extension.
fn optional<const D: usize>(tensor: Option<Tensor<D>>) -> OptionalFloat<Dispatch> {
    match tensor {
        Some(tensor) => OptionalFloat::Given(tensor.into_dispatch()),
        None => OptionalFloat::Absent,
    }
}

/// See [`super::linear`] and [`super::linear_activate`].
pub(super) fn linear<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<2>,
    bias: Option<Tensor<1>>,
    activation: Option<Activation>,
) -> Tensor<D> {
    Tensor::from_dispatch(<Dispatch as LinearOps>::linear(
        x.into_dispatch(),
        weight.into_dispatch(),
        optional(bias),
        activation,
    ))
}

/// See [`super::activate`].
pub(super) fn activate<const D: usize>(x: Tensor<D>, activation: Activation) -> Tensor<D> {
    Tensor::from_dispatch(<Dispatch as ActivationOps>::activate(
        x.into_dispatch(),
        activation,
    ))
}

/// See [`super::layer_norm`].
pub(super) fn layer_norm<const D: usize>(
    x: Tensor<D>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    epsilon: f64,
) -> Tensor<D> {
    Tensor::from_dispatch(<Dispatch as NormOps>::layer_norm(
        x.into_dispatch(),
        gamma.into_dispatch(),
        beta.into_dispatch(),
        epsilon,
    ))
}

/// See [`super::add_layer_norm`].
pub(super) fn add_layer_norm<const D: usize>(
    x: Tensor<D>,
    residual: Tensor<D>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    epsilon: f64,
    mask: Option<&SiteMask>,
) -> Tensor<D> {
    Tensor::from_dispatch(<Dispatch as NormOps>::add_layer_norm(
        x.into_dispatch(),
        residual.into_dispatch(),
        gamma.into_dispatch(),
        beta.into_dispatch(),
        epsilon,
        mask.cloned(),
    ))
}

/// See [`super::rms_norm`].
pub(super) fn rms_norm<const D: usize>(x: Tensor<D>, gamma: Tensor<1>, epsilon: f64) -> Tensor<D> {
    Tensor::from_dispatch(<Dispatch as NormOps>::rms_norm(
        x.into_dispatch(),
        gamma.into_dispatch(),
        epsilon,
    ))
}

/// See [`super::cross_entropy`].
pub(super) fn cross_entropy(
    logits: Tensor<2>,
    targets: Tensor<1, Int>,
    ignore: Option<i64>,
    smoothing: f64,
) -> Tensor<1> {
    Tensor::from_dispatch(<Dispatch as CrossEntropyOps>::cross_entropy(
        logits.into_dispatch(),
        targets.into_dispatch(),
        ignore,
        smoothing,
    ))
}

/// See [`super::dropout`].
pub(super) fn dropout<const D: usize>(x: Tensor<D>, mask: &SiteMask) -> Tensor<D> {
    Tensor::from_dispatch(<Dispatch as DropoutOps>::dropout(
        x.into_dispatch(),
        mask.clone(),
    ))
}

/// Mask and options of an attention as operands of an extension.
fn attention_operands(args: &AttentionArgs) -> (OptionalBool<Dispatch>, Options) {
    let mask: Option<Tensor<3, Bool>> = args.mask.clone();
    let mask = mask.map_or(OptionalBool::Absent, |mask| {
        OptionalBool::Given(mask.into_dispatch())
    });
    let options = Options {
        heads: args.heads,
        scale: args.scale as f32,
        dropout: args.dropout.clone(),
    };
    (mask, options)
}

/// See [`super::attention`].
pub(super) fn attention(
    q: Tensor<3>,
    k: Tensor<3>,
    v: Tensor<3>,
    args: &AttentionArgs,
) -> Tensor<3> {
    let (mask, options) = attention_operands(args);
    Tensor::from_dispatch(<Dispatch as AttentionOps>::attention(
        q.into_dispatch(),
        k.into_dispatch(),
        v.into_dispatch(),
        optional(args.bias.clone()),
        mask,
        options,
    ))
}

/// See [`super::attention_with_weights`]; without gradients.
pub(super) fn attention_with_weights(
    q: Tensor<3>,
    k: Tensor<3>,
    v: Tensor<3>,
    args: &AttentionArgs,
) -> (Tensor<3>, Tensor<4>) {
    let (mask, options) = attention_operands(args);
    let (context, weights) = <Dispatch as AttentionWeightsOps>::attention_with_weights(
        q.into_dispatch(),
        k.into_dispatch(),
        v.into_dispatch(),
        optional(args.bias.clone()),
        mask,
        options,
    );
    (
        Tensor::from_dispatch(context),
        Tensor::from_dispatch(weights),
    )
}
