//! One text for all the rows that have it.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::sync::Arc;

use plm_core::models::EncoderModel;
use plm_core::nn::{DropoutContext, Ffn};

use super::MarkerStates;
use super::check::{check, check_names};
use super::factorized::{Packed, encode_packed};
use super::states::Place;
use crate::Result;
use crate::layout::MarkerRow;

/// The states of `rows`, where rows with the same tokens are one text with all their groups.
///
/// With dropout, a text has the masks of the first row that holds it.
///
/// # Errors
/// As [`super::encode_dense`].
pub fn encode_shared<F: Ffn, R: Borrow<MarkerRow>>(
    model: &EncoderModel<F>,
    rows: &[R],
    dropout: &DropoutContext,
) -> Result<MarkerStates> {
    check(model, rows.iter().map(Borrow::borrow))?;
    check_names(dropout, rows.len())?;
    let mut packed: Vec<Packed<'_>> = Vec::new();
    let mut numbers: HashMap<&[u32], usize> = HashMap::new();
    let (mut places, mut first_rows) = (Vec::new(), Vec::new());
    for (number, row) in rows.iter().enumerate() {
        let row: &MarkerRow = row.borrow();
        let text = *numbers.entry(&row.tokens).or_insert_with(|| {
            packed.push(Packed {
                tokens: &row.tokens,
                groups: Vec::new(),
            });
            first_rows.push(number);
            packed.len() - 1
        });
        places.push(Place::new(text, packed[text].groups.len(), row));
        packed[text].groups.extend(&row.groups);
    }
    let names = |ids: &Arc<[u64]>| first_rows.iter().map(|&row| ids[row]).collect();
    let dropout = DropoutContext {
        mode: dropout.mode,
        example_ids: dropout.example_ids.as_ref().map(names),
    };
    Ok(encode_packed(model, &packed, places, &dropout))
}
