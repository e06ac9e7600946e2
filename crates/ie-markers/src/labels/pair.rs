//! One relation for two spans, from both directions.

use plm_core::check::{finite, same_size};

use super::{NIL, RelationSpace};
use crate::{Error, Result};

/// Which of two spans is the subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The first.
    Forward,
    /// The second.
    Backward,
}

/// A relation between two spans.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DirectedRelation {
    /// Its place in [`RelationSpace::labels`].
    pub label: usize,
    /// Which span is its subject; for symmetric relations the first.
    pub direction: Direction,
    /// Mean over the directions of the log-probability of the chosen class.
    pub score: f64,
}

/// Logits as log-probabilities: `x - ln Σ exp x`.
fn log_softmax<T: Copy + Into<f64>>(logits: &[T]) -> Vec<f64> {
    let values: Vec<f64> = logits.iter().map(|&value| value.into()).collect();
    let top = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = values.iter().map(|value| (value - top).exp()).sum();
    let norm = top + sum.ln();
    values.into_iter().map(|value| value - norm).collect()
}

/// The class of the largest value, of equal ones the first, and the value.
fn best(values: &[f64]) -> (usize, f64) {
    let start = (NIL, f64::NEG_INFINITY);
    let better = |best: (usize, f64), (class, &value)| {
        if value > best.1 { (class, value) } else { best }
    };
    values.iter().enumerate().fold(start, better)
}

impl RelationSpace {
    /// `row` with the classes of both directions exchanged: `[N, S | abc | ABC]` becomes
    /// `[N, S | ABC | abc]`.
    ///
    /// # Errors
    /// [`Error::Size`] where it has not one value for each class.
    pub fn swap<T: Copy>(&self, row: &[T]) -> Result<Vec<T>> {
        same_size("classes of a relation row", row.len(), self.classes())?;
        Ok((0..row.len())
            .map(|class| row[self.inverse(class)])
            .collect())
    }

    /// The relations of the spans x and y, at most one where the space has inverse classes
    /// ([`Self::decode_pair`]). Without them, each direction is decided by itself: there may be one
    /// each way; a symmetric relation that both find is one, with the better score.
    ///
    /// # Errors
    /// As [`Self::decode_pair`].
    pub fn decode<T: Copy + Into<f64>>(
        &self,
        forward: Option<&[T]>,
        backward: Option<&[T]>,
    ) -> Result<Vec<DirectedRelation>> {
        if self.has_inverses() || forward.is_none() && backward.is_none() {
            return Ok(self.decode_pair(forward, backward)?.into_iter().collect());
        }
        let mut found: Vec<DirectedRelation> = Vec::new();
        for (row, direction) in [
            (forward, Direction::Forward),
            (backward, Direction::Backward),
        ] {
            let Some(row) = row else { continue };
            let (class, score) = best(&self.log_probabilities(row)?);
            if class == NIL {
                continue;
            }
            let own = DirectedRelation {
                label: class - 1,
                direction,
                score,
            };
            let symmetric = own.label < self.symmetric_count();
            match found.first_mut() {
                Some(other) if symmetric && other.label == own.label => {
                    other.score = other.score.max(score);
                }
                _ if symmetric => found.push(DirectedRelation {
                    direction: Direction::Forward,
                    ..own
                }),
                _ => found.push(own),
            }
        }
        Ok(found)
    }

    /// A row of logits as log-probabilities.
    fn log_probabilities<T: Copy + Into<f64>>(&self, row: &[T]) -> Result<Vec<f64>> {
        same_size("classes of a relation row", row.len(), self.classes())?;
        finite("the logits of a relation", row.iter().copied())?;
        Ok(log_softmax(row))
    }

    /// The relation of the spans x and y: `forward` are the logits (or log-probabilities) with x as
    /// subject, `backward` those with y as subject. Both are normalized and added, the backward one
    /// swapped, and the best class wins; of equal ones the first. Where one direction is missing, as
    /// for spans that were cut off, the other one decides alone.
    ///
    /// The score is the mean over the directions that are there, so that scores of one and of two
    /// compare; for two it is half of PL-Marker's sum, and always that of the class that won (the
    /// original reads another class for inverse relations).
    ///
    /// Meant for spaces with inverse classes; without them no class stands for the other direction.
    ///
    /// # Errors
    /// [`Error::Setting`] where both are missing, [`Error::Size`] where a row has not one value for
    /// each class, [`Error::NotFinite`] for a value.
    pub fn decode_pair<T: Copy + Into<f64>>(
        &self,
        forward: Option<&[T]>,
        backward: Option<&[T]>,
    ) -> Result<Option<DirectedRelation>> {
        let mut sum = vec![0.0; self.classes()];
        let mut rows = 0;
        for (row, inverse) in [(forward, false), (backward, true)] {
            let Some(row) = row else { continue };
            let mut row = self.log_probabilities(row)?;
            if inverse {
                row = self.swap(&row)?;
            }
            sum.iter_mut()
                .zip(row)
                .for_each(|(sum, value)| *sum += value);
            rows += 1;
        }
        if rows == 0 {
            return Err(Error::Setting {
                name: "rows",
                value: "none".to_owned(),
                limit: "give the logits of at least one direction",
            });
        }
        let (class, best) = best(&sum);
        if class == NIL {
            return Ok(None);
        }
        let backward = class > self.labels().len();
        let own = if backward { self.inverse(class) } else { class };
        Ok(Some(DirectedRelation {
            label: own - 1,
            direction: match backward {
                true => Direction::Backward,
                false => Direction::Forward,
            },
            score: best / f64::from(rows),
        }))
    }
}
