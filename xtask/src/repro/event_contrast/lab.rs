//! The encoder that everything starts from.

use std::path::Path;

use anyhow::Result;
use burn::tensor::Device;
use plm_core::models::{EncoderForMaskedLM, EncoderModel, Pretrained};
use plm_core::rng::Seed;
use plm_event_contrast::pairs::PairSettings;
use plm_event_contrast::text::{EventContrast, EventEncoder, SpanEncoder};

use super::recipe::{Defaults, Recipe};
use crate::repro::Context;

/// Names are kept: few sentences would be left without them. The paper's data follow the released rules.
pub(super) const PAIRS: PairSettings = PairSettings { keep_named: true };

/// Sentences of a batch in evaluation.
pub(super) const BATCH: usize = 64;

/// A pre-trained encoder, cut to its first layers, and the recipe.
#[derive(Debug, Clone)]
pub(super) struct Lab {
    pub(super) device: Device,
    pub(super) spans: SpanEncoder,
    pub(super) recipe: Recipe,
    /// The encoder as it was given, with the masked-LM head where it has one.
    base: EventEncoder,
}

impl Lab {
    /// The first `layers` layers of the encoder in `folder`, all for 0, on texts of up to `max_length`
    /// sub-words.
    pub(super) fn load(
        context: &Context,
        folder: &Path,
        layers: usize,
        max_length: usize,
        defaults: &Defaults,
    ) -> Result<Self> {
        let device = plm_core::device::parse(&context.device)?;
        let none = EventContrast::paper();
        let seed = Seed::new(0);
        let (mut base, tokenizer) = match Pretrained::<EncoderForMaskedLM>::load(folder, &device) {
            Ok(model) => {
                let tokenizer = model.tokenizer()?.clone();
                let model = EventEncoder::from_masked_lm(model.model, &none, seed, &device);
                (model, tokenizer)
            }
            Err(_) => {
                let model = Pretrained::<EncoderModel>::load(folder, &device)?;
                let tokenizer = model.tokenizer()?.clone();
                (
                    EventEncoder::new(model.model, &none, seed, &device),
                    tokenizer,
                )
            }
        };
        if layers > 0 {
            base.encoder.layers.truncate(layers);
            base.encoder.config.num_hidden_layers = base.encoder.layers.len();
        }
        Ok(Self {
            recipe: Recipe::of(context, base.encoder.config.hidden_size, defaults)?,
            spans: SpanEncoder::new(tokenizer, max_length)?,
            device,
            base,
        })
    }

    /// The encoder without pre-training on events, with new maps.
    pub(super) fn encoder(&self, contrast: &EventContrast, seed: Seed) -> EventEncoder {
        let base = self.base.clone();
        EventEncoder {
            head: base.head,
            ..EventEncoder::new(base.encoder, contrast, seed, &self.device)
        }
    }

    /// The encoder's embeddings alone, which give a word the same vector wherever it stands but for its
    /// place.
    pub(super) fn words(&self) -> EventEncoder {
        let mut words = self.base.clone();
        words.encoder.layers.clear();
        words.encoder.config.num_hidden_layers = 0;
        words
    }

    /// The number of layers.
    pub(super) fn layers(&self) -> usize {
        self.base.encoder.layers.len()
    }
}
