//! BART step by step.

use burn::tensor::{Device, Int, Tensor};

use super::lm::BartForConditionalGeneration;
use super::stack::FIRST_POSITION;
use crate::generate::{Beginning, GenerationConfig, GenerativeModel};
use crate::models::encoder::EncoderInput;
use crate::models::seq2seq::{Stack, host_ids};
use crate::models::step::{Plain, check_rows, check_words, last, refuse_unread};
use crate::nn::{DecoderCache, DecoderTapped, Ffn, LayerCache, Positions, sequential};
use crate::{Error, Result};

impl<F: Ffn> GenerativeModel for BartForConditionalGeneration<F> {
    fn begin(&self, input: &EncoderInput, settings: &GenerationConfig) -> Result<Beginning> {
        refuse_unread(input, &["positions", "ffn_masks"])?;
        check_words(&input.tokens, self.model.config.vocab_size)?;
        check_positions(input, self.model.config.max_position_embeddings)?;
        let memory_mask = input.memory_mask()?;
        let encoded = self.model.encode(input).last_hidden_state;
        let layers = self
            .model
            .decoder
            .layers
            .iter()
            .map(|layer| LayerCache {
                own: None,
                cross: Some(layer.cross_attention.project_key_value(encoded.clone())),
            })
            .collect();
        let mut cache = DecoderCache::new(layers);
        cache.memory_mask = memory_mask;
        let default = self.model.config.decoder_start_token_id as i64;
        let start = settings.decoder_start_token_id.unwrap_or(default);
        let prompt = vec![vec![start]; encoded.dims()[0]];
        Ok(Beginning { cache, prompt })
    }

    fn step(&self, ids: Tensor<2, Int>, cache: &mut DecoderCache) -> Tensor<2> {
        let [_, length] = ids.dims();
        let device = GenerativeModel::device(self);
        let decoder = &self.model.decoder;
        let first = FIRST_POSITION + cache.length;
        let positions = decoder
            .position
            .forward(sequential(1, length, first, &device));
        let sum = self.model.words(Stack::Decoder, &EncoderInput::ids(ids)) + positions;
        let plain = Plain::default();
        let context = plain.context(cache, length, None, &device);
        let mut tapped = DecoderTapped::default();
        let layers = Some(&mut cache.layers);
        let x = decoder.run(sum, None, layers, &context, &mut tapped);
        cache.length += length;
        self.scores(last(x), None)
    }

    fn device(&self) -> Device {
        self.model.shared.weight.device().inner()
    }

    fn vocab_size(&self) -> usize {
        self.model.config.vocab_size
    }

    fn max_positions(&self) -> Option<usize> {
        Some(self.model.config.max_position_embeddings)
    }
}

/// Checks that each token has one of the encoder's `positions`.
///
/// # Errors
/// [`Error::Invalid`] for more tokens than positions, or a position that is no row of the table.
fn check_positions(input: &EncoderInput, positions: usize) -> Result<()> {
    let [_, length] = input.tokens.dims();
    match &input.positions {
        Positions::Default if length > positions => {
            let reason =
                format!("has {length} tokens, the encoder {positions} positions: truncate");
            Err(Error::invalid("input", reason))
        }
        Positions::Default => Ok(()),
        Positions::Ids(ids) | Positions::ZeroAt { ids, .. } => {
            check_rows("position", &host_ids(ids), FIRST_POSITION + positions)
        }
    }
}
