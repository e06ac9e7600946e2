//! What training and measuring need of a translator.

use burn::module::Module;
use burn::tensor::{Bool, Int, Tensor};
use plm_core::generate::{Beginning, GenerationConfig, GenerativeModel};
use plm_core::models::{EncoderInput, Tokens};
use plm_core::nn::{DecoderCache, DropoutMode, LayerCache};

use super::SpecialIds;
use super::batch::check_ids;
use crate::Result;

/// A model that reads a sequence and scores the tokens of another.
///
/// Inputs are ids with a padding mask; what else an [`EncoderInput`] can say is refused, but for dropout
/// where whole targets are scored. As a [`GenerativeModel`] it translates step by step, behind a cache of
/// keys and values, and its [`max_positions`](GenerativeModel::max_positions) hold for sources too.
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
    /// [`Error::Core`](crate::Error::Core) where a sequence is too long, the source is not ids, or it has a
    /// field that would not be heeded.
    fn scores(&self, source: &EncoderInput, target: Tensor<2, Int>) -> Result<Tensor<3>>;

    /// The special ids.
    fn special(&self) -> SpecialIds;

    /// Tokens of the source language; those of the target are [`GenerativeModel::vocab_size`].
    fn source_symbols(&self) -> usize;
}

/// The ids of an input that says nothing else but masks and dropout.
pub(super) fn ids(input: &EncoderInput) -> plm_core::Result<Tensor<2, Int>> {
    refuse_unread(input)?;
    match &input.tokens {
        Tokens::Ids(ids) => Ok(ids.clone()),
        Tokens::Embeds(_) => Err(plm_core::Error::invalid(
            "source",
            "holds vectors, translators read ids",
        )),
    }
}

/// Refuses fields that no translator heeds.
fn refuse_unread(input: &EncoderInput) -> plm_core::Result<()> {
    match input.first_unread(&["dropout"]) {
        None => Ok(()),
        Some(field) => Err(plm_core::Error::invalid(
            format!("`{field}` of the input"),
            "is set, but translators do not heed it",
        )),
    }
}

/// Refuses an input that cannot be translated step by step: with dropout, or with ids that are not below
/// `symbols`.
pub(super) fn check_steps(input: &EncoderInput, symbols: usize) -> plm_core::Result<()> {
    if input.dropout.mode != DropoutMode::Off {
        return Err(plm_core::Error::invalid(
            "`dropout` of the input",
            "is set, but translation step by step does not heed it",
        ));
    }
    let ids = ids(input)?;
    let length = ids.dims()[1].max(1);
    let ids: Vec<i64> = ids.into_data().iter::<i64>().collect();
    let mut rows = ids.chunks(length).enumerate();
    rows.try_for_each(|(row, ids)| check_ids(&format!("sequence {row}"), "source", ids, symbols))
}

/// The start of a translation of each of `rows` sources, whose vectors are in the caches of `layers`.
pub(super) fn beginning(
    layers: Vec<LayerCache>,
    memory_mask: Option<Tensor<3, Bool>>,
    rows: usize,
    settings: &GenerationConfig,
    special: SpecialIds,
) -> Beginning {
    let mut cache = DecoderCache::new(layers);
    cache.memory_mask = memory_mask;
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
