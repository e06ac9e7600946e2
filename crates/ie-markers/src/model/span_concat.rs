//! The baseline that classifies spans without markers.

use burn::tensor::Tensor;
use plm_core::nn::{DropoutContext, FeedForward, Ffn};

use super::classifier::place;
use super::{Headed, RowClassifier};
use crate::Result;
use crate::encode::{MarkerEncoder, encode_text};
use crate::heads::SpanConcatHead;
use crate::layout::SpanRow;

/// Classifies spans by the states of their first and last token (T-Concat).
pub type SpanConcatNer<F = FeedForward> = Headed<SpanConcatHead, F>;

impl<F: Ffn> RowClassifier for SpanConcatNer<F> {
    type Row = SpanRow;

    fn classes(&self) -> usize {
        self.head.classifier.weight.shape().dims::<2>()[1]
    }

    fn logits(
        &self,
        rows: &[&SpanRow],
        _encoder: MarkerEncoder,
        dropout: &DropoutContext,
    ) -> Result<Tensor<2>> {
        let texts: Vec<&[u32]> = rows.iter().map(|row| row.tokens.as_slice()).collect();
        let (mut firsts, mut lasts) = (Vec::new(), Vec::new());
        for (number, row) in rows.iter().enumerate() {
            for &[first, last] in &row.spans {
                firsts.push(place(number, first, &row.tokens)?);
                lasts.push(place(number, last, &row.tokens)?);
            }
        }
        let states = encode_text(&self.encoder, &texts, dropout)?;
        self.head.forward(states, &firsts, &lasts, dropout)
    }
}
