//! Normalization of single rows.

use std::mem::MaybeUninit;

use crate::kernel::flex::dropout::Row;
use crate::kernel::flex::simd::{sum_of, sum_of_pairs};

/// What is taken out of a row: the mean (0 if it stays) and the reciprocal of the deviation from it.
pub(super) type Moments = [f32; 2];

/// How rows are normalized.
#[derive(Debug, Clone, Copy)]
pub(super) struct Method {
    /// Whether the mean is taken out first: layer norm, else root-mean-square norm.
    pub(super) centered: bool,
    /// Added to the mean square.
    pub(super) epsilon: f32,
}

impl Method {
    #[inline(always)]
    pub(super) fn moments(self, row: &[f32]) -> Moments {
        let share = 1.0 / row.len() as f32;
        let mean = if self.centered {
            sum_of(row, |x| x) * share
        } else {
            0.0
        };
        let variance = sum_of(row, |x| (x - mean) * (x - mean)) * share;
        [mean, 1.0 / (variance + self.epsilon).sqrt()]
    }

    /// Writes the gradient of a row.
    ///
    /// With x̂ the normalized row and g = dy ∘ γ: dx = (g - mean(g) - x̂ mean(g ∘ x̂)) / σ, without
    /// mean(g) if the mean was not taken out.
    #[inline(always)]
    pub(super) fn gradient<'a>(
        self,
        out: &'a mut [MaybeUninit<f32>],
        dy: &[f32],
        x: &[f32],
        [mean, factor]: Moments,
        gamma: &[f32],
    ) -> &'a mut [f32] {
        assert!(out.len() == dy.len() && dy.len() == x.len() && x.len() == gamma.len());
        let share = 1.0 / x.len() as f32;
        for (out, (&dy, &gamma)) in out.iter_mut().zip(dy.iter().zip(gamma)) {
            out.write(dy * gamma);
        }
        // SAFETY: all have one length, so every element was written.
        let out = unsafe { out.assume_init_mut() };
        let mean_g = if self.centered {
            sum_of(out, |g| g) * share
        } else {
            0.0
        };
        let mean_gx = sum_of_pairs(out, x, |g, x| g * ((x - mean) * factor)) * share;
        for (out, &x) in out.iter_mut().zip(x) {
            let x_hat = (x - mean) * factor;
            *out = (*out - mean_g - x_hat * mean_gx) * factor;
        }
        out
    }
}

/// Writes γ x̂ + β.
#[inline(always)]
pub(super) fn write_normalized(
    out: &mut [MaybeUninit<f32>],
    row: &[f32],
    [mean, factor]: Moments,
    gamma: &[f32],
    beta: &[f32],
) {
    for ((out, &x), (&gamma, &beta)) in out.iter_mut().zip(row).zip(gamma.iter().zip(beta)) {
        out.write(((x - mean) * factor).mul_add(gamma, beta));
    }
}

/// Puts γ x̂ + β in the place of x.
#[inline(always)]
pub(super) fn normalize_in_place(
    row: &mut [f32],
    [mean, factor]: Moments,
    gamma: &[f32],
    beta: &[f32],
) {
    for (x, (&gamma, &beta)) in row.iter_mut().zip(gamma.iter().zip(beta)) {
        *x = ((*x - mean) * factor).mul_add(gamma, beta);
    }
}

/// Writes `dropout(x) + residual`.
#[inline(always)]
pub(super) fn write_sum<'a>(
    out: &'a mut [MaybeUninit<f32>],
    x: &[f32],
    residual: &[f32],
    drop: Option<Row>,
) -> &'a mut [f32] {
    assert!(out.len() == x.len() && x.len() == residual.len());
    let pairs = out.iter_mut().zip(x.iter().zip(residual));
    match drop {
        Some(drop) => {
            for (index, (out, (&x, &residual))) in pairs.enumerate() {
                out.write(x.mul_add(drop.factor(index), residual));
            }
        }
        None => {
            for (out, (&x, &residual)) in pairs {
                out.write(x + residual);
            }
        }
    }
    // SAFETY: all three have one length, so every element was written.
    unsafe { out.assume_init_mut() }
}

/// Adds dy ∘ x̂ to the first half of `sums` and dy to the second.
#[inline(always)]
pub(super) fn add_parameter_gradients(
    sums: &mut [f32],
    dy: &[f32],
    x: &[f32],
    [mean, factor]: Moments,
) {
    let (gamma, beta) = sums.split_at_mut(x.len());
    for ((gamma, beta), (&dy, &x)) in gamma.iter_mut().zip(beta).zip(dy.iter().zip(x)) {
        *gamma += dy * ((x - mean) * factor);
        *beta += dy;
    }
}
