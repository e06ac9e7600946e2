//! The baseline with four levitated markers a pair.

use burn::tensor::Tensor;
use plm_core::nn::{DropoutContext, FeedForward, Ffn};

use super::{Headed, RowClassifier};
use crate::Result;
use crate::encode::MarkerEncoder;
use crate::heads::LevitatedPairHead;
use crate::layout::MarkerRow;

/// Classifies pairs by their levitated markers: every group is start and end of the subject, then start
/// and end of the object.
pub type LevitatedPairRelations<F = FeedForward> = Headed<LevitatedPairHead, F>;

impl<F: Ffn> RowClassifier for LevitatedPairRelations<F> {
    type Row = MarkerRow;

    fn classes(&self) -> usize {
        self.head.classifier.weight.shape().dims::<2>()[1]
    }

    fn logits(
        &self,
        rows: &[&MarkerRow],
        encoder: MarkerEncoder,
        dropout: &DropoutContext,
    ) -> Result<Tensor<2>> {
        let states = encoder.encode(&self.encoder, rows, dropout)?;
        self.head.forward(&states, rows, dropout)
    }
}
