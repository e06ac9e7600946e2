//! Element-wise activations, forward and backward.

mod curves;

use std::mem::MaybeUninit;

use burn::backend::autodiff::Autodiff;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Flex, TensorMetadata, backend_extension};
use rayon::prelude::*;

use self::curves::{
    gelu, gelu_slope, gelu_tanh, gelu_tanh_slope, quick_gelu, quick_gelu_slope, relu, relu_slope,
    silu, silu_slope, tanh_slope,
};
use super::simd::tanh;
use super::storage::{contiguous, filled, tensor, values};
use crate::kernel::{Activation, vectorized};

/// Elements that one task works on.
const GRAIN: usize = 16 * 1024;

#[backend_extension(Flex, Autodiff)]
pub(crate) trait ActivationOps: Backend {
    /// See [`crate::kernel::activate`].
    fn activate(x: FloatTensor<Self>, activation: Activation) -> FloatTensor<Self>;
}

impl ActivationOps for Flex {
    fn activate(x: FlexTensor, activation: Activation) -> FlexTensor {
        let shape = x.shape();
        let x = contiguous(x);
        tensor(apply(values(&x), activation), shape)
    }
}

#[derive(Debug)]
struct ActivateBackward;

impl Backward<Flex, 1> for ActivateBackward {
    type State = (FlexTensor, Activation);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<Flex>(&ops.node);
        let (saved, activation) = ops.state;
        if let Some(parent) = &ops.parents[0] {
            grads.register::<Flex>(parent.id, chain(grad, &saved, activation));
        }
    }
}

impl<C: CheckpointStrategy> ActivationOps for Autodiff<Flex, C> {
    fn activate(x: FloatTensor<Self>, activation: Activation) -> FloatTensor<Self> {
        let (x, node) = x.into_parts();
        match ActivateBackward
            .prepare::<C>([node])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => {
                let x = contiguous(x);
                let y = Flex::activate(x.clone(), activation);
                let saved = if activation.slope_from_output() {
                    y.clone()
                } else {
                    x
                };
                prep.finish((saved, activation), y)
            }
            OpsKind::UnTracked(prep) => prep.finish(Flex::activate(x, activation)),
        }
    }
}

impl Activation {
    /// Whether the slope is a function of the output, so that the input need not be kept.
    pub(super) fn slope_from_output(self) -> bool {
        matches!(self, Self::Relu | Self::Tanh)
    }
}

/// Names the function of an activation in `$body`, so that the choice is made outside the loops.
macro_rules! with_value {
    ($activation:expr, $f:ident => $body:expr) => {
        match $activation {
            Activation::Gelu => {
                let $f = gelu;
                $body
            }
            Activation::GeluTanh => {
                let $f = gelu_tanh;
                $body
            }
            Activation::QuickGelu => {
                let $f = quick_gelu;
                $body
            }
            Activation::Relu => {
                let $f = relu;
                $body
            }
            Activation::Silu => {
                let $f = silu;
                $body
            }
            Activation::Tanh => {
                let $f = tanh;
                $body
            }
        }
    };
}

/// As `with_value`, for slopes in terms of what is saved.
macro_rules! with_slope {
    ($activation:expr, $f:ident => $body:expr) => {
        match $activation {
            Activation::Gelu => {
                let $f = gelu_slope;
                $body
            }
            Activation::GeluTanh => {
                let $f = gelu_tanh_slope;
                $body
            }
            Activation::QuickGelu => {
                let $f = quick_gelu_slope;
                $body
            }
            Activation::Relu => {
                let $f = relu_slope;
                $body
            }
            Activation::Silu => {
                let $f = silu_slope;
                $body
            }
            Activation::Tanh => {
                let $f = tanh_slope;
                $body
            }
        }
    };
}

/// The activation of every element.
fn apply(x: &[f32], activation: Activation) -> Vec<f32> {
    // SAFETY: the chunks of both sides match, so every element is written.
    unsafe {
        filled(x.len(), |out| {
            out.par_chunks_mut(GRAIN)
                .zip(x.par_chunks(GRAIN))
                .for_each(|(out, x)| {
                    with_value!(activation, f => vectorized(#[inline(always)] || {
                        for (out, &x) in out.iter_mut().zip(x) {
                            out.write(f(x));
                        }
                    }));
                });
        })
    }
}

