//! T5 step by step.

use burn::tensor::{Device, Int, Tensor};

use super::lm::T5ForConditionalGeneration;
use crate::Result;
use crate::generate::{Beginning, GenerationConfig, GenerativeModel};
use crate::models::encoder::EncoderInput;
use crate::models::step::{Plain, check_words, last, refuse_unread};
use crate::nn::{DecoderCache, Ffn, LayerCache};

impl<F: Ffn> GenerativeModel for T5ForConditionalGeneration<F> {
    fn begin(&self, input: &EncoderInput, settings: &GenerationConfig) -> Result<Beginning> {
        // Positions are relative: given ones are not read.
        refuse_unread(input, &["ffn_masks"])?;
        check_words(&input.tokens, self.model.config.vocab_size)?;
        let memory_mask = input.memory_mask()?;
        let encoded = self.model.encode(input).last_hidden_state;
        let layers = self
            .model
            .decoder
            .layers
            .iter()
            .map(|layer| LayerCache {
                own: None,
                cross: layer.project_memory(&encoded),
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
        let decoder = &self.model.decoder;
        let bias = decoder.attention_bias(length, cache.length + length, cache.length);
        let x = self.model.shared.forward(ids);
        let plain = Plain::default();
        let device = GenerativeModel::device(self);
        let context = plain.context(cache, length, Some(bias), &device);
        let x = decoder.step(x, cache, &context);
        self.scores(last(x), None)
    }

    fn device(&self) -> Device {
        self.model.shared.weight.device().inner()
    }

    fn vocab_size(&self) -> usize {
        self.model.config.vocab_size
    }

    fn max_positions(&self) -> Option<usize> {
        None
    }
}
