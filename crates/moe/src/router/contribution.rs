//! A router that predicts how large each expert's output is (D2DMoE, Szatkowski et al. 2024).

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use plm_core::kernel::Activation;
use plm_core::nn::init::{Init, initialize};
use plm_core::nn::{apply, apply_activated, zero_linear};
use plm_core::rng::Seed;
use serde::{Deserialize, Serialize};

use super::train::Trainable;
use crate::{Error, Result};

/// Scores `|relu(x · hidden) · output|`.
#[derive(Module, Debug)]
pub struct ContributionRouter {
    /// Input to hidden, `[width, hidden]`.
    pub hidden: Linear,
    /// Hidden to scores, `[hidden, experts]`.
    pub output: Linear,
}

/// How a [`ContributionRouter`] is trained: mean squared error against the experts' output norms.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ContributionRouterConfig {
    /// Width of the hidden layer.
    pub hidden_size: usize,
    /// Rate of Adam.
    pub lr: f64,
    /// Passes over the tokens.
    pub epochs: usize,
    /// Tokens of a step.
    pub batch_size: usize,
    /// Seed of weights and order, besides the layer's.
    pub seed: Seed,
}

impl Default for ContributionRouterConfig {
    fn default() -> Self {
        Self {
            hidden_size: 128,
            lr: 1e-3,
            epochs: 30,
            batch_size: 64,
            seed: Seed::new(0),
        }
    }
}

impl ContributionRouterConfig {
    pub(super) fn check(&self) -> Result<()> {
        if !(self.lr > 0.0 && self.lr.is_finite()) {
            return Err(Error::Setting {
                name: "lr",
                value: self.lr.to_string(),
                limit: "must be positive",
            });
        }
        for (name, value) in [
            ("batch_size", self.batch_size),
            ("hidden_size", self.hidden_size),
        ] {
            if value == 0 {
                return Err(Error::Setting {
                    name,
                    value: "0".to_owned(),
                    limit: "must be at least 1",
                });
            }
        }
        Ok(())
    }
}

impl ContributionRouter {
    pub(crate) fn initial(
        width: usize,
        experts: usize,
        config: &ContributionRouterConfig,
        device: &Device,
    ) -> Self {
        let router = Self {
            hidden: zero_linear(width, config.hidden_size, true, device),
            output: zero_linear(config.hidden_size, experts, true, device),
        };
        initialize(router, config.seed.child("contribution router"), |path| {
            if path.ends_with("bias") {
                Init::Keep
            } else {
                Init::Glorot
            }
        })
    }
}

impl Trainable for ContributionRouter {
    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let hidden = apply_activated(&self.hidden, x, Activation::Relu);
        apply(&self.output, hidden).abs()
    }

    fn loss(scores: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
        (scores - targets).square().mean()
    }
}
