//! The baseline that classifies pairs without markers.

use burn::tensor::Tensor;
use plm_core::nn::{DropoutContext, FeedForward, Ffn};

use super::classifier::place;
use super::{Headed, RowClassifier};
use crate::Result;
use crate::encode::{MarkerEncoder, encode_text};
use crate::heads::TokenPairHead;
use crate::layout::TokenPairRow;

/// Classifies pairs by the first and last tokens of subject and object (T-Concat for relations).
pub type TokenPairRelations<F = FeedForward> = Headed<TokenPairHead, F>;

impl<F: Ffn> RowClassifier for TokenPairRelations<F> {
    type Row = TokenPairRow;

    fn classes(&self) -> usize {
        self.head.classifier.weight.shape().dims::<2>()[1]
    }

    fn logits(
        &self,
        rows: &[&TokenPairRow],
        _encoder: MarkerEncoder,
        dropout: &DropoutContext,
    ) -> Result<Tensor<2>> {
        let texts: Vec<&[u32]> = rows.iter().map(|row| row.tokens.as_slice()).collect();
        let mut tokens: [Vec<(usize, usize)>; 4] = Default::default();
        for (number, row) in rows.iter().enumerate() {
            for ends in &row.pairs {
                for (tokens, &end) in tokens.iter_mut().zip(ends.as_flattened()) {
                    tokens.push(place(number, end, &row.tokens)?);
                }
            }
        }
        let states = encode_text(&self.encoder, &texts, dropout)?;
        self.head.forward(states, &tokens, dropout)
    }
}
