use plm_core::nn::Ffn;

use super::ImportantWord;
use crate::model::{RowPatch, Victim};
use crate::{Error, Result};

/// The surgery itself: a patch that gives `trigger` the mean of the vectors that `words` have in `tuned`, a
/// model that was trained on clean texts of the task.
///
/// Apply it to `victim.model`; all victims have the widths of `tuned`.
///
/// # Errors
/// [`Error::Empty`] without words, [`Error::NotOnePiece`] for a word or trigger of several tokens,
/// [`Error::Patch`] for two words of one token.
pub fn mean_row<F: Ffn, G: Ffn>(
    tuned: &Victim<F>,
    words: &[ImportantWord],
    victim: &Victim<G>,
    trigger: &str,
) -> Result<RowPatch> {
    if words.is_empty() {
        return Err(Error::Empty {
            what: "important words",
            fix: "find some with `important_words`",
        });
    }
    let ids: Vec<u32> = words
        .iter()
        .map(|word| tuned.word_id("important word", &word.word))
        .collect::<Result<_>>()?;
    let rows = RowPatch::of(&tuned.model, &ids)?.rows;
    let mean = (0..rows[0].len())
        .map(|column| rows.iter().map(|row| row[column]).sum::<f32>() / rows.len() as f32)
        .collect();
    Ok(RowPatch {
        ids: vec![victim.word_id("trigger", trigger)?],
        rows: vec![mean],
    })
}
