//! Normalization of all rows of a tensor, over all threads.

use burn::backend::TensorMetadata;
use burn::backend::flex::FlexTensor;

use super::rows::{
    Method, Moments, add_parameter_gradients, normalize_in_place, write_normalized, write_sum,
};
use crate::kernel::SiteMask;
use crate::kernel::flex::blocks::{for_each_block, map_blocks};
use crate::kernel::flex::dropout::Rows;
use crate::kernel::flex::linear::add_blocks;
use crate::kernel::flex::storage::{SharedMut, contiguous, filled, tensor, values};

/// Rows of one task; their parameter gradients are summed before they are added to the others.
const BLOCK: usize = 32;

/// Number of rows and their width.
fn extent(x: &FlexTensor) -> (usize, usize) {
    let shape = x.shape();
    let width = *shape.last().expect("a tensor has at least one axis");
    (shape.num_elements() / width.max(1), width)
}

/// Scale and shift of rows.
pub(super) struct Affine {
    gamma: FlexTensor,
    /// Zeros if there is no shift.
    beta: Vec<f32>,
}

impl Affine {
    /// # Panics
    /// If the parameters do not have the width of `x`.
    pub(super) fn new(x: &FlexTensor, gamma: &FlexTensor, beta: Option<&FlexTensor>) -> Self {
        let (_, width) = extent(x);
        let gamma = contiguous(gamma.clone());
        let beta = match beta {
            Some(beta) => values(&contiguous(beta.clone())).to_vec(),
            None => vec![0.0; width],
        };
        let sizes = [values(&gamma).len(), beta.len()];
        assert_eq!(
            sizes,
            [width; 2],
            "parameters of a norm over {:?}",
            x.shape()
        );
        Self { gamma, beta }
    }
}

/// The normalized rows of a contiguous `x`.
pub(super) fn normalize(
    x: &FlexTensor,
    affine: &Affine,
    method: Method,
) -> (FlexTensor, Vec<Moments>) {
    let (count, width) = extent(x);
    let (gamma, beta) = (values(&affine.gamma), &affine.beta[..]);
    let input = values(x);
    let mut moments = vec![[0.0; 2]; count];
    let mut run = |out: SharedMut| {
        for_each_block(
            &mut moments,
            BLOCK,
            #[inline(always)]
            |block, moments| {
                for (row, found) in (block * BLOCK..).zip(moments) {
                    let at = row * width;
                    let x = &input[at..at + width];
                    *found = method.moments(x);
                    // SAFETY: each row is visited once, in one task.
                    let out = unsafe { out.slice(at, width) };
                    write_normalized(out, x, *found, gamma, beta);
                }
            },
        );
    };
    // SAFETY: `run` visits every row.
    let output = unsafe { filled(input.len(), |out| run(SharedMut::new(out))) };
    (tensor(output, x.shape()), moments)
}

/// The result of [`add_normalize`].
pub(super) struct Normalized {
    pub(super) output: FlexTensor,
    /// `dropout(x) + residual`, if it is to be kept.
    pub(super) sum: Option<FlexTensor>,
    pub(super) moments: Vec<Moments>,
}

/// The normalized rows of `dropout(x) + residual`.
pub(super) fn add_normalize(
    x: FlexTensor,
    residual: FlexTensor,
    affine: &Affine,
    method: Method,
    mask: Option<&SiteMask>,
    keep: bool,
) -> Normalized {
    let (shape, other) = (x.shape(), residual.shape());
    assert_eq!(shape, other, "input and residual of a norm differ in shape");
    let (count, width) = extent(&x);
    let (gamma, beta) = (values(&affine.gamma), &affine.beta[..]);
    let (x, residual) = (contiguous(x), contiguous(residual));
    let (x, residual) = (values(&x), values(&residual));
    let drop = mask.map(|mask| Rows::new(mask, &shape));
    let mut moments = vec![[0.0; 2]; count];
    let mut run = |out: SharedMut, sums: Option<SharedMut>| {
        for_each_block(
            &mut moments,
            BLOCK,
            #[inline(always)]
            |block, moments| {
                for (row, found) in (block * BLOCK..).zip(moments) {
                    let at = row * width;
                    let drop = drop.as_ref().map(|drop| drop.row(row));
                    // SAFETY: each row is visited once, in one task.
                    let out = unsafe { out.slice(at, width) };
                    let (x, residual) = (&x[at..at + width], &residual[at..at + width]);
                    if let Some(sums) = sums {
                        // SAFETY: as above.
                        let sum = write_sum(unsafe { sums.slice(at, width) }, x, residual, drop);
                        *found = method.moments(sum);
                        write_normalized(out, sum, *found, gamma, beta);
                    } else {
                        let sum = write_sum(out, x, residual, drop);
                        *found = method.moments(sum);
                        normalize_in_place(sum, *found, gamma, beta);
                    }
                }
            },
        );
    };
    let mut sum = None;
    // SAFETY: `run` visits every row of both buffers.
    let output = unsafe {
        filled(x.len(), |out| {
            let out = SharedMut::new(out);
            if keep {
                let kept = filled(x.len(), |sums| run(out, Some(SharedMut::new(sums))));
                sum = Some(tensor(kept, shape.clone()));
            } else {
                run(out, None);
            }
        })
    };
    Normalized {
        output: tensor(output, shape),
        sum,
        moments,
    }
}

