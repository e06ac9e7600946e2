//! Prompts without position embeddings written as prompts with them, and back.
//!
//! In the style [`ZeroPosition`](crate::model::PromptStyle::ZeroPosition) slot 0 is the word vector `m` of the mask
//! and slot `i` is `p_i`, without a position vector. PEFT adds the position vector `e_i` of the place to
//! every slot `q_i`. With `q_0 = m - e_0` and `q_i = p_i - e_i` both feed the same sums to the model.

use plm_core::check::same_size;

use crate::{Error, PromptMatrix, Result};

/// How far row 0 may lie from the mask's word vector, relative to the larger of 1 and the numbers that
/// were subtracted. Adapters stored in bfloat16 differ by 1/256.
const TOLERANCE: f32 = 1.0 / 128.0;

/// The prompt in the style [`Absolute`](crate::model::PromptStyle::Absolute) that acts as `prompt` does in the style
/// [`ZeroPosition`](crate::model::PromptStyle::ZeroPosition). `positions` are the position vectors of the places that
/// the slots take, row by row: those from `pad_token_id + 1` on in RoBERTa, from 0 on in BERT. `mask` is
/// the word vector of the mask. Row 0 of `prompt` has no effect.
///
/// # Errors
/// [`Error::Size`] where `positions` or `mask` do not fit the prompt, [`Error::Setting`] for a prompt
/// without rows, [`Error::NotFinite`] where a difference is not finite.
pub fn to_absolute(prompt: &PromptMatrix, positions: &[f32], mask: &[f32]) -> Result<PromptMatrix> {
    check(prompt, positions, mask)?;
    let rows = mask
        .iter()
        .chain(prompt.values().iter().skip(prompt.width()));
    let values = rows.zip(positions).map(|(row, position)| row - position);
    PromptMatrix::new(prompt.rows(), prompt.width(), values.collect())
}

/// The prompt in the style [`ZeroPosition`](crate::model::PromptStyle::ZeroPosition) that acts as `prompt` does in
/// the style [`Absolute`](crate::model::PromptStyle::Absolute): the inverse of [`to_absolute`]. Row 0 becomes the
/// word vector of the mask.
///
/// # Errors
/// As [`to_absolute`], and [`Error::NotMask`] where slot 0 is not the mask: such a prompt was trained
/// in the other style and has no equivalent.
pub fn to_zero_position(
    prompt: &PromptMatrix,
    positions: &[f32],
    mask: &[f32],
) -> Result<PromptMatrix> {
    check(prompt, positions, mask)?;
    let first = prompt.values().iter().zip(positions).zip(mask).enumerate();
    for (column, ((row, position), mask)) in first {
        let size = row.abs().max(position.abs()).max(1.0);
        if (row + position - mask).abs() > TOLERANCE * size {
            return Err(Error::NotMask {
                column,
                found: row + position,
                mask: *mask,
            });
        }
    }
    let rest = prompt.values().iter().zip(positions).skip(prompt.width());
    let rest = rest.map(|(row, position)| row + position);
    let values = mask.iter().copied().chain(rest).collect();
    PromptMatrix::new(prompt.rows(), prompt.width(), values)
}

fn check(prompt: &PromptMatrix, positions: &[f32], mask: &[f32]) -> Result<()> {
    if prompt.rows() == 0 {
        return Err(Error::Setting {
            name: "rows",
            value: "0".to_owned(),
            limit: "slot 0 is where the answer is read, so at least 1",
        });
    }
    let sizes = [
        (
            "the positions of the slots",
            positions.len(),
            prompt.values().len(),
        ),
        ("the word vector of the mask", mask.len(), prompt.width()),
    ];
    for (what, found, expected) in sizes {
        same_size(what, found, expected)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt(values: &[f32]) -> PromptMatrix {
        PromptMatrix::new(values.len() / 2, 2, values.to_vec()).unwrap()
    }

    const POSITIONS: [f32; 4] = [0.5, -1.0, 2.0, 0.25];
    const MASK: [f32; 2] = [4.0, 8.0];

    #[test]
    fn a_case_by_hand_goes_there_and_back() {
        // Row 0 is dead: [4, 8] - [0.5, -1]; row 1: [1, 2] - [2, 0.25].
        let there = to_absolute(&prompt(&[9.0, 9.0, 1.0, 2.0]), &POSITIONS, &MASK).unwrap();
        assert_eq!(there.values(), [3.5, 9.0, -1.0, 1.75]);
        let back = to_zero_position(&there, &POSITIONS, &MASK).unwrap();
        assert_eq!(back.values(), [4.0, 8.0, 1.0, 2.0]);
        assert_eq!(to_absolute(&back, &POSITIONS, &MASK).unwrap(), there);
    }

    #[test]
    fn what_has_no_equivalent_is_refused() {
        let other = prompt(&[3.5, 9.2, -1.0, 1.75]);
        let error = to_zero_position(&other, &POSITIONS, &MASK)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("column 1") && error.contains("keep it"),
            "{error}"
        );
        let near = prompt(&[3.5, 9.01, -1.0, 1.75]);
        assert!(to_zero_position(&near, &POSITIONS, &MASK).is_ok());
    }

    #[test]
    fn sizes_are_checked() {
        let two = prompt(&[0.0; 4]);
        for (prompt, positions, mask, text) in [
            (
                &two,
                &POSITIONS[..3],
                &MASK[..],
                "positions of the slots: 3, expected 4",
            ),
            (&two, &POSITIONS, &MASK[..1], "mask: 1, expected 2"),
            (&prompt(&[]), &[], &MASK, "rows = 0"),
        ] {
            for convert in [to_absolute, to_zero_position] {
                let error = convert(prompt, positions, mask).unwrap_err().to_string();
                assert!(error.contains(text), "{error}");
            }
        }
        let huge = prompt(&[f32::MAX; 4]);
        assert!(to_absolute(&huge, &[-f32::MAX; 4], &MASK).is_err());
    }
}
