//! PL-Marker's relation model.

use plm_core::nn::{DropoutContext, FeedForward, Ffn};

use super::Headed;
use crate::Result;
use crate::encode::MarkerEncoder;
use crate::heads::{RelationHead, RelationScores};
use crate::layout::SubjectRow;

/// Classifies the relations of a subject between solid markers to objects with levitated ones.
pub type MarkerRelations<F = FeedForward> = Headed<RelationHead, F>;

impl<F: Ffn> MarkerRelations<F> {
    /// The scores of all objects, row after row.
    ///
    /// # Errors
    /// As [`super::RowClassifier::logits`].
    pub fn scores(
        &self,
        rows: &[&SubjectRow],
        encoder: MarkerEncoder,
        dropout: &DropoutContext,
    ) -> Result<RelationScores> {
        let marked: Vec<_> = rows.iter().map(|one| &one.row).collect();
        let states = encoder.encode(&self.encoder, &marked, dropout)?;
        self.head.forward(states, rows, dropout)
    }

    /// Number of relation classes.
    pub fn relations(&self) -> usize {
        self.head.subject.weight.shape().dims::<2>()[1]
    }

    /// Number of entity classes of the auxiliary head, where there is one.
    pub fn entities(&self) -> Option<usize> {
        let head = self.head.entity.as_ref()?;
        Some(head.weight.shape().dims::<2>()[1])
    }
}
