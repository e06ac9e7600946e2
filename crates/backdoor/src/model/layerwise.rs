//! The loss of layer-wise poisoning (Li et al. 2021).

use burn::tensor::{Int, Tensor};
use plm_core::models::{EncoderForSequenceClassification, EncoderInput, loss};
use plm_core::nn::{Ffn, TapPositions, Taps};

/// Σ over layers of the cross-entropy of the one classifier on the layer's first token, through the
/// pooler where the model has one.
pub(super) fn layerwise_loss<F: Ffn>(
    model: &EncoderForSequenceClassification<F>,
    input: EncoderInput,
    labels: Tensor<1, Int>,
) -> Tensor<1> {
    let layers = model.encoder.layers.len();
    let dropout = input.dropout.clone();
    let input = input.with_taps(Taps {
        hidden_states: (1..=layers).collect(),
        positions: TapPositions::Same(vec![0]),
        ..Taps::default()
    });
    let output = model.encoder.forward(&input);
    (1..=layers)
        .map(|layer| {
            let first = &output.tapped.hidden_states[&layer];
            let pooled = match model.encoder.pool(first) {
                Some(pooled) => pooled,
                None => first.clone().squeeze_dim(1),
            };
            let logits = model.classifier.forward(pooled, &dropout);
            loss::cross_entropy(logits, labels.clone())
        })
        .reduce(|sum, loss| sum + loss)
        .expect("an encoder has layers")
}