/// Adds `bias`, of `width` elements, to each row of `z` and puts the activation in its place.
pub(super) fn bias_activate_in_place(
    z: &mut [f32],
    bias: Option<&[f32]>,
    width: usize,
    activation: Option<Activation>,
) {
    let Some(activation) = activation else {
        return add_bias(z, bias, width);
    };
    let grain = row_grain(width);
    z.par_chunks_mut((grain * width).max(1)).for_each(|z| {
        with_value!(activation, f => vectorized(#[inline(always)] || match bias {
            Some(bias) => {
                for row in z.chunks_exact_mut(width) {
                    for (z, &b) in row.iter_mut().zip(bias) {
                        *z = f(*z + b);
                    }
                }
            }
            None => {
                for z in z.iter_mut() {
                    *z = f(*z);
                }
            }
        }));
    });
}

/// Adds `bias`, of `width` elements, to each row of `z` and returns the activation.
pub(super) fn bias_activate(
    z: &mut [f32],
    bias: Option<&[f32]>,
    width: usize,
    activation: Activation,
) -> Vec<f32> {
    let grain = row_grain(width);
    assert!(
        bias.is_none_or(|bias| bias.len() == width),
        "one bias a column"
    );
    // SAFETY: the chunks and rows of both sides and the bias match, so every element is written.
    unsafe {
        filled(z.len(), |out| {
            let tasks = out
                .par_chunks_mut((grain * width).max(1))
                .zip(z.par_chunks_mut((grain * width).max(1)));
            tasks.for_each(|(out, z)| {
                with_value!(activation, f => vectorized(#[inline(always)] || match bias {
                    Some(bias) => {
                        for (out, z) in out.chunks_exact_mut(width).zip(z.chunks_exact_mut(width)) {
                            for ((out, z), &b) in out.iter_mut().zip(z).zip(bias) {
                                *z += b;
                                out.write(f(*z));
                            }
                        }
                    }
                    None => {
                        for (out, z) in out.iter_mut().zip(z) {
                            out.write(f(*z));
                        }
                    }
                }));
            });
        })
    }
}

fn add_bias(z: &mut [f32], bias: Option<&[f32]>, width: usize) {
    let Some(bias) = bias else { return };
    z.par_chunks_mut((row_grain(width) * width).max(1))
        .for_each(|z| {
            vectorized(
                #[inline(always)]
                || {
                    for row in z.chunks_exact_mut(width) {
                        for (z, &b) in row.iter_mut().zip(bias) {
                            *z += b;
                        }
                    }
                },
            );
        });
}

/// Rows of `width` values that one task works on.
pub(super) fn row_grain(width: usize) -> usize {
    (GRAIN / width.max(1)).max(1)
}

/// `grad` times the slope, where `saved` is the input or, for some activations, the output.
pub(super) fn chain(grad: FlexTensor, saved: &FlexTensor, activation: Activation) -> FlexTensor {
    let shape = grad.shape();
    let mut grad = contiguous(grad);
    let saved = values(saved);
    if grad.layout().start_offset() == 0
        && let Some(grad) = grad.try_storage_mut::<f32>()
        && grad.len() == saved.len()
    {
        grad.par_chunks_mut(GRAIN)
            .zip(saved.par_chunks(GRAIN))
            .for_each(|(grad, saved)| {
                with_slope!(activation, f => vectorized(#[inline(always)] || {
                    for (grad, &saved) in grad.iter_mut().zip(saved) {
                        *grad *= f(saved);
                    }
                }));
            });
    } else {
        let product = chain_into_new(values(&grad), saved, activation);
        return tensor(product, shape);
    }
    grad
}

fn chain_into_new(grad: &[f32], saved: &[f32], activation: Activation) -> Vec<f32> {
    let fill = |out: &mut [MaybeUninit<f32>]| {
        let tasks = out
            .par_chunks_mut(GRAIN)
            .zip(grad.par_chunks(GRAIN))
            .zip(saved.par_chunks(GRAIN));
        tasks.for_each(|((out, grad), saved)| {
            with_slope!(activation, f => vectorized(#[inline(always)] || {
                for ((out, &grad), &saved) in out.iter_mut().zip(grad).zip(saved) {
                    out.write(grad * f(saved));
                }
            }));
        });
    };
    assert_eq!(
        grad.len(),
        saved.len(),
        "a gradient has the shape of its tensor"
    );
    // SAFETY: all three have the same length, so every element is written.
    unsafe { filled(grad.len(), fill) }
}
