//! Feed-forward blocks, replaceable in every layer.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleDisplay};
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};

use super::linear::{apply, apply_activated, zero_linear};
use super::taps::{Tapped, Taps};
use crate::kernel::{Activation, SiteMask, activate, dropout};

/// What a feed-forward block is told besides its input, and where it leaves what is tapped.
#[derive(Debug)]
pub struct FfnContext<'a> {
    /// Number of the layer, from 0.
    pub layer: usize,
    /// The values that are wanted.
    pub taps: &'a Taps,
    /// Where they go.
    pub tapped: &'a mut Tapped,
    /// Factors of the intermediate values by layer: `[batch or 1, length or 1, intermediate]`.
    pub masks: &'a BTreeMap<usize, Tensor<3>>,
    /// Dropout of the intermediate values, in the families that have it (T5, BART).
    pub dropout: Option<SiteMask>,
}

/// A feed-forward block: anything that maps hidden states to hidden states position by position.
///
/// Layers are generic over it, so that a method can put its own in place (`map_ffn`).
pub trait Ffn: Module + ModuleDisplay + 'static {
    /// The block's output, without residual and normalization.
    ///
    /// # Shapes
    /// - x and result: `[batch, length, width]`
    fn forward(&self, x: Tensor<3>, context: &mut FfnContext<'_>) -> Tensor<3>;
}

/// Two linear maps with an activation between them; with a gate, the gated linear unit of
/// Shazeer (2020) as in T5 1.1: `(activation(x · gate) * (x · inner)) · outer`.
#[derive(Module, Debug)]
pub struct FeedForward {
    /// Input to intermediate.
    pub inner: Linear,
    /// Input to gate, in gated blocks.
    pub gate: Option<Linear>,
    /// Intermediate to output.
    pub outer: Linear,
    /// Applied to the intermediate values, or to the gate.
    #[module(skip)]
    pub activation: Activation,
}

/// The shape of a [`FeedForward`].
#[derive(Debug, Clone, Copy)]
pub struct FeedForwardConfig {
    /// Width of the hidden states.
    pub hidden_size: usize,
    /// Width in between.
    pub intermediate_size: usize,
    /// Applied in between.
    pub activation: Activation,
    /// Whether the block is gated.
    pub gated: bool,
    /// Whether the linear maps have biases.
    pub bias: bool,
}

impl FeedForwardConfig {
    /// A block of zeros.
    pub fn init(&self, device: &Device) -> FeedForward {
        let (d, f) = (self.hidden_size, self.intermediate_size);
        FeedForward {
            inner: zero_linear(d, f, self.bias, device),
            gate: self.gated.then(|| zero_linear(d, f, self.bias, device)),
            outer: zero_linear(f, d, self.bias, device),
            activation: self.activation,
        }
    }
}

impl Ffn for FeedForward {
    fn forward(&self, x: Tensor<3>, context: &mut FfnContext<'_>) -> Tensor<3> {
        let layer = context.layer;
        let taps = context.taps;
        if taps.ffn_inputs.contains(&layer) {
            let picked = taps.positions.pick(&x);
            context.tapped.ffn_inputs.insert(layer, picked);
        }
        let wants_pre = taps.ffn_pre_activations.contains(&layer);
        let mut keep_pre = |pre: &Tensor<3>| {
            let picked = taps.positions.pick(pre);
            context.tapped.ffn_pre_activations.insert(layer, picked);
        };
        let mut hidden = match &self.gate {
            // With a gate, "before the activation" is the gate's pre-activation.
            Some(gate) => {
                let up = apply(&self.inner, x.clone());
                let pre = apply(gate, x);
                if wants_pre {
                    keep_pre(&pre);
                }
                activate(pre, self.activation) * up
            }
            None if wants_pre => {
                let pre = apply(&self.inner, x);
                keep_pre(&pre);
                activate(pre, self.activation)
            }
            None => apply_activated(&self.inner, x, self.activation),
        };
        if let Some(mask) = context.masks.get(&layer) {
            hidden = hidden * mask.clone();
        }
        if taps.ffn_activations.contains(&layer) {
            let picked = taps.positions.pick(&hidden);
            context.tapped.ffn_activations.insert(layer, picked);
        }
        apply(&self.outer, dropout(hidden, context.dropout.as_ref()))
    }
}
