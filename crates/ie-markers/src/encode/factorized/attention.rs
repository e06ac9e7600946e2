//! Attention of markers over the text and their own group.

use std::sync::Arc;

use burn::tensor::{Bool, Tensor};
use plm_core::kernel::SiteMask;
use plm_core::models::EncoderModel;
use plm_core::nn::{AttentionContext, DropoutContext, Ffn, KeyValue, MultiHeadAttention};

use super::Packed;
use super::blocks::Blocks;
use crate::encode::sizes::{Sizes, booleans};

/// The part of the attention that does not depend on the layer.
///
/// The groups of a text are cut into blocks. A block is a sequence of its own whose keys are those of
/// the text and of its markers, with a mask that leaves each marker the text and its group, so that any
/// attention kernel does the work and scores are `[markers, text + block]`, not the square of all
/// markers.
pub(super) struct MarkerAttention {
    sizes: Sizes,
    blocks: Blocks,
    /// `[texts * blocks, block, text + block]`.
    mask: Tensor<3, Bool>,
}

impl MarkerAttention {
    pub(super) fn new<F: Ffn>(model: &EncoderModel<F>, packed: &[Packed<'_>]) -> Self {
        let most =
            |count: &dyn Fn(&Packed<'_>) -> usize| packed.iter().map(count).max().unwrap_or(0);
        let text = most(&|one| one.tokens.len()).max(1);
        let groups = most(&|one| one.groups.len()).max(1);
        let of_group = |one: &Packed<'_>| {
            let sizes = one.groups.iter().map(|group| group.markers.len());
            sizes.max().unwrap_or(0)
        };
        let markers = most(&of_group).max(1);
        let blocks = Blocks::of(groups, markers, text);
        let sizes = Sizes {
            text,
            groups: blocks.count * blocks.groups,
            markers,
        };
        let (block, keys) = (blocks.groups * markers, text + blocks.groups * markers);
        let mut hidden = vec![true; packed.len() * sizes.slots() * keys];
        for (one, hidden) in packed.iter().zip(hidden.chunks_mut(sizes.slots() * keys)) {
            for (number, group) in one.groups.iter().enumerate() {
                let own = text + number % blocks.groups * markers;
                for marker in 0..group.markers.len() {
                    let row = (number * markers + marker) * keys;
                    hidden[row..row + one.tokens.len()].fill(false);
                    hidden[row + own..row + own + group.markers.len()].fill(false);
                }
            }
        }
        let device = model.embeddings.word.weight.device();
        let dims = [packed.len() * blocks.count, block, keys];
        Self {
            sizes,
            blocks,
            mask: booleans(hidden, dims, &device),
        }
    }

    /// The padded sizes; groups fill whole blocks.
    pub(super) fn sizes(&self) -> Sizes {
        self.sizes
    }

    /// `dropout` with a name for every block.
    pub(super) fn of_blocks(&self, dropout: &DropoutContext) -> DropoutContext {
        let count = self.blocks.count as u64;
        let name = |ids: &Arc<[u64]>| {
            let of_text = |&id: &u64| (0..count).map(move |block| id.wrapping_mul(1 << 20) ^ block);
            ids.iter().flat_map(of_text).collect()
        };
        DropoutContext {
            mode: dropout.mode,
            example_ids: dropout.example_ids.as_ref().map(name),
        }
    }

    /// What the markers draw from the text's `memory` and their own group, projected back.
    ///
    /// # Shapes
    /// - markers and result: `[texts, slots, hidden]`
    /// - memory: `[texts, text, hidden]`
    pub(super) fn attend(
        &self,
        attention: &MultiHeadAttention,
        markers: Tensor<3>,
        memory: &KeyValue,
        dropout: Option<SiteMask>,
    ) -> Tensor<3> {
        let [texts, slots, _] = markers.dims();
        let own = attention.project_key_value(markers.clone());
        let query = self.cut(attention.project_query(markers));
        let memory = KeyValue {
            key: self.join(&memory.key, own.key),
            value: self.join(&memory.value, own.value),
        };
        let context = AttentionContext {
            mask: Some(self.mask.clone()),
            dropout,
            ..AttentionContext::default()
        };
        let (attended, _) = attention.attend(query, memory, &context);
        let width = attended.dims()[2];
        attended.reshape([texts, slots, width])
    }

    /// `[texts, slots, width]` to `[texts * blocks, block, width]`.
    fn cut(&self, x: Tensor<3>) -> Tensor<3> {
        let [texts, slots, width] = x.dims();
        let count = self.blocks.count;
        x.reshape([texts * count, slots / count, width])
    }

    /// The text's vectors, once for every block, with the block's own behind them.
    fn join(&self, text: &Tensor<3>, own: Tensor<3>) -> Tensor<3> {
        let [texts, length, width] = text.dims();
        let count = self.blocks.count;
        let text = if count == 1 {
            text.clone()
        } else {
            text.clone()
                .unsqueeze_dim::<4>(1)
                .expand([texts, count, length, width])
                .reshape([texts * count, length, width])
        };
        Tensor::cat(vec![text, self.cut(own)], 1)
    }
}
