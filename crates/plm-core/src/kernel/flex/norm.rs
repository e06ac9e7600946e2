//! Layer normalisation, alone or after a residual connection with dropout.

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

use super::dropout::Rows;
use super::linear::add_blocks;
use super::simd::{sum_of, sum_of_pairs, vectorised};
use super::storage::{SharedMut, contiguous, filled, tensor, values};
use crate::kernel::SiteMask;

/// Rows of one task; their parameter gradients are summed before they are added to the others.
const BLOCK: usize = 32;

#[backend_extension(Flex, Autodiff)]
pub(crate) trait NormOps: Backend {
    /// See [`crate::kernel::layer_norm`].
    fn layer_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
    ) -> FloatTensor<Self>;

    /// See [`crate::kernel::add_layer_norm`].
    fn add_layer_norm(
        x: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
        mask: Option<SiteMask>,
    ) -> FloatTensor<Self>;
}

impl NormOps for Flex {
    fn layer_norm(x: FlexTensor, gamma: FlexTensor, beta: FlexTensor, epsilon: f64) -> FlexTensor {
        normalise(contiguous(x), &gamma, &beta, epsilon).0
    }

    fn add_layer_norm(
        x: FlexTensor,
        residual: FlexTensor,
        gamma: FlexTensor,
        beta: FlexTensor,
        epsilon: f64,
        mask: Option<SiteMask>,
    ) -> FlexTensor {
        add_normalise(x, residual, &gamma, &beta, epsilon, mask.as_ref(), false).output
    }
}

/// What the gradients need.
#[derive(Debug, Clone)]
struct Saved {
    /// What was normalised.
    input: FlexTensor,
    /// Mean and reciprocal standard deviation of each row.
    statistics: Vec<[f32; 2]>,
    gamma: FlexTensor,
    mask: Option<SiteMask>,
}

#[derive(Debug)]
struct LayerNormBackward;

impl Backward<Flex, 3> for LayerNormBackward {
    type State = Saved;

    fn backward(self, ops: Ops<Saved, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<Flex>(&ops.node);
        let [x, gamma, beta] = ops.parents;
        let found = gradients(grad, &ops.state, false, gamma.is_some() || beta.is_some());
        if let Some(parent) = x {
            grads.register::<Flex>(parent.id, found.input);
        }
        for (parent, grad) in [(gamma, found.gamma), (beta, found.beta)] {
            if let Some(parent) = parent {
                grads.register::<Flex>(parent.id, grad);
            }
        }
    }
}

#[derive(Debug)]
struct AddLayerNormBackward;

impl Backward<Flex, 4> for AddLayerNormBackward {
    type State = Saved;

    fn backward(self, ops: Ops<Saved, 4>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<Flex>(&ops.node);
        let [x, residual, gamma, beta] = ops.parents;
        let found = gradients(
            grad,
            &ops.state,
            x.is_some(),
            gamma.is_some() || beta.is_some(),
        );
        if let Some(parent) = x {
            let grad = found.dropped.unwrap_or_else(|| found.input.clone());
            grads.register::<Flex>(parent.id, grad);
        }
        for (parent, grad) in [
            (residual, found.input),
            (gamma, found.gamma),
            (beta, found.beta),
        ] {
            if let Some(parent) = parent {
                grads.register::<Flex>(parent.id, grad);
            }
        }
    }
}

