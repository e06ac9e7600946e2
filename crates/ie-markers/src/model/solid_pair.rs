//! The baseline with one pair between solid markers a pass.

use burn::tensor::Tensor;
use plm_core::nn::{DropoutContext, FeedForward, Ffn};

use super::classifier::place;
use super::{Headed, RowClassifier};
use crate::Result;
use crate::encode::{MarkerEncoder, encode_text};
use crate::heads::SolidPairHead;
use crate::layout::PairRow;

/// Classifies the pair between the solid markers of its row.
pub type SolidPairRelations<F = FeedForward> = Headed<SolidPairHead, F>;

impl<F: Ffn> RowClassifier for SolidPairRelations<F> {
    type Row = PairRow;

    fn classes(&self) -> usize {
        self.head.classifier.weight.shape().dims::<2>()[1]
    }

    fn logits(
        &self,
        rows: &[&PairRow],
        _encoder: MarkerEncoder,
        dropout: &DropoutContext,
    ) -> Result<Tensor<2>> {
        let texts: Vec<&[u32]> = rows.iter().map(|row| row.tokens.as_slice()).collect();
        let places = |of: fn(&PairRow) -> usize| {
            let numbered = rows.iter().enumerate();
            let place = |(number, row): (usize, &&PairRow)| place(number, of(row), &row.tokens);
            numbered.map(place).collect::<Result<Vec<_>>>()
        };
        let (subjects, objects) = (places(|row| row.subject)?, places(|row| row.object)?);
        let states = encode_text(&self.encoder, &texts, dropout)?;
        self.head.forward(&states, &subjects, &objects, dropout)
    }
}
