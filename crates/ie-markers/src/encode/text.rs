//! Texts without markers.

use burn::tensor::Tensor;
use plm_core::models::{EncoderInput, EncoderModel};
use plm_core::nn::{DropoutContext, Ffn, Positions};

use super::check::{check_names, check_texts};
use super::sizes::{Columns, Filling, booleans, integers};
use crate::Result;

/// The states of `texts`, padded to the longest.
///
/// # Shapes
/// - result: `[texts, longest text, hidden]`
///
/// # Errors
/// Those of [`super::encode_dense`] that concern texts.
pub fn encode_text<F: Ffn>(
    model: &EncoderModel<F>,
    texts: &[&[u32]],
    dropout: &DropoutContext,
) -> Result<Tensor<3>> {
    check_texts(model, texts)?;
    check_names(dropout, texts.len())?;
    let length = texts.iter().map(|text| text.len()).max().unwrap_or(1);
    let input = text_input(model, texts, length, dropout);
    Ok(model.forward(&input).last_hidden_state)
}

/// `texts` padded to `length`, with explicit positions.
pub(super) fn text_input<F: Ffn>(
    model: &EncoderModel<F>,
    texts: &[&[u32]],
    length: usize,
    dropout: &DropoutContext,
) -> EncoderInput {
    let filling = Filling::of(model);
    let mut columns = Columns::default();
    for text in texts {
        columns.push_text(text, length, filling);
    }
    let device = model.embeddings.word.weight.device();
    let padding = booleans(columns.padding, [texts.len(), length], &device);
    EncoderInput::ids(integers(columns.ids, texts.len(), &device))
        .with_positions(Positions::Ids(integers(
            columns.positions,
            texts.len(),
            &device,
        )))
        .with_padding(padding)
        .with_dropout_context(dropout.clone())
}
