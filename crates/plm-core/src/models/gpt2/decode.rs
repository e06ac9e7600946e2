//! GPT-2 step by step.

use burn::tensor::{Device, Int, Tensor};

use super::lm::Gpt2LmHeadModel;
use crate::generate::{Beginning, GenerationConfig, GenerativeModel};
use crate::models::encoder::{EncoderInput, Tokens};
use crate::models::seq2seq::host_ids;
use crate::models::step::{Plain, check_rows, last, refuse_unread, step_positions};
use crate::nn::{AttentionMask, DecoderCache, DecoderTapped, Ffn, LayerCache};
use crate::{Error, Result};

impl<F: Ffn> GenerativeModel for Gpt2LmHeadModel<F> {
    fn begin(&self, input: &EncoderInput, _: &GenerationConfig) -> Result<Beginning> {
        refuse_unread(input, &[])?;
        let Tokens::Ids(ids) = &input.tokens else {
            let reason = "is given as vectors: GPT-2 continues ids";
            return Err(Error::invalid("prompt", reason));
        };
        let prompt = host_ids(ids);
        check_rows("token id", &prompt, self.model.config.vocab_size)?;
        let layers = vec![LayerCache::default(); self.model.layers.len()];
        let mut cache = DecoderCache::new(layers);
        match &input.mask {
            None => {}
            Some(AttentionMask::Padding(mask)) => {
                let padding: Vec<Vec<bool>> = host_ids(&mask.clone().int())
                    .iter()
                    .map(|row| row.iter().map(|&hidden| hidden != 0).collect())
                    .collect();
                if let Some(row) = padding.iter().position(|row| row.last() == Some(&true)) {
                    let reason = format!("of example {row} ends with padding: pad on the left");
                    return Err(Error::invalid("prompt", reason));
                }
                if padding.iter().flatten().any(|&hidden| hidden) {
                    cache.padding = padding;
                }
            }
            Some(AttentionMask::Pairwise(_)) => {
                let reason = "has a mask per query: only padding can be continued";
                return Err(Error::invalid("prompt", reason));
            }
        }
        Ok(Beginning { cache, prompt })
    }

    fn step(&self, ids: Tensor<2, Int>, cache: &mut DecoderCache) -> Tensor<2> {
        let [_, length] = ids.dims();
        let device = GenerativeModel::device(self);
        let positions = step_positions(cache, length, &device);
        let x = self.model.word.forward(ids) + self.model.position.forward(positions);
        let plain = Plain::default();
        let context = plain.context(cache, length, None, &device);
        let mut tapped = DecoderTapped::default();
        let layers = Some(&mut cache.layers);
        let x = self.model.run(x, layers, &context, &mut tapped);
        cache.length += length;
        self.scores(last(x), None)
    }

    fn device(&self) -> Device {
        self.model.word.weight.device().inner()
    }

    fn vocab_size(&self) -> usize {
        self.model.config.vocab_size
    }

    fn max_positions(&self) -> Option<usize> {
        Some(self.model.config.n_positions)
    }
}
