//! The maps and their gradients, row by row over all threads and in vector code.

use std::mem::MaybeUninit;

use plm_core::kernel::flex::{add_blocks, filled, sigmoid, sum_of_pairs};
use plm_core::kernel::vectorized;
use rayon::prelude::*;

use crate::nn::{DIRECTION_EPSILON, TIME_MARGIN};

/// Numbers of one task.
const GRAIN: usize = 16 * 1024;

/// Σ aᵢ bᵢ, in an order that depends on the length only.
#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    sum_of_pairs(a, b, |a, b| a * b)
}

/// Rows of this width in one task.
fn block(width: usize) -> usize {
    (GRAIN / width).max(1)
}

/// Adds a row to sums, where these are wanted.
#[inline(always)]
fn add(sums: &mut [f32], row: &[f32]) {
    sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
}

/// Places of a row that are written before they are read.
type Places = [MaybeUninit<f32>];

/// (√(k + |s|²), s) of rows s of this width.
pub(super) fn lift(space: &[f32], width: usize, k: f32) -> Vec<f32> {
    let rows = block(width);
    let write = |points: &mut Places| {
        let tasks = points.par_chunks_mut(rows * (width + 1));
        (tasks.zip(space.par_chunks(rows * width))).for_each(|(points, space)| {
            vectorized(
                #[inline(always)]
                || {
                    let rows = points.chunks_exact_mut(width + 1);
                    for (point, space) in rows.zip(space.chunks_exact(width)) {
                        point[0].write((dot(space, space) + k).sqrt());
                        point[1..].write_copy_of_slice(space);
                    }
                },
            );
        });
    };
    // SAFETY: there is a row of points for each row of `space`, and each is written whole.
    unsafe { filled(space.len() / width * (width + 1), write) }
}

/// (√(k + |s|²), s) of s = y + bias in place of rows (·, y), one place longer than `bias`.
///
/// # Safety
/// All places but the first of each row must be initialized. Afterwards all are.
pub(super) unsafe fn lift_outputs(points: &mut Places, bias: &[f32], k: f32) {
    let width = bias.len() + 1;
    points
        .par_chunks_mut(block(width) * width)
        .for_each(|points| {
            vectorized(
                #[inline(always)]
                || {
                    for point in points.chunks_exact_mut(width) {
                        let (time, space) = point.split_at_mut(1);
                        // SAFETY: the caller's promise.
                        let space = unsafe { space.assume_init_mut() };
                        add(space, bias);
                        time[0].write((dot(space, space) + k).sqrt());
                    }
                },
            );
        });
}

/// The gradient of [`lift`]: g_s + g₀ s / t.
pub(super) fn lift_gradient(grad: &[f32], points: &[f32], width: usize) -> Vec<f32> {
    let count = "a gradient has the shape of its points";
    assert_eq!(grad.len(), points.len(), "{count}");
    let rows = block(width);
    let write = |found: &mut Places| {
        let given = grad.par_chunks(rows * (width + 1));
        let given = given.zip(points.par_chunks(rows * (width + 1)));
        let tasks = found.par_chunks_mut(rows * width).zip(given);
        tasks.for_each(|(found, (grad, points))| {
            vectorized(
                #[inline(always)]
                || {
                    let rows = grad.chunks_exact(width + 1);
                    let rows = rows.zip(points.chunks_exact(width + 1));
                    for (found, (grad, point)) in found.chunks_exact_mut(width).zip(rows) {
                        let share = grad[0] / point[0];
                        let given = grad[1..].iter().zip(&point[1..]);
                        for (found, (grad, s)) in found.iter_mut().zip(given) {
                            found.write(grad + share * s);
                        }
                    }
                },
            );
        });
    };
    // SAFETY: there is a row for each point, as long as its space, and each is written whole.
    unsafe { filled(points.len() / (width + 1) * width, write) }
}

/// Puts the gradients of the space components of points of this width in the places of those of the
/// points; the sums of their columns, if wanted.
pub(super) fn lower(grad: &mut [f32], points: &[f32], width: usize, summed: bool) -> Vec<f32> {
    let rows = block(width) * width;
    let columns = if summed { width - 1 } else { 0 };
    let tasks = grad.par_chunks_mut(rows).zip(points.par_chunks(rows));
    let sums = tasks.map(|(grad, points)| {
        let mut sums = vec![0.0; columns];
        vectorized(
            #[inline(always)]
            || {
                let rows = grad.chunks_exact_mut(width);
                for (grad, point) in rows.zip(points.chunks_exact(width)) {
                    let share = grad[0] / point[0];
                    let places = grad[1..].iter_mut().zip(&point[1..]);
                    places.for_each(|(grad, s)| *grad += share * s);
                    add(&mut sums, &grad[1..]);
                }
            },
        );
        sums
    });
    add_blocks(&sums.collect::<Vec<_>>(), columns)
}

