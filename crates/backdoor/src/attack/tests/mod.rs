//! Counts, places and what stays as it was, for all attacks.

mod limits;
mod others;
mod poison;
mod properties;

use plm_core::rng::Seed;

use super::*;
use crate::data::Dataset;
use crate::{Poisoned, Sample};

/// `counts[c]` numbered samples of each class `c`, of a few words and sentences.
fn data(counts: &[usize]) -> Dataset {
    let samples = counts.iter().enumerate().flat_map(|(label, &count)| {
        (0..count).map(move |number| Sample::new(format!("a {number} b . c  {label}."), label))
    });
    Dataset::new(samples.collect(), counts.len()).unwrap()
}

fn seed() -> Seed {
    Seed::new(1234)
}

fn made(set: &PoisonedSet) -> &[Poisoned] {
    &set.samples[set.samples.len() - set.manifest.made()..]
}
