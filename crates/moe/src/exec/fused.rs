//! Each token on its own: product with the input row, activation, output row, neuron by neuron.
//!
//! For single tokens the time goes into fetching weights, so this reads the chosen rows once and
//! nothing else; output rows of neurons that came out as 0 are not even read.

use std::ops::Range;

use crate::Selection;

use super::layer::ExpertFfn;
use super::observe::RowsRead;
use super::rows::{Neurons, add_to, strips, sums};

/// Neurons of a job: enough to outweigh handing it to a thread.
const JOB: usize = 64;

/// See [`ExpertFfn::run`].
pub(super) fn run(
    layer: &ExpertFfn,
    x: &[f32],
    selection: &Selection,
    observer: Option<&RowsRead>,
) -> Vec<f32> {
    let d = layer.hidden_size();
    let neurons = Neurons {
        weights: layer.weights(),
        mean: layer.mean(),
        skip: true,
        observer,
    };
    let jobs: Vec<(usize, Vec<Range<usize>>)> = (0..selection.tokens())
        .flat_map(|token| {
            let jobs = jobs(selection.of(token), layer.expert_size());
            jobs.into_iter().map(move |strips| (token, strips))
        })
        .collect();
    let values = 2 * d * selection.pairs() * layer.expert_size();
    let sums = sums(&jobs, d, values, |(token, strips), sum| {
        let x = &x[token * d..(token + 1) * d];
        for strip in strips {
            neurons.add(strip.clone(), x, sum);
        }
    });
    let mut y = layer.base().repeat(selection.tokens());
    for ((token, _), sum) in jobs.iter().zip(&sums) {
        add_to(&mut y[token * d..(token + 1) * d], sum);
    }
    y
}

/// The strips of a token's experts in jobs of about [`JOB`] neurons.
fn jobs(experts: &[u32], size: usize) -> Vec<Vec<Range<usize>>> {
    let mut jobs: Vec<Vec<Range<usize>>> = Vec::new();
    let mut room = 0;
    for strip in experts.iter().flat_map(|&expert| strips(expert, size)) {
        if room == 0 {
            jobs.push(Vec::new());
            room = JOB;
        }
        room = room.saturating_sub(strip.len());
        if let Some(job) = jobs.last_mut() {
            job.push(strip);
        }
    }
    jobs
}
