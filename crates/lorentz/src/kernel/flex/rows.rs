//! The maps and their gradients, row by row over all threads.

use std::mem::MaybeUninit;

use rayon::prelude::*;

use crate::nn::{DIRECTION_EPSILON, TIME_MARGIN};

/// Numbers of one task.
const GRAIN: usize = 8 * 1024;

/// Terms that a sum adds side by side.
const LANES: usize = 16;

/// Σ aᵢ bᵢ, in an order that depends on the length only.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    let (a_chunks, a_rest) = a.as_chunks::<LANES>();
    let (b_chunks, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    for ((lane, a), b) in lanes.iter_mut().zip(a_rest).zip(b_rest) {
        *lane += a * b;
    }
    lanes.iter().sum()
}

/// Rows of this width in one task.
fn block(width: usize) -> usize {
    (GRAIN / width).max(1)
}

/// Places of a row that are written before they are read.
type Places = [MaybeUninit<f32>];

/// A vector of `len` numbers that `write` fills. Setting them to 0 first would cost as much as the maps.
///
/// # Safety
/// `write` must initialize every place.
unsafe fn filled(len: usize, write: impl FnOnce(&mut Places)) -> Vec<f32> {
    let mut numbers = Vec::with_capacity(len);
    write(&mut numbers.spare_capacity_mut()[..len]);
    // SAFETY: the capacity is there and the caller promises that `write` filled it.
    unsafe { numbers.set_len(len) };
    numbers
}

/// (√(k + |s|²), s) of rows s of this width.
pub(super) fn lift(space: &[f32], width: usize, k: f32) -> Vec<f32> {
    let rows = block(width);
    let write = |points: &mut Places| {
        points
            .par_chunks_mut(rows * (width + 1))
            .zip(space.par_chunks(rows * width))
            .for_each(|(points, space)| {
                let rows = points.chunks_exact_mut(width + 1);
                for (point, space) in rows.zip(space.chunks_exact(width)) {
                    point[0].write((dot(space, space) + k).sqrt());
                    point[1..].write_copy_of_slice(space);
                }
            });
    };
    // SAFETY: there is a row of points for each row of `space`, and each is written whole.
    unsafe { filled(space.len() / width * (width + 1), write) }
}

/// The gradient of [`lift`]: g_s + g₀ s / t.
pub(super) fn lift_gradient(grad: &[f32], points: &[f32], width: usize) -> Vec<f32> {
    assert_eq!(
        grad.len(),
        points.len(),
        "a gradient has the shape of its points"
    );
    let rows = block(width);
    let write = |found: &mut Places| {
        found
            .par_chunks_mut(rows * width)
            .zip(grad.par_chunks(rows * (width + 1)))
            .zip(points.par_chunks(rows * (width + 1)))
            .for_each(|((found, grad), points)| {
                let rows = grad
                    .chunks_exact(width + 1)
                    .zip(points.chunks_exact(width + 1));
                for (found, (grad, point)) in found.chunks_exact_mut(width).zip(rows) {
                    let share = grad[0] / point[0];
                    for ((found, grad), s) in found.iter_mut().zip(&grad[1..]).zip(&point[1..]) {
                        found.write(grad + share * s);
                    }
                }
            });
    };
    // SAFETY: there is a row for each point, as long as its space, and each is written whole.
    unsafe { filled(points.len() / (width + 1) * width, write) }
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
#[derive(Debug, Clone, Copy)]
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
    fn beyond(self, gate: f32) -> f32 {
        gate * self.scale + TIME_MARGIN as f32
    }

    /// Puts the point of z in its place.
    fn bind(self, row: &mut [f32]) -> Parts {
        let gate = 1.0 / (1.0 + (-row[0]).exp());
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

/// Puts the points of rows z of this width, as `linear_output` defines them, in their places.
pub(super) fn bind(z: &mut [f32], width: usize, bound: Bound) -> Vec<Parts> {
    z.par_chunks_mut(block(width) * width)
        .flat_map_iter(|z| z.chunks_exact_mut(width).map(|row| bound.bind(row)))
        .collect()
}

/// Puts the gradients of z in the places of those of its points; the gradient of ln λ.
pub(super) fn unbind(
    grad: &mut [f32],
    points: &[f32],
    parts: &[Parts],
    width: usize,
    bound: Bound,
) -> f32 {
    let rows = block(width);
    let of_scale: Vec<f32> = grad
        .par_chunks_mut(rows * width)
        .zip(points.par_chunks(rows * width))
        .zip(parts.par_chunks(rows))
        .map(|((grad, points), parts)| {
            let rows = grad.chunks_exact_mut(width);
            (rows.zip(points.chunks_exact(width)).zip(parts))
                .map(|((grad, point), &parts)| bound.unbind(grad, point, parts))
                .sum()
        })
        .collect();
    of_scale.iter().sum()
}
