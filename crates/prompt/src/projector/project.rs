//! The projector.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, activation};
use plm_core::check::same_size;
use plm_core::nn::init::{Init, initialize};
use plm_core::nn::{LayerNorm, apply, zero_linear};
use plm_core::rng::Seed;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::layers::torch_linear;
use crate::matrix::PromptMatrix;
use crate::soft_prompt::{matrices_of, select, stack};
use crate::source::PromptSource;

/// What stands between the projector's two linear maps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Squash {
    /// x, or .01 x below 0 (the authors' code, same-sized models).
    #[default]
    LeakyRelu,
    /// Hyperbolic tangent (the authors' code, to a larger model).
    Tanh,
}

/// How the linear maps begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProjectorWeights {
    /// Uniform within ± 1 / √inputs, as PyTorch's linear layers (the authors' RoBERTa targets).
    #[default]
    Uniform,
    /// Normal with deviation 1, biases 0 (the authors' other targets).
    Normal,
}

/// Sizes and form of a projector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectorConfig {
    /// Slots of the source prompt.
    pub source_slots: usize,
    /// Width of the source prompt.
    pub source_width: usize,
    /// Slots of the target prompt.
    pub target_slots: usize,
    /// Width of the target prompt.
    pub target_width: usize,
    /// Width between the two linear maps.
    pub hidden: usize,
    /// What stands between them.
    pub squash: Squash,
    /// Whether each projected slot is normalized.
    pub normalize: bool,
    /// How the linear maps begin.
    pub weights: ProjectorWeights,
}

impl ProjectorConfig {
    /// From prompts of `source_width` to prompts of `target_width`, both of `slots` slots, with the
    /// paper's 768 hidden units, leaky ReLU and normalization.
    pub fn new(slots: usize, source_width: usize, target_width: usize) -> Self {
        Self {
            source_slots: slots,
            source_width,
            target_slots: slots,
            target_width,
            hidden: 768,
            squash: Squash::default(),
            normalize: true,
            weights: ProjectorWeights::default(),
        }
    }

    /// Refuses sizes of 0.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting).
    pub fn check(&self) -> Result<()> {
        crate::error::positive_sizes([
            ("source_slots", self.source_slots),
            ("source_width", self.source_width),
            ("target_slots", self.target_slots),
            ("target_width", self.target_width),
            ("hidden", self.hidden),
        ])
    }
}

/// From a prompt of one model to a prompt of another: flatten, two linear maps, reshape, normalize.
///
/// `Proj(P) = LayerNorm(reshape(W₂ σ(W₁ vec(P) + b₁) + b₂))`
#[derive(Module, Debug)]
pub struct PromptProjector {
    /// W₁ and b₁.
    pub inner: Linear,
    /// W₂ and b₂.
    pub outer: Linear,
    /// Normalization of each slot, epsilon 1e-5.
    pub norm: Option<LayerNorm>,
    /// Sizes and form.
    #[module(skip)]
    pub config: ProjectorConfig,
}

impl PromptProjector {
    /// A new projector.
    ///
    /// # Errors
    /// As [`ProjectorConfig::check`].
    pub fn new(config: &ProjectorConfig, seed: Seed, device: &Device) -> Result<Self> {
        config.check()?;
        let inputs = config.source_slots * config.source_width;
        let outputs = config.target_slots * config.target_width;
        let inner = linear(
            inputs,
            config.hidden,
            config.weights,
            seed.child("inner"),
            device,
        );
        let outer = linear(
            config.hidden,
            outputs,
            config.weights,
            seed.child("outer"),
            device,
        );
        let norm = LayerNorm::new(config.target_width, 1e-5, device);
        Ok(Self {
            inner,
            outer,
            norm: config.normalize.then_some(norm),
            config: *config,
        })
    }

    /// # Shapes
    /// - sources: `[prompts, slots, width]` of the source model
    /// - result: `[prompts, slots, width]` of the target model
    pub fn forward(&self, sources: Tensor<3>) -> Tensor<3> {
        let config = &self.config;
        let count = sources.dims()[0];
        let flat = sources.reshape([count, config.source_slots * config.source_width]);
        let hidden = apply(&self.inner, flat);
        let hidden = match config.squash {
            Squash::LeakyRelu => activation::leaky_relu(hidden, 0.01),
            Squash::Tanh => hidden.tanh(),
        };
        let slots = apply(&self.outer, hidden);
        let slots = slots.reshape([count, config.target_slots, config.target_width]);
        match &self.norm {
            Some(norm) => norm.forward(slots),
            None => slots,
        }
    }

    /// The projections of prompts, on the host.
    ///
    /// # Errors
    /// As [`ProjectedPrompts::new`].
    pub fn project(&self, prompts: &[PromptMatrix]) -> Result<Vec<PromptMatrix>> {
        let device = self.inner.weight.device().inner();
        let sources = checked(&self.config, prompts, &device)?;
        let found = self.clone().valid().forward(sources);
        Ok(matrices_of(found))
    }
}

fn linear(
    inputs: usize,
    outputs: usize,
    weights: ProjectorWeights,
    seed: Seed,
    device: &Device,
) -> Linear {
    match weights {
        ProjectorWeights::Uniform => torch_linear(inputs, outputs, seed, device),
        ProjectorWeights::Normal => {
            let layer = zero_linear(inputs, outputs, true, device);
            initialize(layer, seed, |path| match path {
                "weight" => Init::Normal(1.0),
                _ => Init::Constant(0.0),
            })
        }
    }
}

/// Prompts of the size that the projector reads, as one tensor.
pub(super) fn checked(
    config: &ProjectorConfig,
    prompts: &[PromptMatrix],
    device: &Device,
) -> Result<Tensor<3>> {
    if let Some(first) = prompts.first() {
        same_size(
            "slots of a source prompt",
            first.rows(),
            config.source_slots,
        )?;
        same_size(
            "numbers a slot of a source prompt",
            first.width(),
            config.source_width,
        )?;
    }
    stack(prompts, device)
}

/// A projector with the source prompts of the training tasks: trained through the target model ("task
/// tuning"), the projector alone changes.
#[derive(Module, Debug)]
pub struct ProjectedPrompts {
    /// The projector.
    pub projector: PromptProjector,
    /// Source prompts in order of the tasks, `[tasks, slots, width]`; not trained.
    pub sources: Param<Tensor<3>>,
}

impl ProjectedPrompts {
    /// `projector` over the source prompts of the tasks.
    ///
    /// # Errors
    /// [`Error::Size`](crate::Error::Size) where a prompt has another size than the projector reads;
    /// [`Error::Empty`](crate::Error::Empty) without prompts.
    pub fn new(projector: PromptProjector, prompts: &[PromptMatrix]) -> Result<Self> {
        let device = projector.inner.weight.device().inner();
        let sources = checked(&projector.config, prompts, &device)?;
        Ok(Self {
            projector,
            sources: Param::from_tensor(sources).set_require_grad(false),
        })
    }
}

impl PromptSource for ProjectedPrompts {
    fn prompts(&self, tasks: &[usize]) -> Tensor<3> {
        self.projector.forward(select(&self.sources.val(), tasks))
    }

    fn tasks(&self) -> Option<usize> {
        Some(self.sources.dims()[0])
    }
}