/// What bounds the times of outputs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound {
    scale: f32,
    k: f32,
    /// 2 √k.
    diameter: f32,
}

/// What the gradient of a row needs beside its point.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Parts {
    /// σ(z₀).
    gate: f32,
    /// √((τ² − k) / (|z_s|² + ε)): what z_s is multiplied by.
    factor: f32,
}

impl Bound {
    pub(super) fn new(scale: f32, k: f64) -> Self {
        Self {
            scale,
            k: k as f32,
            diameter: 2.0 * k.sqrt() as f32,
        }
    }

    /// λ σ(z₀) + 0.1: the time beyond √k.
    #[inline(always)]
    fn beyond(self, gate: f32) -> f32 {
        gate * self.scale + TIME_MARGIN as f32
    }

    /// Puts the point of z in its place.
    #[inline(always)]
    fn bind(self, row: &mut [f32]) -> Parts {
        let gate = sigmoid(row[0]);
        let beyond = self.beyond(gate);
        let squares = dot(&row[1..], &row[1..]);
        let share = beyond * (beyond + self.diameter) / (squares + DIRECTION_EPSILON as f32);
        let factor = share.sqrt();
        row[0] = (share * squares + self.k).sqrt();
        row[1..].iter_mut().for_each(|z| *z *= factor);
        Parts { gate, factor }
    }

    /// Puts the gradient of z in the place of that of its point; the gradient of ln λ.
    ///
    /// With b the time beyond √k, h = b (b + 2 √k), f the factor, s = f z_s and
    /// A = g₀ |s|² / t + g_s · s: the gradient of z_s is f (g_s + (g₀ / t − A / h) s), that of b is
    /// A (b + √k) / h.
    #[inline(always)]
    fn unbind(self, grad: &mut [f32], point: &[f32], parts: Parts) -> f32 {
        let space = &point[1..];
        let beyond = self.beyond(parts.gate);
        let height = beyond * (beyond + self.diameter);
        let along = grad[0] / point[0];
        let moved = along * dot(space, space) + dot(&grad[1..], space);
        let of_beyond = moved * (beyond + 0.5 * self.diameter) / height;
        let inward = along - moved / height;
        for (grad, s) in grad[1..].iter_mut().zip(space) {
            *grad = parts.factor * (*grad + inward * s);
        }
        let of_log_scale = of_beyond * self.scale * parts.gate;
        grad[0] = of_log_scale * (1.0 - parts.gate);
        of_log_scale
    }
}

/// Puts the points of rows z of this width, as `linear_output` defines them, in their places. To z is added
/// what stands in `bias`: nothing, or the biases of one head after the other.
pub(super) fn bind(z: &mut [f32], width: usize, bias: &[f32], bound: Bound) -> Vec<Parts> {
    let heads = (bias.len() / width).max(1);
    let rows = block(width).next_multiple_of(heads);
    let mut parts = vec![Parts::default(); z.len() / width];
    let tasks = z.par_chunks_mut(rows * width);
    (tasks.zip(parts.par_chunks_mut(rows))).for_each(|(z, parts)| {
        vectorized(
            #[inline(always)]
            || {
                for (at, (row, parts)) in z.chunks_exact_mut(width).zip(parts).enumerate() {
                    if !bias.is_empty() {
                        add(row, &bias[at % heads * width..]);
                    }
                    *parts = bound.bind(row);
                }
            },
        );
    });
    parts
}

/// The gradients that [`unbind`] sums.
pub(super) struct Sums {
    pub(super) log_scale: f32,
    /// Of all columns, if wanted.
    pub(super) columns: Vec<f32>,
}

/// Puts the gradients of rows z of `width` in the places of those of their points. What is summed has
/// `columns`: those of all heads, or none.
pub(super) fn unbind(
    grad: &mut [f32],
    points: &[f32],
    parts: &[Parts],
    [width, columns]: [usize; 2],
    bound: Bound,
) -> Sums {
    let heads = (columns / width).max(1);
    let rows = block(width).next_multiple_of(heads);
    let given = points.par_chunks(rows * width).zip(parts.par_chunks(rows));
    let tasks = grad.par_chunks_mut(rows * width).zip(given);
    let found: (Vec<f32>, Vec<Vec<f32>>) = tasks
        .map(|(grad, (points, parts))| {
            let mut sums = vec![0.0; columns];
            let mut of_log_scale = 0.0;
            vectorized(
                #[inline(always)]
                || {
                    let given = points.chunks_exact(width).zip(parts);
                    let rows = grad.chunks_exact_mut(width).zip(given);
                    for (at, (grad, (point, &parts))) in rows.enumerate() {
                        of_log_scale += bound.unbind(grad, point, parts);
                        if columns > 0 {
                            add(&mut sums[at % heads * width..], grad);
                        }
                    }
                },
            );
            (of_log_scale, sums)
        })
        .unzip();
    Sums {
        log_scale: found.0.iter().sum(),
        columns: add_blocks(&found.1, columns),
    }
}
