//! Keys and values that a decoder keeps from one step to the next.

use burn::tensor::{Bool, Int, Tensor};

use super::attention::KeyValue;

impl KeyValue {
    /// These tokens followed by `next`.
    pub fn followed_by(self, next: Self) -> Self {
        Self {
            key: Tensor::cat(vec![self.key, next.key], 1),
            value: Tensor::cat(vec![self.value, next.value], 1),
        }
    }

    /// The rows `rows` of the batch, in that order.
    pub fn select(&self, rows: &[usize]) -> Self {
        let ids = row_ids(rows, &self.key.device().inner());
        Self {
            key: self.key.clone().select(0, ids.clone()),
            value: self.value.clone().select(0, ids),
        }
    }
}

/// What one decoder layer keeps.
#[derive(Debug, Clone, Default)]
pub struct LayerCache {
    /// Of the decoder's tokens so far; nothing before the first step.
    pub own: Option<KeyValue>,
    /// Of the encoder's output, in layers with cross-attention.
    pub cross: Option<KeyValue>,
}

impl LayerCache {
    /// Adds the tokens of one step and returns all so far.
    pub fn extend(&mut self, next: KeyValue) -> KeyValue {
        let all = match self.own.take() {
            Some(past) => past.followed_by(next),
            None => next,
        };
        self.own = Some(all.clone());
        all
    }
}

/// What a decoder keeps: one [`LayerCache`] per layer, and what may be seen.
#[derive(Debug, Clone, Default)]
pub struct DecoderCache {
    /// The layers.
    pub layers: Vec<LayerCache>,
    /// Tokens whose keys and values are held.
    pub length: usize,
    /// Hidden positions of the encoder's output, `[rows, 1, keys]`.
    pub memory_mask: Option<Tensor<3, Bool>>,
    /// True at padding of the prompt, one list per row; tokens behind the lists are seen. No lists
    /// where nothing is padded.
    pub padding: Vec<Vec<bool>>,
}

impl DecoderCache {
    /// A cache without tokens.
    pub fn new(layers: Vec<LayerCache>) -> Self {
        Self {
            layers,
            ..Self::default()
        }
    }

    /// Makes row `i` what row `rows[i]` was; rows may be repeated or left out.
    ///
    /// # Panics
    /// If a row does not exist.
    pub fn select(&mut self, rows: &[usize]) {
        for layer in &mut self.layers {
            layer.own = layer.own.as_ref().map(|own| own.select(rows));
            layer.cross = layer.cross.as_ref().map(|cross| cross.select(rows));
        }
        self.memory_mask = self.memory_mask.as_ref().map(|mask| {
            let ids = row_ids(rows, &mask.device());
            mask.clone().select(0, ids)
        });
        if !self.padding.is_empty() {
            self.padding = rows.iter().map(|&row| self.padding[row].clone()).collect();
        }
    }

    /// [`DecoderCache::select`] where each row keeps its example, as beams do: only the decoder's own
    /// tokens move.
    ///
    /// # Panics
    /// If a row does not exist.
    pub fn reorder(&mut self, rows: &[usize]) {
        if rows.iter().enumerate().all(|(to, &from)| to == from) {
            return;
        }
        for layer in &mut self.layers {
            layer.own = layer.own.as_ref().map(|own| own.select(rows));
        }
    }
}

fn row_ids(rows: &[usize], device: &burn::tensor::Device) -> Tensor<1, Int> {
    let ids: Vec<i64> = rows.iter().map(|&row| row as i64).collect();
    Tensor::from_data(ids.as_slice(), device)
}
