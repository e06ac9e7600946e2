//! Scores of the triples of a batch and their gradients down to z and to the heads.

use std::ops::Range;

use plm_core::kernel::vectorized;
use rayon::prelude::*;

use super::batch::Batch;
use super::layer::{self, Layer};
use super::product::{Matrix, multiply};
use super::real::{Real, real};
use super::tables::CompletionTables;

/// Triples of one relation that are worked on together.
const ROWS: usize = 64;

/// What is kept of each triple.
#[derive(Debug, Default)]
pub(super) struct Rows<T> {
    /// The head. `[B, d]`
    pub(super) x: Vec<T>,
    /// z, and its gradient. `[B, d]`
    z: Vec<T>,
    pub(super) dz: Vec<T>,
    /// What scores are the product of with tails. `[B, d]`
    pub(super) query: Vec<T>,
    /// The gradient of the head. `[B, d]`
    pub(super) dx: Vec<T>,
    /// The gradients of the scores. `[B, width]`
    pub(super) scores: Vec<T>,
    /// Their sums. `[B]`
    pub(super) totals: Vec<T>,
}

/// Rows of one relation and where their results go.
struct Part<'a, T> {
    relation: usize,
    range: Range<usize>,
    x: &'a mut [T],
    z: &'a mut [T],
    dz: &'a mut [T],
    query: &'a mut [T],
    dx: &'a mut [T],
    scores: &'a mut [T],
    totals: &'a mut [T],
}

impl<T: Real> Rows<T> {
    /// Computes everything and returns the loss.
    pub(super) fn compute(&mut self, tables: &CompletionTables<T>, batch: &Batch) -> f64 {
        let (d, width) = (tables.d_model, batch.width());
        let count = batch.triples().len();
        for buffer in [
            &mut self.x,
            &mut self.z,
            &mut self.dz,
            &mut self.query,
            &mut self.dx,
        ] {
            buffer.resize(count * d, T::zero());
        }
        self.scores.resize(count * width, T::zero());
        self.totals.resize(count, T::zero());
        let share = real::<T>(1.0 / (count * width) as f64);
        let losses: Vec<f64> = self
            .parts(batch, d)
            .into_par_iter()
            .map(|part| part.compute(tables, batch, share))
            .collect();
        losses.iter().sum::<f64>() / (count * width) as f64
    }

    /// Pieces of at most [`ROWS`] rows of one relation.
    fn parts(&mut self, batch: &Batch, d: usize) -> Vec<Part<'_, T>> {
        let mut parts = Vec::new();
        let mut x = self.x.as_mut_slice();
        let mut z = self.z.as_mut_slice();
        let mut dz = self.dz.as_mut_slice();
        let mut query = self.query.as_mut_slice();
        let mut dx = self.dx.as_mut_slice();
        let mut scores = self.scores.as_mut_slice();
        let mut totals = self.totals.as_mut_slice();
        for (relation, group) in batch.groups() {
            for start in group.clone().step_by(ROWS) {
                let range = start..group.end.min(start + ROWS);
                let rows = range.len();
                parts.push(Part {
                    relation: *relation as usize,
                    range,
                    x: take(&mut x, rows * d),
                    z: take(&mut z, rows * d),
                    dz: take(&mut dz, rows * d),
                    query: take(&mut query, rows * d),
                    dx: take(&mut dx, rows * d),
                    scores: take(&mut scores, rows * batch.width()),
                    totals: take(&mut totals, rows),
                });
            }
        }
        parts
    }
}

/// The first `count` items of `slice`, which keeps the others.
fn take<'a, T>(slice: &mut &'a mut [T], count: usize) -> &'a mut [T] {
    let (first, rest) = std::mem::take(slice).split_at_mut(count);
    *slice = rest;
    first
}

