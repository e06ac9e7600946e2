//! Triples of one step, grouped by relation, with their candidates.

use std::ops::Range;

use plm_core::rng::Seed;
use rayon::prelude::*;

use super::negatives::NegativeSampler;
use crate::data::kg::Triple;

/// Triples that draw their negatives from one stream of random numbers.
const BLOCK: usize = 32;

/// A batch: triples sorted by relation, so that each relation's map is one product of matrices, and the
/// tails that each is scored with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    triples: Vec<Triple>,
    groups: Vec<(u32, Range<usize>)>,
    candidates: Vec<u32>,
    width: usize,
}

impl Batch {
    /// The batch of `triples` with negatives from `sampler`; the same for the same seed on any number
    /// of threads.
    pub fn new(triples: &[Triple], sampler: &NegativeSampler, seed: Seed) -> Self {
        let mut triples = triples.to_vec();
        triples.sort_by_key(|triple| triple.relation);
        let mut groups: Vec<(u32, Range<usize>)> = Vec::new();
        let mut start = 0;
        for group in triples.chunk_by(|a, b| a.relation == b.relation) {
            groups.push((group[0].relation, start..start + group.len()));
            start += group.len();
        }
        let width = sampler.negatives() + 1;
        let mut candidates = vec![0; triples.len() * width];
        candidates
            .par_chunks_mut(BLOCK * width)
            .zip(triples.par_chunks(BLOCK))
            .enumerate()
            .for_each(|(block, (candidates, triples))| {
                let mut rng = seed.at(block as u64).rng();
                for (tails, triple) in candidates.chunks_mut(width).zip(triples) {
                    tails[0] = triple.tail;
                    sampler.fill(*triple, &mut rng, &mut tails[1..]);
                }
            });
        Self {
            triples,
            groups,
            candidates,
            width,
        }
    }

    /// The triples in order of their relations.
    pub fn triples(&self) -> &[Triple] {
        &self.triples
    }

    /// Each relation with the rows of its triples.
    pub fn groups(&self) -> &[(u32, Range<usize>)] {
        &self.groups
    }

    /// The tails that each triple is scored with, `[triples, width]`; the right one comes first.
    pub fn candidates(&self) -> &[u32] {
        &self.candidates
    }

    /// Candidates of a triple.
    pub fn width(&self) -> usize {
        self.width
    }
}
