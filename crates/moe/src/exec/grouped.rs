//! Many tokens: sorted by expert, then products of matrices for each expert.
//!
//! Tokens are read and written through their numbers, without copying them together. Threads get
//! runs of experts and add to outputs of their own, which are summed in order. How experts are
//! divided depends on the selection only, so results do not depend on the number of threads.

use std::ops::Range;

use rayon::prelude::*;

use crate::{FfnWeights, Selection};

use super::layer::ExpertFfn;
use super::observe::RowsRead;
use super::pieces::{Piece, Work};
use super::rows::add_to;
use super::simd::dispatch;

/// Tokens that are computed at once, so that the threads' outputs stay in the cache.
const TOKENS: usize = 256;

/// Jobs for the threads to share: each costs an output of its own.
const JOBS: usize = 8;

/// Tokens that cost as much as fetching the weights.
const FETCH: usize = 8;

/// See [`ExpertFfn::run`].
pub(super) fn run(
    layer: &ExpertFfn,
    x: &[f32],
    selection: &Selection,
    observer: Option<&RowsRead>,
) -> Vec<f32> {
    let by_expert = selection.by_expert();
    let size = layer.expert_size();
    let mut y = layer.base().repeat(selection.tokens());
    for tokens in blocks(selection.tokens()) {
        let pieces = pieces(&by_expert, size, &tokens);
        if let Some(observer) = observer {
            for piece in &pieces {
                observer.add_input(piece.rows.clone());
                observer.add_output(piece.rows.clone());
            }
        }
        add_block(layer.weights(), layer.mean(), x, &pieces, &tokens, &mut y);
    }
    y
}

/// All neurons for all tokens.
pub(super) fn all(weights: &FfnWeights, x: &[f32], base: &[f32]) -> Vec<f32> {
    let count = x.len() / weights.hidden_size;
    let everyone = [(0..count as u32).collect()];
    let mut y = base.repeat(count);
    for tokens in blocks(count) {
        let pieces = pieces(&everyone, weights.neurons, &tokens);
        add_block(weights, None, x, &pieces, &tokens, &mut y);
    }
    y
}

fn blocks(tokens: usize) -> impl Iterator<Item = Range<usize>> {
    let block = move |start| start..tokens.min(start + TOKENS);
    (0..tokens).step_by(TOKENS).map(block)
}

/// Adds what `pieces` contribute to a block of tokens to their rows of `y`.
fn add_block(
    weights: &FfnWeights,
    mean: Option<&[f32]>,
    x: &[f32],
    pieces: &[Piece<'_>],
    tokens: &Range<usize>,
    y: &mut [f32],
) {
    let d = weights.hidden_size;
    let work = |pieces| Work {
        weights,
        mean,
        pieces,
        x,
        tokens: tokens.clone(),
    };
    let jobs = jobs(pieces);
    let sums: Vec<Vec<f32>> = jobs
        .par_iter()
        .map(|&pieces| dispatch(work(pieces)))
        .collect();
    let y = &mut y[tokens.start * d..tokens.end * d];
    y.par_chunks_mut(d).enumerate().for_each(|(token, y)| {
        for sum in &sums {
            add_to(y, &sum[token * d..(token + 1) * d]);
        }
    });
}

/// The chosen experts, of `size` neurons, in pieces, with those of the given tokens that chose them.
fn pieces<'a>(by_expert: &'a [Vec<u32>], size: usize, tokens: &Range<usize>) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    for (expert, all) in by_expert.iter().enumerate() {
        let from = all.partition_point(|&token| (token as usize) < tokens.start);
        let to = all.partition_point(|&token| (token as usize) < tokens.end);
        let (start, end) = (expert * size, (expert + 1) * size);
        for row in (start..end).step_by(Piece::NEURONS) {
            if from < to {
                pieces.push(Piece {
                    rows: row..end.min(row + Piece::NEURONS),
                    tokens: &all[from..to],
                });
            }
        }
    }
    pieces
}

/// `pieces` in at most [`JOBS`] runs that take about the same time.
fn jobs<'a>(pieces: &'a [Piece<'a>]) -> Vec<&'a [Piece<'a>]> {
    let cost = |piece: &Piece<'_>| piece.rows.len() * (piece.tokens.len() + FETCH);
    let total: usize = pieces.iter().map(cost).sum();
    let mut done = 0;
    let mut job = |piece: &Piece<'_>| {
        let job = JOBS * done / total.max(1);
        done += cost(piece);
        job
    };
    let numbers: Vec<usize> = pieces.iter().map(&mut job).collect();
    let mut rest = pieces;
    numbers
        .chunk_by(|a, b| a == b)
        .map(|run| {
            let (job, after) = rest.split_at(run.len());
            rest = after;
            job
        })
        .collect()
}
