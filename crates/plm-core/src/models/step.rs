//! What the decoders of all families need to run one step behind a cache.

use std::collections::{BTreeMap, BTreeSet};

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};

use super::encoder::{EncoderInput, Tokens};
use super::seq2seq::host_ids;
use crate::nn::{DecoderCache, DecoderContext, DropoutContext, LayerContext, Taps};
use crate::{Error, Result};

/// Refuses fields of `input` that generation would not heed; `heeded` names those that an encoder reads.
///
/// # Errors
/// [`Error::Invalid`] naming the first that is set.
pub(super) fn refuse_unread(input: &EncoderInput, heeded: &[&str]) -> Result<()> {
    match input.first_unread(heeded) {
        None => Ok(()),
        Some(field) => Err(Error::invalid(
            format!("`{field}` of the input"),
            "is set, but generation step by step does not heed it",
        )),
    }
}

/// Checks that tokens given as ids are in a vocabulary of `words`.
///
/// # Errors
/// As [`check_rows`].
pub(super) fn check_words(tokens: &Tokens, words: usize) -> Result<()> {
    match tokens {
        Tokens::Ids(ids) => check_rows("token id", &host_ids(ids), words),
        Tokens::Embeds(_) => Ok(()),
    }
}

/// Checks that `ids` are rows of a table of `rows`; `what` names one of them.
///
/// # Errors
/// [`Error::Invalid`] naming the first that is not.
pub(super) fn check_rows(what: &str, ids: &[Vec<i64>], rows: usize) -> Result<()> {
    let fits = |id: &i64| usize::try_from(*id).is_ok_and(|id| id < rows);
    for (example, row) in ids.iter().enumerate() {
        if let Some(position) = row.iter().position(|id| !fits(id)) {
            let reason = format!(
                "is {} at position {position} of example {example}, not in 0..{rows}",
                row[position]
            );
            return Err(Error::invalid(what, reason));
        }
    }
    Ok(())
}

/// A context without dropout, taps and feed-forward factors owns nothing but these.
#[derive(Default)]
pub(super) struct Plain {
    dropout: DropoutContext,
    taps: Taps,
    ffn_masks: BTreeMap<usize, Tensor<3>>,
    wanted: BTreeSet<usize>,
}

impl Plain {
    /// The context of `queries` tokens that follow those in `cache`.
    pub(super) fn context(
        &self,
        cache: &DecoderCache,
        queries: usize,
        bias: Option<Tensor<4>>,
        device: &Device,
    ) -> DecoderContext<'_> {
        DecoderContext {
            layer: LayerContext {
                mask: step_mask(cache, queries, device),
                bias,
                dropout: &self.dropout,
                taps: &self.taps,
                ffn_masks: &self.ffn_masks,
            },
            cross_mask: cache.memory_mask.clone(),
            cross_attentions: &self.wanted,
            sites: 0,
        }
    }
}

/// What `queries` tokens behind `cache` may not see: later tokens and padding.
fn step_mask(cache: &DecoderCache, queries: usize, device: &Device) -> Option<Tensor<3, Bool>> {
    if queries == 1 && cache.padding.is_empty() {
        return None;
    }
    let keys = cache.length + queries;
    let rows = cache.padding.len().max(1);
    let mut hidden = Vec::with_capacity(rows * queries * keys);
    for row in 0..rows {
        let padding: &[bool] = cache.padding.get(row).map_or(&[], Vec::as_slice);
        for query in cache.length..keys {
            hidden.extend(
                (0..keys).map(|key| key > query || padding.get(key).copied().unwrap_or(false)),
            );
        }
    }
    Some(Tensor::from_data(
        TensorData::new(hidden, [rows, queries, keys]),
        device,
    ))
}

/// The positions of `queries` tokens behind `cache`, visible tokens counted from 0:
/// `[rows or 1, queries]`.
pub(super) fn step_positions(
    cache: &DecoderCache,
    queries: usize,
    device: &Device,
) -> Tensor<2, Int> {
    let rows = cache.padding.len().max(1);
    let mut positions = Vec::with_capacity(rows * queries);
    for row in 0..rows {
        let padding: &[bool] = cache.padding.get(row).map_or(&[], Vec::as_slice);
        for query in cache.length..cache.length + queries {
            let pads = padding.iter().take(query + 1).filter(|&&pad| pad).count();
            positions.push((query + 1 - pads).saturating_sub(1) as i64);
        }
    }
    Tensor::from_data(TensorData::new(positions, [rows, queries]), device)
}

/// The last position's vectors: `[rows, length, width]` to `[rows, width]`.
pub(super) fn last(x: Tensor<3>) -> Tensor<2> {
    let length = x.dims()[1];
    x.narrow(1, length - 1, 1).squeeze_dim(1)
}
