//! Where the right tail stands among all entities.

use plm_core::kernel::vectorized;
use plm_core::metrics::{hits_at, mean_reciprocal_rank};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::product::{Matrix, multiply};
use super::real::Real;
use super::tables::CompletionTables;
use super::vector::{count_not_below, not_below};
use crate::Result;
use crate::data::kg::{KnownTails, Triple};

/// Queries that are ranked by one product of matrices.
const QUERIES: usize = 32;

/// The rank (from 1) of the tail of each triple among all entities, by one product of `[B, d + 1]` and
/// `[d + 1, E]` numbers for each B triples.
///
/// The tails that `known` names for the head and relation do not compete, nor does the head itself.
/// Entities with the same score as the tail count as better, and so does a score that is not a number.
///
/// # Errors
/// [`Error::Core`](crate::Error::Core) naming the table whose size does not fit or that holds a number
/// that is not finite, and the triple whose entity, relation or known tail is not in the tables.
pub fn rank<T: Real>(
    tables: &CompletionTables<T>,
    triples: &[Triple],
    known: &KnownTails,
) -> Result<Vec<f64>> {
    tables.check()?;
    let d = tables.d_model;
    let entities = tables.head_biases.len();
    let relations = tables.relation_biases.len() / d;
    for (at, triple) in triples.iter().enumerate() {
        let ends = triple.head.max(triple.tail) as usize;
        if ends >= entities || triple.relation as usize >= relations {
            let reason =
                format!("{triple:?}, but there are {entities} entities and {relations} relations");
            return Err(plm_core::Error::invalid(format!("triples[{at}]"), reason).into());
        }
        if let Some(&tail) = known.of(triple.head, triple.relation).last()
            && tail as usize >= entities
        {
            let reason =
                format!("name tail {tail} for {triple:?}, but there are {entities} entities");
            return Err(plm_core::Error::invalid("known tails", reason).into());
        }
    }
    if triples.is_empty() {
        return Ok(Vec::new());
    }

    // Entities stand side by side, which is what products of matrices read best.
    let width = d + 1;
    let mut candidates = vec![T::zero(); entities * width];
    for (entity, row) in tables.entities.chunks(d).enumerate() {
        for (component, &value) in row.iter().enumerate() {
            candidates[component * entities + entity] = value;
        }
        candidates[d * entities + entity] = tables.offset(entity);
    }
    let ranks: Vec<Vec<f64>> = triples
        .par_chunks(QUERIES)
        .map_init(Vec::new, |scores, triples| {
            let mut queries = vec![T::one(); triples.len() * width];
            for (query, triple) in queries.chunks_mut(width).zip(triples) {
                tables.query(triple.head, triple.relation, &mut query[..d]);
            }
            scores.resize(triples.len() * entities, T::zero());
            multiply(
                [triples.len(), width, entities],
                Matrix::rows(&queries, width),
                Matrix::rows(&candidates, entities),
                scores,
            );
            (scores.chunks(entities).zip(triples))
                .map(|(scores, triple)| place(scores, *triple, known) as f64)
                .collect()
        })
        .collect();
    Ok(ranks.concat())
}

/// The rank of the triple's tail by these scores of all entities.
fn place<T: Real>(scores: &[T], triple: Triple, known: &KnownTails) -> usize {
    let target = scores[triple.tail as usize];
    let better = vectorized(
        #[inline(always)]
        || count_not_below(scores, target),
    );
    let known = known.of(triple.head, triple.relation);
    let own = [triple.tail, triple.head];
    let own = own
        .iter()
        .take(if triple.head == triple.tail { 1 } else { 2 });
    let out = (known
        .iter()
        .filter(|tail| **tail != triple.tail && **tail != triple.head))
    .chain(own)
    .filter(|entity| not_below(scores[**entity as usize], target))
    .count();
    1 + better - out
}

/// The measures of a list of ranks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RankingScores {
    /// Mean reciprocal rank.
    pub mrr: f64,
    /// Share of ranks that are 1.
    pub hits_1: f64,
    /// Share of ranks up to 3.
    pub hits_3: f64,
    /// Share of ranks up to 10.
    pub hits_10: f64,
}

impl RankingScores {
    /// Those of `ranks`.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where there is no rank, or one is below 1 or not finite.
    pub fn of(ranks: &[f64]) -> Result<Self> {
        Ok(Self {
            mrr: mean_reciprocal_rank(ranks)?,
            hits_1: hits_at(1, ranks)?,
            hits_3: hits_at(3, ranks)?,
            hits_10: hits_at(10, ranks)?,
        })
    }
}