impl<C: CheckpointStrategy> NormOps for Autodiff<Flex, C> {
    fn layer_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), gamma.node(), beta.node()];
        let (x, gamma, beta) = (
            x.into_primitive(),
            gamma.into_primitive(),
            beta.into_primitive(),
        );
        match LayerNormBackward
            .prepare::<C>(nodes)
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => {
                let input = contiguous(x);
                let (output, statistics) = normalise(input.clone(), &gamma, &beta, epsilon);
                let saved = Saved {
                    input,
                    statistics,
                    gamma,
                    mask: None,
                };
                prep.finish(saved, output)
            }
            OpsKind::UnTracked(prep) => prep.finish(Flex::layer_norm(x, gamma, beta, epsilon)),
        }
    }

    fn add_layer_norm(
        x: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
        mask: Option<SiteMask>,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), residual.node(), gamma.node(), beta.node()];
        let (x, residual) = (x.into_primitive(), residual.into_primitive());
        let (gamma, beta) = (gamma.into_primitive(), beta.into_primitive());
        match AddLayerNormBackward
            .prepare::<C>(nodes)
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => {
                let found = add_normalise(x, residual, &gamma, &beta, epsilon, mask.as_ref(), true);
                let saved = Saved {
                    input: found.sum.expect("the sum is kept"),
                    statistics: found.statistics,
                    gamma,
                    mask,
                };
                prep.finish(saved, found.output)
            }
            OpsKind::UnTracked(prep) => prep.finish(Flex::add_layer_norm(
                x, residual, gamma, beta, epsilon, mask,
            )),
        }
    }
}

/// Number of rows and their width.
fn extent(x: &FlexTensor) -> (usize, usize) {
    let shape = x.shape();
    let width = *shape.last().expect("a tensor has at least one axis");
    (shape.num_elements() / width.max(1), width)
}

/// Scale and shift as slices.
///
/// # Panics
/// If they do not have `width` elements.
fn parameter(tensor: &FlexTensor, width: usize) -> FlexTensor {
    let tensor = contiguous(tensor.clone());
    assert_eq!(
        values(&tensor).len(),
        width,
        "size of a layer norm's parameter"
    );
    tensor
}

fn normalise(
    x: FlexTensor,
    gamma: &FlexTensor,
    beta: &FlexTensor,
    epsilon: f64,
) -> (FlexTensor, Vec<[f32; 2]>) {
    let (count, width) = extent(&x);
    let (gamma, beta) = (parameter(gamma, width), parameter(beta, width));
    let (gamma, beta) = (values(&gamma), values(&beta));
    let rows = values(&x);
    let size = (BLOCK * width).max(1);
    let mut statistics = vec![[0.0; 2]; count];
    // SAFETY: rows in and out match, so every element is written.
    let output = unsafe {
        filled(rows.len(), |out| {
            let tasks = out.par_chunks_mut(size).zip(rows.par_chunks(size));
            tasks
                .zip(statistics.par_chunks_mut(BLOCK))
                .for_each(|((out, rows), statistics)| {
                    vectorised(
                        #[inline(always)]
                        || {
                            let pairs = out.chunks_exact_mut(width).zip(rows.chunks_exact(width));
                            for ((out, row), found) in pairs.zip(statistics) {
                                *found = moments(row, epsilon as f32);
                                write_normalised(out, row, *found, gamma, beta);
                            }
                        },
                    );
                });
        })
    };
    (tensor(output, x.shape()), statistics)
}

/// The result of [`add_normalise`].
struct Normalised {
    output: FlexTensor,
    /// `dropout(x) + residual`, if it is to be kept.
    sum: Option<FlexTensor>,
    statistics: Vec<[f32; 2]>,
}

