//! A few tokens at once: every expert that one of them chose is read once, for all that chose it.
//!
//! With independent choices of a share `r` of the experts, `T` tokens need a share `1 - (1 - r)^T` of
//! them, so this pays for a handful of tokens only.

use std::ops::Range;

use crate::{FfnWeights, Selection};

use super::layer::ExpertFfn;
use super::observe::RowsRead;
use super::rows::{Neurons, add_to, strips, sums};

/// Strips of a job.
const JOB: usize = 2;

/// See [`ExpertFfn::run`].
pub(super) fn run(
    layer: &ExpertFfn,
    x: &[f32],
    selection: &Selection,
    observer: Option<&RowsRead>,
) -> Vec<f32> {
    let neurons = Neurons {
        weights: layer.weights(),
        mean: layer.mean(),
        skip: true,
        observer,
    };
    let tokens = selection.by_expert();
    let strips: Vec<(Range<usize>, &[u32])> = tokens
        .iter()
        .enumerate()
        .filter(|(_, tokens)| !tokens.is_empty())
        .flat_map(|(expert, tokens)| {
            let strips = strips(expert as u32, layer.expert_size());
            strips.map(move |strip| (strip, tokens.as_slice()))
        })
        .collect();
    visit(&neurons, &strips, x, layer.base())
}

/// All neurons for all tokens, nothing passed over.
pub(super) fn all(weights: &FfnWeights, x: &[f32], base: &[f32]) -> Vec<f32> {
    let neurons = Neurons {
        weights,
        mean: None,
        skip: false,
        observer: None,
    };
    let tokens: Vec<u32> = (0..(x.len() / weights.hidden_size) as u32).collect();
    let strips: Vec<_> = strips(0, weights.neurons)
        .map(|strip| (strip, tokens.as_slice()))
        .collect();
    visit(&neurons, &strips, x, base)
}

fn visit(
    neurons: &Neurons<'_>,
    strips: &[(Range<usize>, &[u32])],
    x: &[f32],
    base: &[f32],
) -> Vec<f32> {
    let d = base.len();
    let jobs: Vec<_> = strips.chunks(JOB).collect();
    let values = strips.iter().map(|(strip, _)| 2 * d * strip.len()).sum();
    let sums = sums(&jobs, x.len(), values, |job, sums| {
        for (strip, tokens) in *job {
            for &token in *tokens {
                let place = token as usize * d..(token as usize + 1) * d;
                neurons.add(strip.clone(), &x[place.clone()], &mut sums[place]);
            }
        }
    });
    let mut y = base.repeat(x.len() / d);
    for sum in &sums {
        add_to(&mut y, sum);
    }
    y
}
