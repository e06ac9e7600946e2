//! From a prompt to a point of the subspace.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use plm_core::nn::apply;
use plm_core::rng::Seed;

use super::auto_encoder::{AutoEncoderConfig, AutoEncoderKind};
use crate::layers::torch_linear;

/// From a prompt to a point of the subspace: z = W₁ vec(P) + b₁ in the paper's form.
#[derive(Module, Debug)]
pub struct PromptEncoder {
    /// The hidden layer of forms that have one.
    pub hidden: Option<Linear>,
    /// To the subspace.
    pub output: Linear,
    /// Sizes and form.
    #[module(skip)]
    pub config: AutoEncoderConfig,
}

impl PromptEncoder {
    pub(super) fn new(config: &AutoEncoderConfig, seed: Seed, device: &Device) -> Self {
        let flat = config.flat();
        let has_hidden = config.kind == AutoEncoderKind::TanhBoth;
        let inputs = if has_hidden { config.hidden } else { flat };
        let hidden = || torch_linear(flat, config.hidden, seed.child("hidden"), device);
        Self {
            hidden: has_hidden.then(hidden),
            output: torch_linear(inputs, config.dimensions, seed.child("output"), device),
            config: *config,
        }
    }

    /// # Shapes
    /// - prompts: `[prompts, slots, width]`
    /// - result: `[prompts, points, dimensions]`; one point but for
    ///   [`AutoEncoderKind::PerSlot`]
    pub fn forward(&self, prompts: Tensor<3>) -> Tensor<3> {
        let count = prompts.dims()[0];
        let flat = prompts.reshape([count, self.config.points(), self.config.flat()]);
        let hidden = match &self.hidden {
            Some(hidden) => apply(hidden, flat).tanh(),
            None => flat,
        };
        let point = apply(&self.output, hidden);
        match self.config.kind {
            AutoEncoderKind::TanhPoint => point.tanh(),
            _ => point,
        }
    }
}
