//! From a point of the subspace to a prompt.

use std::collections::BTreeMap;

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use plm_core::kernel::{self, Activation};
use plm_core::nn::init::{bert_rule, initialize};
use plm_core::nn::{
    DropoutContext, DropoutMode, EncoderLayer, FeedForwardConfig, LayerContext, LayerDropout,
    LayerNorm, MultiHeadAttentionConfig, Tapped, Taps, apply,
};
use plm_core::rng::Seed;

use super::auto_encoder::{AutoEncoderConfig, AutoEncoderKind};
use crate::Result;
use crate::layers::torch_linear;

/// Dropout of form 6.
const DROPOUT: f64 = 0.1;

/// From a point of the subspace to a prompt: P = W₃ tanh(W₂ z + b₂) + b₃ in the paper's form.
#[derive(Module, Debug)]
pub struct PromptDecoder {
    /// The hidden layer of forms that have one.
    pub hidden: Option<Linear>,
    /// To the prompt's numbers.
    pub output: Linear,
    /// The BERT layer of form 5.
    pub layer: Option<EncoderLayer>,
    /// Sizes and form.
    #[module(skip)]
    pub config: AutoEncoderConfig,
}

impl PromptDecoder {
    /// A decoder with random weights: the baseline of a subspace that nobody searched.
    ///
    /// # Errors
    /// As [`AutoEncoderConfig::check`].
    pub fn new(config: &AutoEncoderConfig, seed: Seed, device: &Device) -> Result<Self> {
        config.check()?;
        let has_hidden = !matches!(
            config.kind,
            AutoEncoderKind::Linear | AutoEncoderKind::BertLayer
        );
        let inputs = if has_hidden {
            config.hidden
        } else {
            config.dimensions
        };
        let hidden = || {
            torch_linear(
                config.dimensions,
                config.hidden,
                seed.child("hidden"),
                device,
            )
        };
        let layer = || bert_layer(config.width, seed.child("layer"), device);
        Ok(Self {
            hidden: has_hidden.then(hidden),
            output: torch_linear(inputs, config.flat(), seed.child("output"), device),
            layer: (config.kind == AutoEncoderKind::BertLayer).then(layer),
            config: *config,
        })
    }

    /// The plain device of its weights.
    pub fn device(&self) -> Device {
        self.output.weight.device().inner()
    }

    /// # Shapes
    /// - points: `[prompts, points, dimensions]`
    /// - result: `[prompts, slots, width]`
    pub fn forward(&self, points: Tensor<3>) -> Tensor<3> {
        self.forward_with(points, DropoutMode::Off)
    }

    /// As [`PromptDecoder::forward`], with dropout in form 6.
    pub fn forward_with(&self, points: Tensor<3>, dropout: DropoutMode) -> Tensor<3> {
        let count = points.dims()[0];
        let hidden = match &self.hidden {
            Some(hidden) => apply(hidden, points).tanh(),
            None => points,
        };
        let hidden = match self.config.kind {
            AutoEncoderKind::Dropout => {
                let mask = DropoutContext::from(dropout).site(0, DROPOUT);
                kernel::dropout(hidden, mask.as_ref())
            }
            _ => hidden,
        };
        let flat = apply(&self.output, hidden);
        let slots = flat.reshape([count, self.config.slots, self.config.width]);
        match &self.layer {
            None => slots,
            Some(layer) => {
                let context = LayerContext {
                    mask: None,
                    bias: None,
                    dropout: &DropoutContext::default(),
                    taps: &Taps::default(),
                    ffn_masks: &BTreeMap::new(),
                };
                layer.forward(slots, 0, &context, &mut Tapped::default())
            }
        }
    }
}

/// A BERT layer whose heads are 64 wide where the width allows, else a single head.
fn bert_layer(width: usize, seed: Seed, device: &Device) -> EncoderLayer {
    let head_width = if width.is_multiple_of(64) { 64 } else { width };
    let norm = || LayerNorm::new(width, 1e-12, device);
    let layer = EncoderLayer {
        attention: MultiHeadAttentionConfig {
            hidden_size: width,
            heads: width / head_width,
            head_width,
            bias: true,
            scale: (head_width as f64).powf(-0.5),
        }
        .init(device),
        attention_norm: norm(),
        ffn: FeedForwardConfig {
            hidden_size: width,
            intermediate_size: 4 * width,
            activation: Activation::Gelu,
            gated: false,
            bias: true,
        }
        .init(device),
        ffn_norm: norm(),
        dropout: LayerDropout {
            attention: 0.0,
            hidden: 0.0,
            activation: 0.0,
        },
    };
    initialize(layer, seed, bert_rule(0.02))
}
