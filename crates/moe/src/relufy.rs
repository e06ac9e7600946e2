//! Replacing another activation by ReLU, step by step, with a penalty on active neurons.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use plm_core::config::ConfigFile;
use plm_core::kernel::{Activation, activate, dropout};
use plm_core::nn::{FeedForward, Ffn, FfnContext, Tapped, apply};

use crate::Result;
use crate::layer::FeedForwards;

/// How far a model is on its way to ReLU: 0 at its own activation, 1 at ReLU.
///
/// Copies share one value, so that a training loop can move all layers at once.
#[derive(Debug, Clone, Default)]
pub struct Blend(Arc<AtomicU64>);

impl Blend {
    /// The share of ReLU.
    pub fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }

    /// Sets the share of ReLU; below 0 is 0, above 1 is 1.
    ///
    /// # Panics
    /// If `share` is NaN.
    pub fn set(&self, share: f64) {
        assert!(!share.is_nan(), "the share of ReLU is not a number");
        self.0
            .store(share.clamp(0.0, 1.0).to_bits(), Ordering::Relaxed);
    }
}

/// A feed-forward layer with activation `(1 - t) · own + t · relu`.
#[derive(Module, Debug)]
pub struct BlendedFfn {
    /// The layer, with its own activation.
    pub ffn: FeedForward,
    /// t.
    #[module(skip)]
    pub blend: Blend,
}

impl BlendedFfn {
    fn activate(&self, pre: Tensor<3>) -> Tensor<3> {
        let share = self.blend.get();
        if share >= 1.0 {
            return activate(pre, Activation::Relu);
        }
        let own = activate(pre.clone(), self.ffn.activation);
        if share <= 0.0 {
            return own;
        }
        own * (1.0 - share) + activate(pre, Activation::Relu) * share
    }
}

impl Ffn for BlendedFfn {
    fn forward(&self, x: Tensor<3>, context: &mut FfnContext<'_>) -> Tensor<3> {
        let layer = context.layer;
        let taps = context.taps;
        let positions = &taps.positions;
        if taps.ffn_inputs.contains(&layer) {
            context.tapped.ffn_inputs.insert(layer, positions.pick(&x));
        }
        let (pre, up) = match &self.ffn.gate {
            None => (apply(&self.ffn.inner, x), None),
            Some(gate) => (apply(gate, x.clone()), Some(apply(&self.ffn.inner, x))),
        };
        if taps.ffn_pre_activations.contains(&layer) {
            let picked = positions.pick(&pre);
            context.tapped.ffn_pre_activations.insert(layer, picked);
        }
        let mut hidden = self.activate(pre);
        if let Some(up) = up {
            hidden = hidden * up;
        }
        if let Some(mask) = context.masks.get(&layer) {
            hidden = hidden * mask.clone();
        }
        if taps.ffn_activations.contains(&layer) {
            let picked = positions.pick(&hidden);
            context.tapped.ffn_activations.insert(layer, picked);
        }
        apply(&self.ffn.outer, dropout(hidden, context.dropout.as_ref()))
    }
}

/// `model` with activations that `blend` moves to ReLU.
pub fn blend_activations<M: FeedForwards<Ffn = FeedForward>>(
    model: M,
    blend: &Blend,
) -> M::With<BlendedFfn> {
    model.replace_ffns(|_, ffn| BlendedFfn {
        ffn,
        blend: blend.clone(),
    })
}

/// `model` with ReLU in all feed-forward layers, and without their intermediate biases if
/// `drop_biases`, as the paper does with BERT-large: they are frozen at 0, so that further training of
/// this model leaves them there. A model that is converted from it has parameters of its own, which
/// [`plm_core::train::freeze`] freezes likewise.
pub fn to_relu<M: FeedForwards<Ffn = BlendedFfn>>(
    model: M,
    drop_biases: bool,
) -> M::With<FeedForward> {
    model.replace_ffns(|_, BlendedFfn { mut ffn, .. }| {
        ffn.activation = Activation::Relu;
        if drop_biases {
            // Frozen zeros in their place: the checkpoint's format has the biases.
            for linear in [Some(&mut ffn.inner), ffn.gate.as_mut()]
                .into_iter()
                .flatten()
            {
                linear.bias = linear.bias.take().map(|bias| {
                    let zeros = bias.val().zeros_like().detach();
                    Param::from_tensor(zeros).set_require_grad(false)
                });
            }
        }
        ffn
    })
}

/// Tells `config.json` that the activation is ReLU, in the words of the model's family.
///
/// # Errors
/// [`plm_core::Error::Config`] where the file names no model type, or T5's `feed_forward_proj` is not
/// a text.
pub fn set_relu(config: &mut ConfigFile) -> Result<()> {
    let (key, value) = match config.model_type()? {
        "distilbert" => ("activation", "relu"),
        "bart" | "gpt2" => ("activation_function", "relu"),
        "t5" => {
            let old: String = config.or("feed_forward_proj", "relu".to_owned())?;
            let gated = old.starts_with("gated");
            (
                "feed_forward_proj",
                if gated { "gated-relu" } else { "relu" },
            )
        }
        _ => ("hidden_act", "relu"),
    };
    config.set(key, value);
    Ok(())
}

/// A penalty on active neurons over what one forward pass tapped.
///
/// It is over the neurons' values h whatever their sign: behind a gate, an active ReLU neuron can have
/// one below 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SparsityPenalty {
    /// Σ |h| of a token, averaged over tokens and layers (D2DMoE, for ReLU without a gate).
    L1,
    /// The square Hoyer measure (Σ |h|)² / Σ h² of a token, averaged over tokens and layers: the number
    /// of equally active neurons that it amounts to.
    SquareHoyer,
}

impl SparsityPenalty {
    /// The penalty for the tapped activations of all layers; nothing where there are none.
    ///
    /// Every tapped position counts: tap the ones that are not padding.
    pub fn value(self, tapped: &Tapped) -> Option<Tensor<1>> {
        let terms: Vec<Tensor<1>> = tapped
            .ffn_activations
            .values()
            .map(|hidden| {
                let size = hidden.clone().abs();
                let sum = size.clone().sum_dim(2);
                match self {
                    Self::L1 => sum.mean(),
                    Self::SquareHoyer => {
                        let squares = size.square().sum_dim(2).add_scalar(1e-12);
                        (sum.square() / squares).mean()
                    }
                }
            })
            .collect();
        let count = terms.len();
        let total = terms.into_iter().reduce(|sum, term| sum + term)?;
        Some(total / count as f64)
    }
}
