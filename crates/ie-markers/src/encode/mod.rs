//! Encoders of texts with levitated markers, over any of plm-core's encoders with absolute positions.
//!
//! Two layouts give the same states. [`encode_dense`] is the reference: one sequence of text and
//! markers with a boolean mask. [`encode_factorized`] runs the text alone, keeps each layer's keys and
//! values of it, and lets the markers attend to those and to their own group: no square of all markers
//! is computed or stored.
//!
//! Because text sees text only and groups do not see each other, a text's states are the same with and
//! without markers, and a group's states depend neither on the other groups nor on their order. How
//! groups are packed therefore changes no result in evaluation; in training it decides which spans
//! share a dropout mask of the text and a batch.

mod ablated;
mod buckets;
mod check;
mod dense;
mod factorized;
mod shared;
mod sizes;
mod states;
#[cfg(test)]
mod tests;
mod text;

pub use ablated::{MaskAblation, encode_ablated};
pub use buckets::bucket_rows;
pub use dense::{DenseLayout, encode_dense};
pub use factorized::encode_factorized;
pub use shared::encode_shared;
pub use states::MarkerStates;
pub(crate) use states::text_rows;
pub use text::encode_text;

use std::borrow::Borrow;

use plm_core::models::EncoderModel;
use plm_core::nn::{DropoutContext, Ffn};
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::layout::MarkerRow;

/// How rows of text and markers go through the encoder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkerEncoder {
    /// [`encode_dense`]: one sequence and a mask.
    Dense,
    /// [`encode_factorized`]: the text once a row, the markers as queries over it.
    #[default]
    Factorized,
    /// [`encode_shared`]: the text once for all rows that have the same one. The states are the same;
    /// in training the rows of one text also share its dropout.
    Shared,
    /// [`encode_ablated`]: one sequence and a mask with switches, for ablations. What a stage of
    /// [`pipeline`](crate::pipeline) learns under it needs it in prediction, too, so that its settings hold it.
    Ablated(MaskAblation),
}

impl MarkerEncoder {
    /// The states of all texts and markers of `rows`.
    ///
    /// # Errors
    /// As [`encode_dense`].
    pub fn encode<F: Ffn, R: Borrow<MarkerRow>>(
        self,
        model: &EncoderModel<F>,
        rows: &[R],
        dropout: &DropoutContext,
    ) -> Result<MarkerStates> {
        match self {
            Self::Dense => encode_dense(model, rows, dropout),
            Self::Factorized => encode_factorized(model, rows, dropout),
            Self::Shared => encode_shared(model, rows, dropout),
            Self::Ablated(ablation) => encode_ablated(model, rows, ablation, dropout),
        }
    }
}
