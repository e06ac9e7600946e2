//! Where a teacher's dropout acts, and by which masks.

use std::sync::Arc;

use plm_core::models::EncoderForSequenceClassification;
use plm_core::nn::{DropoutContext, DropoutMode, Ffn, LayerDropout};

use crate::example::Example;
use crate::score::{McSettings, McSites};

/// The probabilities by which a model's parts drop values: those of its parts, which may have been changed
/// after they were made from the settings.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Probabilities {
    classifier: Vec<f64>,
    elsewhere: Vec<f64>,
}

impl Probabilities {
    /// Those of `model`.
    pub(super) fn of<F: Ffn>(model: &EncoderForSequenceClassification<F>) -> Self {
        let head = &model.classifier;
        let dense = head.dense.as_ref().map(|_| head.dense_dropout);
        let layers = model.encoder.layers.iter().flat_map(|layer| {
            let LayerDropout {
                attention,
                hidden,
                activation,
            } = layer.dropout;
            [attention, hidden, activation]
        });
        Self {
            classifier: dense.into_iter().chain([head.dropout]).collect(),
            elsewhere: [model.encoder.embeddings.dropout]
                .into_iter()
                .chain(layers)
                .collect(),
        }
    }

    /// Whether a value can be dropped at `sites`.
    pub(super) fn act(&self, sites: McSites) -> bool {
        let acts = |probabilities: &[f64]| probabilities.iter().any(|&p| p > 0.0);
        match sites {
            McSites::All => acts(&self.classifier) || acts(&self.elsewhere),
            McSites::Classifier => acts(&self.classifier),
        }
    }

    /// All of them, in an order that depends on the model's form alone.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let all = self.classifier.iter().chain(&self.elsewhere);
        all.flat_map(|p| p.to_le_bytes()).collect()
    }
}

/// Masks that depend on seed, pass and the example's identity, not on its place in a batch.
pub(super) fn masks(examples: &[&Example], settings: &McSettings, pass: u64) -> DropoutContext {
    DropoutContext {
        mode: DropoutMode::Mc {
            seed: settings.seed,
            pass,
        },
        example_ids: Some(
            examples
                .iter()
                .map(|example| example.id)
                .collect::<Arc<[u64]>>(),
        ),
    }
}
