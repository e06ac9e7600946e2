//! PL-Marker's entity model.

use burn::tensor::Tensor;
use plm_core::nn::{DropoutContext, FeedForward, Ffn};

use super::{Headed, RowClassifier};
use crate::Result;
use crate::encode::MarkerEncoder;
use crate::heads::NerHead;
use crate::layout::MarkerRow;

/// Classifies spans by their levitated markers: every group is the start and end marker of a span.
pub type MarkerNer<F = FeedForward> = Headed<NerHead, F>;

impl<F: Ffn> RowClassifier for MarkerNer<F> {
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
        self.head.forward(states, rows, dropout)
    }
}
