//! Settings that both translators share.

use plm_core::check::{at_least, below_one};
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::nn::{PositionTable, TransformerConfig};

const ORIGIN: &str = "TranslatorConfig";

/// The ids that do not stand for a piece of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpecialIds {
    /// Fills up shorter sequences.
    pub pad: i64,
    /// What the decoder reads first.
    pub start: i64,
    /// Ends sources and targets.
    pub end: i64,
}

/// Settings of a [`LorentzTranslator`](super::LorentzTranslator) or an
/// [`EuclideanTranslator`](super::EuclideanTranslator).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TranslatorConfig {
    /// Tokens of the source language.
    pub source_symbols: usize,
    /// Tokens of the target language.
    pub target_symbols: usize,
    /// The special ids, the same in both languages.
    pub special: SpecialIds,
    /// The longest sequence of either language, with its start or end.
    pub max_length: usize,
    /// Where the vectors of positions come from; the Euclidean translator always learns them.
    pub position: PositionTable,
    /// Dropout of the embeddings: the authors' code has 0.1 always, whatever the other dropouts.
    pub embedding_dropout: f64,
    /// Sizes of encoder and decoder. The Euclidean translator does without residual kind, curvature
    /// and parity.
    pub transformer: TransformerConfig,
}

impl TranslatorConfig {
    /// Learned positions, sequences of up to 256 tokens, embedding dropout 0.1.
    pub fn new(
        source_symbols: usize,
        target_symbols: usize,
        special: SpecialIds,
        transformer: TransformerConfig,
    ) -> Self {
        Self {
            source_symbols,
            target_symbols,
            special,
            max_length: 256,
            position: PositionTable::Learned,
            embedding_dropout: 0.1,
            transformer,
        }
    }

    /// Refuses settings that make no model.
    pub(super) fn check(&self) -> Result<()> {
        let refuse =
            |key: &str, reason: String| Err(plm_core::Error::config(ORIGIN, key, reason).into());
        let SpecialIds { pad, start, end } = self.special;
        if pad == start || pad == end || start == end {
            let reason = format!("are {pad}, {start} and {end}, must all differ");
            return refuse("special", reason);
        }
        let symbols = self.source_symbols.min(self.target_symbols);
        for id in [pad, start, end] {
            if usize::try_from(id).is_ok_and(|id| id < symbols) {
                continue;
            }
            let reason = format!("hold {id}, the smaller vocabulary only ids below {symbols}");
            return refuse("special", reason);
        }
        let sizes = self.transformer;
        for (key, value) in [
            ("max_length", self.max_length),
            ("d_model", sizes.d_model),
            ("d_feed_forward", sizes.d_feed_forward),
            ("layers", sizes.layers),
        ] {
            at_least(ORIGIN, key, value, 1)?;
        }
        for (key, value) in [
            ("embedding_dropout", self.embedding_dropout),
            ("dropout", sizes.dropout),
            ("attention_dropout", sizes.attention_dropout),
        ] {
            below_one(ORIGIN, key, value)?;
        }
        let (heads, width) = (sizes.heads, sizes.d_model);
        if heads == 0 || !width.is_multiple_of(heads) {
            let reason = format!("is {heads}, must divide the width {width}");
            return refuse("heads", reason);
        }
        Ok(())
    }
}