/// What the gradients need.
#[derive(Debug, Clone)]
pub(super) struct Saved {
    /// What was normalized.
    pub(super) input: FlexTensor,
    pub(super) moments: Vec<Moments>,
    pub(super) gamma: FlexTensor,
    pub(super) method: Method,
    pub(super) mask: Option<SiteMask>,
}

/// The gradients of a norm.
pub(super) struct NormGradients {
    /// Of what was normalized.
    pub(super) input: FlexTensor,
    /// The same times the dropout factors, if asked for and if there is a mask.
    pub(super) dropped: Option<FlexTensor>,
    /// Empty unless asked for.
    pub(super) gamma: FlexTensor,
    /// Empty unless asked for.
    pub(super) beta: FlexTensor,
}

pub(super) fn gradients(
    grad: FlexTensor,
    saved: &Saved,
    drop: bool,
    parameters: bool,
) -> NormGradients {
    let shape = saved.input.shape();
    let (_, width) = extent(&saved.input);
    let (grad, gamma) = (contiguous(grad), contiguous(saved.gamma.clone()));
    let (dy, input, gamma) = (values(&grad), values(&saved.input), values(&gamma));
    assert_eq!(
        dy.len(),
        input.len(),
        "a gradient has the shape of its tensor"
    );
    let mask = saved.mask.as_ref().filter(|_| drop);
    let mask = mask.map(|mask| Rows::new(mask, &shape));
    let size = if parameters { width } else { 0 };
    let mut blocks = Vec::new();
    let mut run = |out: SharedMut, dropped: Option<SharedMut>| {
        blocks = map_blocks(
            &saved.moments,
            BLOCK,
            #[inline(always)]
            |block, moments| {
                let mut sums = vec![0.0_f32; 2 * size];
                for (row, &found) in (block * BLOCK..).zip(moments) {
                    let at = row * width;
                    let (dy, x) = (&dy[at..at + width], &input[at..at + width]);
                    // SAFETY: each row is visited once, in one task.
                    let out = unsafe { out.slice(at, width) };
                    let dx = saved.method.gradient(out, dy, x, found, gamma);
                    if let (Some(mask), Some(dropped)) = (&mask, dropped) {
                        let drop = mask.row(row);
                        // SAFETY: as above.
                        let dropped = unsafe { dropped.slice(at, width) };
                        for (index, (out, &mut dx)) in dropped.iter_mut().zip(dx).enumerate() {
                            out.write(dx * drop.factor(index));
                        }
                    }
                    if parameters {
                        add_parameter_gradients(&mut sums, dy, x, found);
                    }
                }
                sums
            },
        );
    };
    let mut dropped = None;
    // SAFETY: `run` visits every row of both buffers.
    let input = unsafe {
        filled(dy.len(), |out| {
            let out = SharedMut::new(out);
            if mask.is_some() {
                dropped = Some(filled(dy.len(), |places| {
                    run(out, Some(SharedMut::new(places)));
                }));
            } else {
                run(out, None);
            }
        })
    };
    let mut sums = add_blocks(&blocks, 2 * size);
    let beta = sums.split_off(size);
    NormGradients {
        input: tensor(input, shape.clone()),
        dropped: dropped.map(|dropped| tensor(dropped, shape)),
        gamma: tensor(sums, [size]),
        beta: tensor(beta, [size]),
    }
}
