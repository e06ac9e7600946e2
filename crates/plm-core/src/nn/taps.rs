//! What a forward pass hands out besides its result.

use std::collections::{BTreeMap, BTreeSet};

use burn::tensor::{Int, Tensor};

/// Which layers' values are wanted, and at which positions. Layers count from 0.
#[derive(Debug, Clone, Default)]
pub struct Taps {
    /// Hidden states as Hugging Face numbers them: 0 is the embedding output, `i + 1` the output
    /// of layer `i`.
    pub hidden_states: BTreeSet<usize>,
    /// Inputs of feed-forward blocks.
    pub ffn_inputs: BTreeSet<usize>,
    /// Feed-forward intermediates before the activation.
    pub ffn_pre_activations: BTreeSet<usize>,
    /// Feed-forward intermediates after the activation (and after a feed-forward mask).
    pub ffn_activations: BTreeSet<usize>,
    /// Attention weights, before dropout.
    pub attentions: BTreeSet<usize>,
    /// The positions to keep of hidden states and feed-forward values.
    pub positions: TapPositions,
}

/// The positions that taps keep.
#[derive(Debug, Clone, Default)]
#[expect(
    clippy::large_enum_variant,
    reason = "one value a batch; a box would only be in the way of the caller"
)]
pub enum TapPositions {
    /// All of them.
    #[default]
    All,
    /// The same positions of every example.
    Same(Vec<usize>),
    /// Each example's own positions: `[batch, count]`.
    PerExample(Tensor<2, Int>),
}

impl TapPositions {
    /// The kept rows of `x`.
    ///
    /// # Shapes
    /// - x: `[batch, length, width]`
    /// - result: `[batch, kept, width]`
    ///
    /// # Panics
    /// If a position is not below `length`, on devices that check it; GPUs do not.
    pub fn pick(&self, x: &Tensor<3>) -> Tensor<3> {
        match self {
            Self::All => x.clone(),
            Self::Same(positions) => {
                let ids: Vec<i64> = positions.iter().map(|&position| position as i64).collect();
                let ids = Tensor::<1, Int>::from_data(ids.as_slice(), &x.device().inner());
                x.clone().select(1, ids)
            }
            Self::PerExample(positions) => {
                let [batch, count] = positions.dims();
                let width = x.dims()[2];
                let index = positions
                    .clone()
                    .unsqueeze_dim::<3>(2)
                    .expand([batch, count, width]);
                x.clone().gather(1, index)
            }
        }
    }
}

impl Taps {
    /// Whether no values are wanted.
    pub fn is_empty(&self) -> bool {
        let wanted = [
            &self.hidden_states,
            &self.ffn_inputs,
            &self.ffn_pre_activations,
            &self.ffn_activations,
            &self.attentions,
        ];
        wanted.iter().all(|layers| layers.is_empty())
    }
}

/// The values that [`Taps`] asked for, by layer.
#[derive(Debug, Clone, Default)]
pub struct Tapped {
    /// `[batch, positions, width]`.
    pub hidden_states: BTreeMap<usize, Tensor<3>>,
    /// `[batch, positions, width]`.
    pub ffn_inputs: BTreeMap<usize, Tensor<3>>,
    /// `[batch, positions, intermediate]`.
    pub ffn_pre_activations: BTreeMap<usize, Tensor<3>>,
    /// `[batch, positions, intermediate]`.
    pub ffn_activations: BTreeMap<usize, Tensor<3>>,
    /// `[batch, heads, queries, keys]`.
    pub attentions: BTreeMap<usize, Tensor<4>>,
}

impl Tapped {
    /// Keeps hidden state `index` if it is wanted.
    pub fn record_hidden_state(&mut self, taps: &Taps, index: usize, x: &Tensor<3>) {
        if taps.hidden_states.contains(&index) {
            self.hidden_states.insert(index, taps.positions.pick(x));
        }
    }
}
