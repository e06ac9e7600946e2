//! The maps and their gradients, row by row over all threads.

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

/// Runs `op` on the rows of `out` and of `x`, of the widths `widths`.
fn for_rows(
    out: &mut [f32],
    x: &[f32],
    widths: [usize; 2],
    op: impl Fn(&mut [f32], &[f32]) + Sync,
) {
    let [to, from] = widths;
    let rows = block(from);
    out.par_chunks_mut(rows * to)
        .zip(x.par_chunks(rows * from))
        .for_each(|(out, x)| {
            (out.chunks_exact_mut(to).zip(x.chunks_exact(from))).for_each(|(out, x)| op(out, x));
        });
}

/// (√(k + |s|²), s) of rows s of this width.
pub(super) fn lift(space: &[f32], width: usize, k: f32) -> Vec<f32> {
    let mut points = vec![0.0; space.len() / width * (width + 1)];
    for_rows(&mut points, space, [width + 1, width], |point, space| {
        point[0] = (dot(space, space) + k).sqrt();
        point[1..].copy_from_slice(space);
    });
    points
}

/// The gradient of [`lift`]: g_s + g₀ s / t.
pub(super) fn lift_gradient(grad: &[f32], points: &[f32], width: usize) -> Vec<f32> {
    let mut found = vec![0.0; points.len() / (width + 1) * width];
    let rows = block(width);
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
                    *found = grad + share * s;
                }
            }
        });
    found
}

/// What bounds the times of outputs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound {
    scale: f32,
    k: f32,
    /// 2 √k.
    diameter: f32,
}

/// What a row comes to on the way.
struct Parts {
    /// σ(z₀).
    gate: f32,
    /// λ σ(z₀) + 0.1, the time beyond √k.
    beyond: f32,
    /// |z_s|² and that plus ε.
    squares: f32,
    divisor: f32,
    /// (τ² − k) / (|z_s|² + ε).
    share: f32,
    time: f32,
}

impl Bound {
    pub(super) fn new(scale: f32, k: f64) -> Self {
        Self {
            scale,
            k: k as f32,
            diameter: 2.0 * k.sqrt() as f32,
        }
    }

    fn parts(self, row: &[f32]) -> Parts {
        let space = &row[1..];
        let gate = 1.0 / (1.0 + (-row[0]).exp());
        let beyond = gate * self.scale + TIME_MARGIN as f32;
        let squares = dot(space, space);
        let divisor = squares + DIRECTION_EPSILON as f32;
        let share = beyond * (beyond + self.diameter) / divisor;
        Parts {
            gate,
            beyond,
            squares,
            divisor,
            share,
            time: (share * squares + self.k).sqrt(),
        }
    }
}

/// The points of rows z of this width, as `linear_output` defines them.
pub(super) fn bounded(z: &[f32], width: usize, bound: Bound) -> Vec<f32> {
    let mut points = vec![0.0; z.len()];
    for_rows(&mut points, z, [width, width], |point, z| {
        let parts = bound.parts(z);
        let factor = parts.share.sqrt();
        point[0] = parts.time;
        for (point, z) in point[1..].iter_mut().zip(&z[1..]) {
            *point = z * factor;
        }
    });
    points
}

/// The gradients of [`bounded`] for z and for ln λ.
///
/// With q = |z_s|², c = share, t = √(c q + k) and f = √c: ∂L/∂c = g₀ q / 2t + (g_s · z_s) / 2f,
/// ∂L/∂q = g₀ c / 2t − ∂L/∂c c / (q + ε), and ∂c/∂b = 2 (b + √k) / (q + ε) for b = λ σ(z₀) + 0.1.
pub(super) fn bounded_gradient(
    grad: &[f32],
    z: &[f32],
    width: usize,
    bound: Bound,
) -> (Vec<f32>, f32) {
    let mut found = vec![0.0; z.len()];
    let of_scale: Vec<f32> = found
        .par_chunks_mut(block(width) * width)
        .zip(grad.par_chunks(block(width) * width))
        .zip(z.par_chunks(block(width) * width))
        .map(|((found, grad), z)| {
            let rows = grad.chunks_exact(width).zip(z.chunks_exact(width));
            (found.chunks_exact_mut(width).zip(rows))
                .map(|(found, (grad, z))| row_gradient(found, grad, z, bound))
                .sum()
        })
        .collect();
    (found, of_scale.iter().sum())
}

/// Writes the gradient of a row; the one for ln λ.
fn row_gradient(found: &mut [f32], grad: &[f32], z: &[f32], bound: Bound) -> f32 {
    let parts = bound.parts(z);
    let factor = parts.share.sqrt();
    let along = dot(&grad[1..], &z[1..]);
    let of_square = grad[0] / (2.0 * parts.time);
    let of_share = of_square * parts.squares + along / (2.0 * factor);
    let of_squares = of_square * parts.share - of_share * parts.share / parts.divisor;
    let of_beyond = of_share * (2.0 * parts.beyond + bound.diameter) / parts.divisor;
    found[0] = of_beyond * bound.scale * parts.gate * (1.0 - parts.gate);
    let twice = 2.0 * of_squares;
    for ((found, grad), z) in found[1..].iter_mut().zip(&grad[1..]).zip(&z[1..]) {
        *found = grad * factor + twice * z;
    }
    of_beyond * bound.scale * parts.gate
}