fn add_normalise(
    x: FlexTensor,
    residual: FlexTensor,
    gamma: &FlexTensor,
    beta: &FlexTensor,
    epsilon: f64,
    mask: Option<&SiteMask>,
    keep: bool,
) -> Normalised {
    let shape = x.shape();
    assert_eq!(
        shape,
        residual.shape(),
        "input and residual of a layer norm differ in shape"
    );
    let (count, width) = extent(&x);
    let (gamma, beta) = (parameter(gamma, width), parameter(beta, width));
    let (gamma, beta) = (values(&gamma), values(&beta));
    let (x, residual) = (contiguous(x), contiguous(residual));
    let (x, residual) = (values(&x), values(&residual));
    let drop = mask.map(|mask| Rows::new(mask, &shape));
    let mut statistics = vec![[0.0; 2]; count];
    let run = |out: SharedMut, sums: Option<SharedMut>, statistics: &mut [[f32; 2]]| {
        statistics
            .par_chunks_mut(BLOCK)
            .enumerate()
            .for_each(|(block, statistics)| {
                vectorised(
                    #[inline(always)]
                    || {
                        for (i, found) in statistics.iter_mut().enumerate() {
                            let row = block * BLOCK + i;
                            let at = row * width;
                            let (x, residual) = (&x[at..at + width], &residual[at..at + width]);
                            // SAFETY: each row is visited once, in one task. Without a place of its own the
                            // sum is written where the output replaces it.
                            unsafe {
                                let sum = sums.unwrap_or(out).slice(at, width);
                                let sum = &*add(sum, x, residual, drop.as_ref(), row);
                                *found = moments(sum, epsilon as f32);
                                if sums.is_some() {
                                    write_normalised(
                                        out.slice(at, width),
                                        sum,
                                        *found,
                                        gamma,
                                        beta,
                                    );
                                } else {
                                    normalise_in_place(
                                        out.slice(at, width).assume_init_mut(),
                                        *found,
                                        gamma,
                                        beta,
                                    );
                                }
                            }
                        }
                    },
                );
            });
    };
    let mut sum = None;
    // SAFETY: `run` visits every row.
    let output = unsafe {
        filled(x.len(), |out| {
            let out = SharedMut::new(out);
            if keep {
                let kept = filled(x.len(), |sums| {
                    run(out, Some(SharedMut::new(sums)), &mut statistics)
                });
                sum = Some(tensor(kept, shape.clone()));
            } else {
                run(out, None, &mut statistics);
            }
        })
    };
    Normalised {
        output: tensor(output, shape),
        sum,
        statistics,
    }
}

/// Writes `dropout(x) + residual`.
#[inline(always)]
fn add<'a>(
    out: &'a mut [MaybeUninit<f32>],
    x: &[f32],
    residual: &[f32],
    drop: Option<&Rows<'_>>,
    row: usize,
) -> &'a mut [f32] {
    assert!(
        out.len() == x.len() && x.len() == residual.len(),
        "rows of one width"
    );
    match drop {
        Some(drop) => {
            let drop = drop.row(row);
            for (index, (out, (&x, &residual))) in
                out.iter_mut().zip(x.iter().zip(residual)).enumerate()
            {
                out.write(x.mul_add(drop.factor(index), residual));
            }
        }
        None => {
            for (out, (&x, &residual)) in out.iter_mut().zip(x.iter().zip(residual)) {
                out.write(x + residual);
            }
        }
    }
    // SAFETY: all three have one length, so every element was written.
    unsafe { out.assume_init_mut() }
}

/// Mean and reciprocal standard deviation.
#[inline(always)]
fn moments(row: &[f32], epsilon: f32) -> [f32; 2] {
    let share = 1.0 / row.len() as f32;
    let mean = sum_of(row, |x| x) * share;
    let variance = sum_of(row, |x| (x - mean) * (x - mean)) * share;
    [mean, 1.0 / (variance + epsilon).sqrt()]
}

#[inline(always)]
fn write_normalised(
    out: &mut [MaybeUninit<f32>],
    row: &[f32],
    [mean, factor]: [f32; 2],
    gamma: &[f32],
    beta: &[f32],
) {
    for ((out, &x), (&gamma, &beta)) in out.iter_mut().zip(row).zip(gamma.iter().zip(beta)) {
        out.write(((x - mean) * factor).mul_add(gamma, beta));
    }
}

#[inline(always)]
fn normalise_in_place(row: &mut [f32], [mean, factor]: [f32; 2], gamma: &[f32], beta: &[f32]) {
    for (x, (&gamma, &beta)) in row.iter_mut().zip(gamma.iter().zip(beta)) {
        *x = ((*x - mean) * factor).mul_add(gamma, beta);
    }
}

/// The gradients of a layer norm.
struct LayerNormGradients {
    /// Of what was normalised.
    input: FlexTensor,
    /// The same times the dropout factors, if asked for and if there is a mask.
    dropped: Option<FlexTensor>,
    gamma: FlexTensor,
    beta: FlexTensor,
}

