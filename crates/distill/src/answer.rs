//! What a classifier says of a batch.

use std::collections::BTreeMap;

use burn::tensor::Tensor;
use plm_core::models::{EncoderForSequenceClassification, EncoderInput};
use plm_core::nn::Ffn;

/// The hidden states that `input` wants tapped, and the class scores, which cost less where it wants none.
///
/// # Shapes
/// - hidden states: by number, `[batch, positions, hidden]`
/// - class scores: `[batch, classes]`
pub(crate) fn answer<F: Ffn>(
    model: &EncoderForSequenceClassification<F>,
    input: &EncoderInput,
) -> (BTreeMap<usize, Tensor<3>>, Tensor<2>) {
    if input.taps.hidden_states.is_empty() {
        return (BTreeMap::new(), model.logits(input));
    }
    let (output, logits) = model.forward(input);
    (output.tapped.hidden_states, logits)
}
