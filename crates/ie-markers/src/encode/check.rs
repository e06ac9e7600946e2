//! Whether rows fit an encoder.

use plm_core::check::same_size;
use plm_core::config::EncoderFamily;
use plm_core::models::EncoderModel;
use plm_core::nn::{DropoutContext, Ffn};

use crate::layout::MarkerRow;
use crate::{Error, Result};

/// Every token has a row in the word table, every text fits the position table, every marker stands
/// at a token of its text.
pub(super) fn check<'r, F: Ffn>(
    model: &EncoderModel<F>,
    rows: impl IntoIterator<Item = &'r MarkerRow>,
) -> Result<()> {
    check_family(model)?;
    let mut empty = true;
    for (row, one) in rows.into_iter().enumerate() {
        empty = false;
        check_text(model, row, &one.tokens)?;
        for marker in one.groups.iter().flat_map(|group| &group.markers) {
            check_id(model, row, marker.id)?;
            if marker.position >= one.tokens.len() {
                return Err(Error::Place {
                    row,
                    what: "the text token of a marker, number",
                    index: marker.position,
                    count: one.tokens.len(),
                });
            }
        }
    }
    if empty {
        return Err(no_rows());
    }
    Ok(())
}

/// As [`check`], for texts without markers.
pub(super) fn check_texts<F: Ffn>(model: &EncoderModel<F>, texts: &[&[u32]]) -> Result<()> {
    check_family(model)?;
    if texts.is_empty() {
        return Err(no_rows());
    }
    texts
        .iter()
        .enumerate()
        .try_for_each(|(row, tokens)| check_text(model, row, tokens))
}

/// Where `dropout` names examples, it names all `rows`.
pub(super) fn check_names(dropout: &DropoutContext, rows: usize) -> Result<()> {
    if let Some(ids) = &dropout.example_ids {
        same_size("names of examples for dropout", ids.len(), rows)?;
    }
    Ok(())
}

fn no_rows() -> Error {
    Error::Empty {
        what: "rows of the batch",
        fix: "give at least one",
    }
}

fn check_family<F: Ffn>(model: &EncoderModel<F>) -> Result<()> {
    if model.relative_bias.is_none() && model.config.family != EncoderFamily::Mpnet {
        return Ok(());
    }
    Err(Error::RelativePositions {
        family: format!("{:?}", model.config.family),
    })
}

fn check_text<F: Ffn>(model: &EncoderModel<F>, row: usize, tokens: &[u32]) -> Result<()> {
    if tokens.is_empty() {
        return Err(Error::Empty {
            what: "text tokens of a row",
            fix: "give every row at least the special tokens",
        });
    }
    let limit = model.config.max_length();
    if tokens.len() > limit {
        return Err(Error::TooLong {
            row,
            tokens: tokens.len(),
            limit,
        });
    }
    tokens.iter().try_for_each(|&id| check_id(model, row, id))
}

fn check_id<F: Ffn>(model: &EncoderModel<F>, row: usize, id: u32) -> Result<()> {
    let rows = model.embeddings.word.weight.shape().dims::<2>()[0];
    if (id as usize) < rows {
        return Ok(());
    }
    Err(Error::Token { row, id, rows })
}