impl<T: Real> Part<'_, T> {
    /// Forward and backward pass; returns the sum of the losses.
    fn compute(mut self, tables: &CompletionTables<T>, batch: &Batch, share: T) -> f64 {
        let (d, rows) = (tables.d_model, self.range.len());
        let triples = &batch.triples()[self.range.clone()];
        for (x, triple) in self.x.chunks_mut(d).zip(triples) {
            x.copy_from_slice(tables.entity(triple.head));
        }
        let weights = &tables.relation_weights[self.relation * d * d..][..d * d];
        let (x, transposed) = (Matrix::rows(self.x, d), Matrix::columns(weights, d));
        multiply([rows, d, d], x, transposed, self.z);
        let mut loss = 0.0;
        let mut candidates = vec![T::zero(); batch.width() * d];
        for row in 0..rows {
            loss += vectorized(
                #[inline(always)]
                || self.row(row, tables, batch, share, &mut candidates),
            );
        }
        let (dz, weights) = (Matrix::rows(self.dz, d), Matrix::rows(weights, d));
        multiply([rows, d, d], dz, weights, self.dx);
        loss
    }

    /// Scores of one triple and their gradients down to z. The candidates are brought together first, so
    /// that the waits for memory overlap.
    #[inline(always)]
    fn row(
        &mut self,
        row: usize,
        tables: &CompletionTables<T>,
        batch: &Batch,
        share: T,
        candidates: &mut [T],
    ) -> f64 {
        let (d, width) = (tables.d_model, batch.width());
        let place = self.range.start + row;
        let tails = &batch.candidates()[place * width..][..width];
        for (candidate, &tail) in candidates.chunks_exact_mut(d).zip(tails) {
            candidate.copy_from_slice(tables.entity(tail));
        }

        let at = row * d..(row + 1) * d;
        let bias = &tables.relation_biases[self.relation * d..][..d];
        let layer = Layer::of(tables);
        let mut point = vec![T::zero(); d];
        let z = &mut self.z[at.clone()];
        let saved = layer.forward(z, bias, &mut point);
        let query = &mut self.query[at.clone()];
        let head = batch.triples()[place].head as usize;
        let constant =
            tables.margin + tables.head_biases[head] + layer::query(tables.geometry, &point, query);

        let scores = &mut self.scores[row * width..][..width];
        let candidates = Matrix::rows(candidates, d);
        multiply([width, d, 1], candidates, Matrix::columns(query, d), scores);
        let (mut loss, mut total) = (T::zero(), T::zero());
        for (column, (&tail, score)) in tails.iter().zip(&mut *scores).enumerate() {
            let value = constant + *score + tables.offset(tail as usize);
            let (term, slope) = cross_entropy(value, column == 0);
            loss += term;
            *score = slope * share;
            total += *score;
        }
        let mut sums = vec![T::zero(); d];
        multiply(
            [1, width, d],
            Matrix::rows(scores, width),
            candidates,
            &mut sums,
        );
        self.totals[row] = total;
        layer::query_gradient(tables.geometry, &point, total, &mut sums);
        layer.backward(z, &point, saved, &sums, &mut self.dz[at]);
        loss.widen()
    }
}

/// The binary cross-entropy of a score and its derivative.
#[inline(always)]
fn cross_entropy<T: Real>(score: T, right: bool) -> (T, T) {
    let e = (-score.abs()).exp();
    let rest = (T::one() + e).recip();
    let probability = if score >= T::zero() { rest } else { e * rest };
    let wrong = score.max(T::zero()) + e.ln_1p();
    if right {
        (wrong - score, probability - T::one())
    } else {
        (wrong, probability)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cross_entropy_is_that_of_the_sigmoid() {
        for score in [-3.0_f64, -0.5, 0.0, 2.0] {
            let probability = 1.0 / (1.0 + (-score).exp());
            let (loss, slope) = cross_entropy(score, true);
            assert!((loss + probability.ln()).abs() < 1e-14);
            assert!((slope - (probability - 1.0)).abs() < 1e-14);
            let (loss, slope) = cross_entropy(score, false);
            assert!((loss + (1.0 - probability).ln()).abs() < 1e-14);
            assert!((slope - probability).abs() < 1e-14);
        }
        assert_eq!(cross_entropy(-1e30_f32, true), (1e30, -1.0));
        assert_eq!(cross_entropy(1e30_f32, false), (1e30, 1.0));
        assert_eq!(cross_entropy(1e30_f32, true).0, 0.0);
    }
}
