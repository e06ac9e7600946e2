//! What an encoder is given and what it returns.

use std::collections::BTreeMap;

use burn::tensor::{Bool, Int, Tensor};

use crate::nn::{AttentionMask, DropoutContext, DropoutMode, Positions, Tapped, Taps};
use crate::{Error, Result};

/// A batch's tokens.
#[derive(Debug, Clone)]
pub enum Tokens {
    /// Vocabulary ids, `[batch, length]`.
    Ids(Tensor<2, Int>),
    /// Word vectors in their place (soft prompts), `[batch, length, hidden]`; positions and token
    /// types are still added.
    Embeds(Tensor<3>),
}

impl Tokens {
    /// Batch size and length.
    pub fn dims(&self) -> [usize; 2] {
        match self {
            Self::Ids(ids) => ids.dims(),
            Self::Embeds(embeds) => {
                let [batch, length, _] = embeds.dims();
                [batch, length]
            }
        }
    }
}

/// Vectors that stand in for rows of the word table, without touching the table.
///
/// Their gradient has the size of `rows`, not of the vocabulary. Passes over an input panic where there
/// is not one row per id, as wide as the table.
#[derive(Debug, Clone)]
pub struct RowOverride {
    /// The vocabulary ids whose vectors are replaced; of equal ones the last counts.
    pub ids: Vec<i64>,
    /// Their vectors, `[ids, hidden]`.
    pub rows: Tensor<2>,
}

/// One batch for an encoder.
///
/// Ids are not checked where it is put together: tokens must be rows of the word table, token types and
/// given positions of theirs, and tapped positions must lie within the sequence. A pass over an input
/// where they are not panics on CPUs; GPUs do not check, and compute with whatever they read.
/// [`generate`](crate::generate::generate) checks what it reads.
#[derive(Debug, Clone)]
pub struct EncoderInput {
    /// The tokens.
    pub tokens: Tokens,
    /// Which keys are hidden; nothing is where absent.
    pub mask: Option<AttentionMask>,
    /// Token types, `[batch, length]`; all 0 where absent.
    pub token_type_ids: Option<Tensor<2, Int>>,
    /// Positions.
    pub positions: Positions,
    /// Replaced rows of the word table; not read where tokens are vectors.
    pub row_override: Option<RowOverride>,
    /// Whether dropout acts.
    pub dropout: DropoutContext,
    /// Values to hand out.
    pub taps: Taps,
    /// Factors of feed-forward intermediates by layer: `[batch or 1, length or 1, intermediate]`.
    pub ffn_masks: BTreeMap<usize, Tensor<3>>,
}

impl EncoderInput {
    /// Token ids, `[batch, length]`.
    pub fn ids(ids: Tensor<2, Int>) -> Self {
        Self::new(Tokens::Ids(ids))
    }

    /// Word vectors, `[batch, length, hidden]`.
    pub fn embeds(embeds: Tensor<3>) -> Self {
        Self::new(Tokens::Embeds(embeds))
    }

    fn new(tokens: Tokens) -> Self {
        Self {
            tokens,
            mask: None,
            token_type_ids: None,
            positions: Positions::Default,
            row_override: None,
            dropout: DropoutContext::default(),
            taps: Taps::default(),
            ffn_masks: BTreeMap::new(),
        }
    }

    /// Hides padding: true at padding, `[batch, length]`.
    pub fn with_padding(self, padding: Tensor<2, Bool>) -> Self {
        self.with_mask(AttentionMask::Padding(padding))
    }

    /// Hides keys.
    pub fn with_mask(mut self, mask: AttentionMask) -> Self {
        self.mask = Some(mask);
        self
    }

    /// Sets token types, `[batch, length]`.
    pub fn with_token_types(mut self, token_type_ids: Tensor<2, Int>) -> Self {
        self.token_type_ids = Some(token_type_ids);
        self
    }

    /// Sets positions.
    pub fn with_positions(mut self, positions: Positions) -> Self {
        self.positions = positions;
        self
    }

    /// Replaces rows of the word table.
    pub fn with_row_override(mut self, row_override: RowOverride) -> Self {
        self.row_override = Some(row_override);
        self
    }

    /// Sets the dropout mode, examples named by their row.
    pub fn with_dropout(self, mode: DropoutMode) -> Self {
        self.with_dropout_context(mode.into())
    }

    /// Sets the dropout mode and the examples' names.
    pub fn with_dropout_context(mut self, dropout: DropoutContext) -> Self {
        self.dropout = dropout;
        self
    }

    /// Asks for values.
    pub fn with_taps(mut self, taps: Taps) -> Self {
        self.taps = taps;
        self
    }

    /// Multiplies the feed-forward intermediates of `layer`.
    pub fn with_ffn_mask(mut self, layer: usize, factors: Tensor<3>) -> Self {
        self.ffn_masks.insert(layer, factors);
        self
    }

    /// The name of the first field that is set beside tokens and mask and is not among `heeded`: what a
    /// model that reads no others has to refuse.
    pub fn first_unread(&self, heeded: &[&str]) -> Option<&'static str> {
        let positions = !matches!(self.positions, Positions::Default);
        let fields = [
            ("row_override", self.row_override.is_some()),
            ("token_type_ids", self.token_type_ids.is_some()),
            ("positions", positions),
            ("ffn_masks", !self.ffn_masks.is_empty()),
            ("dropout", self.dropout.mode != DropoutMode::Off),
            ("taps", !self.taps.is_empty()),
        ];
        let mut unread = fields
            .into_iter()
            .filter(|(field, set)| *set && !heeded.contains(field));
        unread.next().map(|(field, _)| field)
    }

    /// What a decoder may not see of the encoder's output, which is the encoder's padding:
    /// `[batch, 1, keys]`.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a mask per query, which says nothing about the decoder's queries.
    pub fn memory_mask(&self) -> Result<Option<Tensor<3, Bool>>> {
        match &self.mask {
            None => Ok(None),
            Some(mask @ AttentionMask::Padding(_)) => Ok(Some(mask.to_kernel())),
            Some(AttentionMask::Pairwise(_)) => {
                let reason = "is per query, which says nothing about the decoder's: give padding";
                Err(Error::invalid("`mask` of the input", reason))
            }
        }
    }
}

/// An encoder's result.
#[derive(Debug, Clone)]
pub struct EncoderOutput {
    /// Output of the last layer, `[batch, length, hidden]`.
    pub last_hidden_state: Tensor<3>,
    /// The pooler's vector of the first token, `[batch, hidden]`, where the model has a pooler.
    pub pooler_output: Option<Tensor<2>>,
    /// The values that were asked for.
    pub tapped: Tapped,
}
