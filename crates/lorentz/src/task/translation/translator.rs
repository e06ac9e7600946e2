//! What training and measuring need of a translator.

use burn::module::Module;
use burn::tensor::{Bool, Int, Tensor};
use plm_core::generate::{Beginning, GenerationConfig, GenerativeModel};
use plm_core::models::{EncoderInput, Tokens};
use plm_core::nn::{AttentionMask, DecoderCache, LayerCache};

use super::SpecialIds;
use crate::Result;

/// A model that reads a sequence and scores the tokens of another.
///
/// Inputs are ids with a padding mask; what else an [`EncoderInput`] can say is not used. As a
/// [`GenerativeModel`] it translates step by step, behind a cache of keys and values.
pub trait Translator: Module + GenerativeModel {
    /// The scores of every token that may follow each token of `target`, where the decoder sees only
    /// what lies before. `source.dropout` holds for both sides.
    ///
    /// # Shapes
    /// - source: `[batch, source length]`
    /// - target: `[batch, length]`, from the start token on
    /// - result: `[batch, length, target symbols]`
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where a sequence is too long or the source is not ids.
    fn scores(&self, source: &EncoderInput, target: Tensor<2, Int>) -> Result<Tensor<3>>;

    /// The special ids.
    fn special(&self) -> SpecialIds;

    /// Tokens of the source language; those of the target are [`GenerativeModel::vocab_size`].
    fn source_symbols(&self) -> usize;
}

/// The ids of an input.
pub(super) fn ids(input: &EncoderInput) -> plm_core::Result<Tensor<2, Int>> {
    match &input.tokens {
        Tokens::Ids(ids) => Ok(ids.clone()),
        Tokens::Embeds(_) => Err(plm_core::Error::invalid(
            "source",
            "holds vectors, translators read ids",
        )),
    }
}

/// The masks of the encoder and of attention to the source.
pub(super) fn masks(input: &EncoderInput) -> [Option<Tensor<3, Bool>>; 2] {
    match &input.mask {
        Some(mask @ AttentionMask::Padding(_)) => [Some(mask.to_kernel()), Some(mask.to_kernel())],
        Some(mask @ AttentionMask::Pairwise(_)) => [Some(mask.to_kernel()), None],
        None => [None, None],
    }
}

/// The start of a translation of each row of `input`, whose vectors are in the caches of `layers`.
pub(super) fn beginning(
    layers: Vec<LayerCache>,
    input: &EncoderInput,
    rows: usize,
    settings: &GenerationConfig,
    special: SpecialIds,
) -> Beginning {
    let mut cache = DecoderCache::new(layers);
    [_, cache.memory_mask] = masks(input);
    let start = settings.decoder_start_token_id.unwrap_or(special.start);
    Beginning {
        cache,
        prompt: vec![vec![start]; rows],
    }
}

/// Refuses positions beyond the table.
pub(super) fn within(first: usize, length: usize, max_length: usize) -> plm_core::Result<()> {
    if first + length <= max_length {
        return Ok(());
    }
    let reason = format!(
        "has {} tokens, the model reads {max_length}: cut it or raise `max_length`",
        first + length
    );
    Err(plm_core::Error::invalid("sequence", reason))
}