/// With x̂ the normalised row and g = dy ∘ γ: dx = (g - mean(g) - x̂ mean(g ∘ x̂)) / σ.
fn gradients(grad: FlexTensor, saved: &Saved, drop: bool, parameters: bool) -> LayerNormGradients {
    let shape = saved.input.shape();
    let (_, width) = extent(&saved.input);
    let grad = contiguous(grad);
    let (dy, input) = (values(&grad), values(&saved.input));
    assert_eq!(
        dy.len(),
        input.len(),
        "a gradient has the shape of its tensor"
    );
    let gamma = parameter(&saved.gamma, width);
    let gamma = values(&gamma);
    let mask = saved
        .mask
        .as_ref()
        .filter(|_| drop)
        .map(|mask| Rows::new(mask, &shape));
    let mut blocks = Vec::new();
    let mut run = |out: SharedMut, dropped: Option<SharedMut>| {
        let tasks = saved.statistics.par_chunks(BLOCK).enumerate();
        blocks = tasks
            .map(|(block, statistics)| {
                let mut sums = vec![0.0_f32; if parameters { 2 * width } else { 0 }];
                vectorised(
                    #[inline(always)]
                    || {
                        for (i, &found) in statistics.iter().enumerate() {
                            let row = block * BLOCK + i;
                            let at = row * width;
                            let (dy, x) = (&dy[at..at + width], &input[at..at + width]);
                            // SAFETY: each row is visited once, in one task.
                            let dx = unsafe { out.slice(at, width) };
                            let dx = &*row_gradient(dx, dy, x, found, gamma);
                            if let (Some(mask), Some(dropped)) = (&mask, dropped) {
                                let drop = mask.row(row);
                                // SAFETY: as above.
                                let dropped = unsafe { dropped.slice(at, width) };
                                for (index, (out, &dx)) in dropped.iter_mut().zip(dx).enumerate() {
                                    out.write(dx * drop.factor(index));
                                }
                            }
                            if parameters {
                                add_parameter_gradients(&mut sums, dy, x, found);
                            }
                        }
                    },
                );
                sums
            })
            .collect();
    };
    let mut dropped = None;
    // SAFETY: `run` visits every row of both buffers.
    let input = unsafe {
        filled(dy.len(), |out| {
            let out = SharedMut::new(out);
            if mask.is_some() {
                dropped = Some(filled(dy.len(), |dropped| {
                    run(out, Some(SharedMut::new(dropped)))
                }));
            } else {
                run(out, None);
            }
        })
    };
    let size = if parameters { width } else { 0 };
    let mut sums = add_blocks(&blocks, 2 * size);
    let beta = sums.split_off(size);
    LayerNormGradients {
        input: tensor(input, shape.clone()),
        dropped: dropped.map(|dropped| tensor(dropped, shape)),
        gamma: tensor(sums, [size]),
        beta: tensor(beta, [size]),
    }
}

#[inline(always)]
fn row_gradient<'a>(
    out: &'a mut [MaybeUninit<f32>],
    dy: &[f32],
    x: &[f32],
    [mean, factor]: [f32; 2],
    gamma: &[f32],
) -> &'a mut [f32] {
    assert!(out.len() == dy.len() && dy.len() == x.len() && x.len() == gamma.len());
    let share = 1.0 / x.len() as f32;
    for (out, (&dy, &gamma)) in out.iter_mut().zip(dy.iter().zip(gamma)) {
        out.write(dy * gamma);
    }
    // SAFETY: all have one length, so every element was written.
    let out = unsafe { out.assume_init_mut() };
    let mean_g = sum_of(out, |g| g) * share;
    let mean_gx = sum_of_pairs(out, x, |g, x| g * ((x - mean) * factor)) * share;
    for (out, &x) in out.iter_mut().zip(x) {
        let x_hat = (x - mean) * factor;
        *out = (*out - mean_g - x_hat * mean_gx) * factor;
    }
    out
}

/// Adds dy ∘ x̂ to the first half of `sums` and dy to the second.
#[inline(always)]
fn add_parameter_gradients(sums: &mut [f32], dy: &[f32], x: &[f32], [mean, factor]: [f32; 2]) {
    let (gamma, beta) = sums.split_at_mut(x.len());
    for ((gamma, beta), (&dy, &x)) in gamma.iter_mut().zip(beta).zip(dy.iter().zip(x)) {
        *gamma += dy * ((x - mean) * factor);
        *beta += dy;
    }
}
