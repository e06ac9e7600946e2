//! Loss and gradients of a batch in closed form.

use plm_core::kernel::vectorized;
use rayon::prelude::*;

use super::batch::Batch;
use super::config::EntityGeometry;
use super::incidence::Incidence;
use super::product::{Matrix, multiply};
use super::real::Real;
use super::rows::Rows;
use super::tables::CompletionTables;
use super::vector::{add_scaled, square};

/// Entities that are worked on together.
pub(super) const ENTITIES: usize = 256;

/// The gradients of all parameters, and what they are made from.
///
/// Rows of entities that no triple of the batch names keep the numbers of an earlier batch.
#[derive(Debug, Default)]
pub(super) struct Gradients<T> {
    pub(super) entities: Vec<T>,
    pub(super) relation_weights: Vec<T>,
    pub(super) relation_biases: Vec<T>,
    pub(super) head_biases: Vec<T>,
    pub(super) tail_biases: Vec<T>,
    heads: Incidence,
    tails: Incidence,
    rows: Rows<T>,
}

impl<T: Real> Gradients<T> {
    /// Computes the gradients of the mean binary cross-entropy and returns it.
    pub(super) fn compute(&mut self, tables: &CompletionTables<T>, batch: &Batch) -> f64 {
        self.index(tables, batch);
        let loss = self.rows.compute(tables, batch);
        self.relations(tables, batch);
        self.entities(tables, batch);
        loss
    }

    /// Whether the batch names `entity`.
    pub(super) fn touches(&self, entity: usize) -> bool {
        !(self.tails.of(entity).is_empty() && self.heads.of(entity).is_empty())
    }

    /// Σ of the squares of all gradients, in an order that does not depend on the number of threads.
    pub(super) fn square(&self, d: usize) -> f64 {
        let entities = self.entities.par_chunks(ENTITIES * d).enumerate();
        let blocks: Vec<f64> = entities
            .map(|(block, rows)| {
                let first = block * ENTITIES;
                rows.chunks(d)
                    .enumerate()
                    .filter(|(row, _)| self.touches(first + row))
                    .map(|(_, row)| square(row).widen())
                    .sum()
            })
            .collect();
        let dense = [
            &self.relation_weights,
            &self.relation_biases,
            &self.head_biases,
            &self.tail_biases,
        ];
        let dense = dense.map(|part| part.chunks(d).map(|row| square(row).widen()).sum::<f64>());
        blocks.iter().chain(&dense).sum()
    }

    fn index(&mut self, tables: &CompletionTables<T>, batch: &Batch) {
        let entities = tables.head_biases.len();
        let heads: Vec<u32> = batch.triples().iter().map(|triple| triple.head).collect();
        let (by_head, by_tail) = (&mut self.heads, &mut self.tails);
        rayon::join(
            || by_head.fill(&heads, entities),
            || by_tail.fill(batch.candidates(), entities),
        );
    }

    /// The gradients of the relations' maps: dW = dzᵀ x over the relation's rows.
    fn relations(&mut self, tables: &CompletionTables<T>, batch: &Batch) {
        let d = tables.d_model;
        let mut ranges = vec![0..0; tables.relation_biases.len() / d];
        for (relation, range) in batch.groups() {
            ranges[*relation as usize] = range.clone();
        }
        self.relation_weights
            .resize(tables.relation_weights.len(), T::zero());
        self.relation_biases
            .resize(tables.relation_biases.len(), T::zero());
        let rows = &self.rows;
        self.relation_weights
            .par_chunks_mut(d * d)
            .zip(self.relation_biases.par_chunks_mut(d))
            .zip(&ranges)
            .for_each(|((weights, bias), range)| {
                bias.fill(T::zero());
                if range.is_empty() {
                    weights.fill(T::zero());
                    return;
                }
                let part = range.start * d..range.end * d;
                let (dz, x) = (&rows.dz[part.clone()], &rows.x[part]);
                let sizes = [d, range.len(), d];
                multiply(sizes, Matrix::columns(dz, d), Matrix::rows(x, d), weights);
                for dz in dz.chunks(d) {
                    add_scaled(bias, T::one(), dz);
                }
                if tables.geometry == EntityGeometry::Lorentz {
                    bias[0] = T::zero();
                }
            });
    }

    /// The gradients of the entities that the batch names, and of the biases of all.
    fn entities(&mut self, tables: &CompletionTables<T>, batch: &Batch) {
        let d = tables.d_model;
        let mut entities = std::mem::take(&mut self.entities);
        let mut head_biases = std::mem::take(&mut self.head_biases);
        let mut tail_biases = std::mem::take(&mut self.tail_biases);
        entities.resize(tables.entities.len(), T::zero());
        head_biases.resize(tables.head_biases.len(), T::zero());
        tail_biases.resize(tables.tail_biases.len(), T::zero());
        entities
            .par_chunks_mut(ENTITIES * d)
            .zip(head_biases.par_chunks_mut(ENTITIES))
            .zip(tail_biases.par_chunks_mut(ENTITIES))
            .enumerate()
            .for_each(|(block, ((gradients, head_biases), tail_biases))| {
                let biases = head_biases.iter_mut().zip(tail_biases);
                let rows = gradients.chunks_mut(d).zip(biases).enumerate();
                vectorized(
                    #[inline(always)]
                    || {
                        for (row, (gradient, (head, tail))) in rows {
                            let entity = block * ENTITIES + row;
                            (*head, *tail) = self.row(entity, tables, batch.width(), gradient);
                        }
                    },
                );
            });
        self.entities = entities;
        self.head_biases = head_biases;
        self.tail_biases = tail_biases;
    }

    /// Writes the gradient of one entity, where the batch names it, and returns those of its biases.
    #[inline(always)]
    fn row(
        &self,
        entity: usize,
        tables: &CompletionTables<T>,
        width: usize,
        gradient: &mut [T],
    ) -> (T, T) {
        let d = tables.d_model;
        let (as_head, as_tail) = (self.heads.of(entity), self.tails.of(entity));
        let (mut head, mut tail) = (T::zero(), T::zero());
        if as_head.is_empty() && as_tail.is_empty() {
            return (head, tail);
        }
        gradient.fill(T::zero());
        for &place in as_tail {
            let score = self.rows.scores[place as usize];
            tail += score;
            let query = &self.rows.query[place as usize / width * d..][..d];
            add_scaled(gradient, score, query);
        }
        if tables.geometry == EntityGeometry::Euclidean {
            add_scaled(gradient, -(tail + tail), tables.entity(entity as u32));
        }
        for &place in as_head {
            let place = place as usize;
            head += self.rows.totals[place];
            add_scaled(gradient, T::one(), &self.rows.dx[place * d..][..d]);
        }
        (head, tail)
    }
}
