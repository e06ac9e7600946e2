//! The baseline that tags words.

use burn::tensor::Tensor;
use plm_core::nn::{DropoutContext, FeedForward, Ffn};

use super::classifier::place;
use super::{Headed, RowClassifier};
use crate::Result;
use crate::encode::{MarkerEncoder, encode_text};
use crate::heads::TaggerHead;
use crate::layout::WordRow;

/// Tags words by the state of their first sub-token (SeqTagger).
pub type SequenceTagger<F = FeedForward> = Headed<TaggerHead, F>;

impl<F: Ffn> RowClassifier for SequenceTagger<F> {
    type Row = WordRow;

    fn classes(&self) -> usize {
        self.head.classifier.weight.shape().dims::<2>()[1]
    }

    fn logits(
        &self,
        rows: &[&WordRow],
        _encoder: MarkerEncoder,
        dropout: &DropoutContext,
    ) -> Result<Tensor<2>> {
        let texts: Vec<&[u32]> = rows.iter().map(|row| row.tokens.as_slice()).collect();
        let mut words = Vec::new();
        for (number, row) in rows.iter().enumerate() {
            for &word in &row.words {
                words.push(place(number, word, &row.tokens)?);
            }
        }
        let states = encode_text(&self.encoder, &texts, dropout)?;
        self.head.forward(&states, &words, dropout)
    }
}
