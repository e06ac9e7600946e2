//! One call of `generate`: the model, its cache and the limits.

use burn::tensor::{Int, Tensor, TensorData};

use super::processors::Processors;
use super::{GenerationConfig, GenerativeModel};
use crate::models::EncoderInput;
use crate::nn::DecoderCache;
use crate::{Error, Result};

/// The state that all ways of choosing share.
pub(super) struct Run<'a, M> {
    model: &'a M,
    pub(super) settings: &'a GenerationConfig,
    /// Behind the tokens read so far, or empty where caching is off.
    cache: DecoderCache,
    /// What the decoder begins with, by example.
    pub(super) prompts: Vec<Vec<i64>>,
    /// Padding in front of each prompt.
    pub(super) padding: Vec<usize>,
    /// Length of the prompts.
    pub(super) prompt_length: usize,
    /// Length at which sequences end, prompt included.
    pub(super) max_length: usize,
}

impl<'a, M: GenerativeModel> Run<'a, M> {
    pub(super) fn new(
        model: &'a M,
        input: &EncoderInput,
        settings: &'a GenerationConfig,
    ) -> Result<Self> {
        let beginning = model.begin(input, settings)?;
        let prompt_length = beginning.prompt.first().map_or(0, Vec::len);
        if prompt_length == 0 {
            return Err(Error::invalid("prompt", "is empty"));
        }
        let max_length = settings.total_length(prompt_length, model.max_positions())?;
        let padding = (0..beginning.prompt.len())
            .map(|row| {
                let hidden = beginning.cache.padding.get(row);
                hidden.map_or(0, |row| row.iter().take_while(|&&pad| pad).count())
            })
            .collect();
        Ok(Self {
            model,
            settings,
            cache: beginning.cache,
            prompts: beginning.prompt,
            padding,
            prompt_length,
            max_length,
        })
    }

    /// What changes scores before a choice.
    pub(super) fn processors(&self) -> Processors<'a> {
        Processors {
            settings: self.settings,
            prompt_length: self.prompt_length,
            max_length: self.max_length,
        }
    }

    /// Row `i` becomes what row `rows[i]` was.
    pub(super) fn select(&mut self, rows: &[usize]) {
        self.cache.select(rows);
    }

    /// The same where every row keeps its example.
    pub(super) fn reorder(&mut self, rows: &[usize]) {
        self.cache.reorder(rows);
    }

    /// The scores of what follows each sequence. Those sequences are the rows of the cache, longer
    /// than what it holds.
    pub(super) fn scores<'s>(
        &mut self,
        sequences: impl ExactSizeIterator<Item = &'s [i64]>,
    ) -> Result<Vec<Vec<f32>>> {
        let rows = sequences.len();
        let read = self.cache.length;
        let fresh: Vec<i64> = sequences.flat_map(|row| row[read..].to_vec()).collect();
        let length = fresh.len() / rows;
        let data = TensorData::new(fresh, [rows, length]);
        let ids = Tensor::<2, Int>::from_data(data, &self.model.device());
        let scores = if self.settings.use_cache {
            self.model.step(ids, &mut self.cache)
        } else {
            self.model.step(ids, &mut self.cache.clone())
        };
        let width = scores.dims()[1];
        let data = scores.into_data().convert::<f32>();
        let values = data.try_to_vec::<f32>().expect("just converted");
        if let Some(at) = values.iter().position(|value| value.is_nan()) {
            let reason = format!("of token {} in row {} is NaN", at % width, at / width);
            return Err(Error::invalid("score", reason));
        }
        Ok(values.chunks(width).map(<[f32]>::to_vec).collect())
    }
}
