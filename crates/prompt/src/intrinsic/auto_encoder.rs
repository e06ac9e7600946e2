//! The auto-encoder of prompts and its variants.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use plm_core::check::same_size;
use plm_core::rng::Seed;
use serde::{Deserialize, Serialize};

use super::{PromptDecoder, PromptEncoder};
use crate::Result;
use crate::matrix::PromptMatrix;
use crate::soft_prompt::{matrices_of, stack};

/// Forms of the auto-encoder, by the numbers of the authors' code. D = slots × width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AutoEncoderKind {
    /// 0: one linear map to the subspace, one back.
    Linear,
    /// 1, the paper's: a linear map to the subspace; back through a hidden layer with tanh.
    #[default]
    TanhDecoder,
    /// 2: a hidden layer with tanh on both sides.
    TanhBoth,
    /// 3: as the paper's, with tanh of the point in the subspace.
    TanhPoint,
    /// 4: as the paper's, slot by slot: every slot has a point of its own.
    PerSlot,
    /// 5: back by a linear map and one BERT layer over the slots.
    BertLayer,
    /// 6: as the paper's, with dropout of .1 in the hidden layer.
    Dropout,
}

impl AutoEncoderKind {
    /// All forms.
    pub const ALL: [Self; 7] = [
        Self::Linear,
        Self::TanhDecoder,
        Self::TanhBoth,
        Self::TanhPoint,
        Self::PerSlot,
        Self::BertLayer,
        Self::Dropout,
    ];
}

/// Sizes and form of an auto-encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AutoEncoderConfig {
    /// Slots of a prompt.
    pub slots: usize,
    /// Width of a prompt.
    pub width: usize,
    /// Dimensions of the subspace, d_I; of each slot's for [`AutoEncoderKind::PerSlot`].
    pub dimensions: usize,
    /// Width of hidden layers.
    pub hidden: usize,
    /// Form.
    pub kind: AutoEncoderKind,
}

impl AutoEncoderConfig {
    /// The paper's form with 768 hidden units.
    pub fn new(slots: usize, width: usize, dimensions: usize) -> Self {
        Self {
            slots,
            width,
            dimensions,
            hidden: 768,
            kind: AutoEncoderKind::default(),
        }
    }

    /// Numbers of a prompt that one point of the subspace stands for.
    pub(super) fn flat(&self) -> usize {
        match self.kind {
            AutoEncoderKind::PerSlot => self.width,
            _ => self.slots * self.width,
        }
    }

    /// Points of the subspace that make one prompt.
    pub fn points(&self) -> usize {
        match self.kind {
            AutoEncoderKind::PerSlot => self.slots,
            _ => 1,
        }
    }

    /// Refuses sizes of 0.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting).
    pub fn check(&self) -> Result<()> {
        crate::error::positive_sizes([
            ("slots", self.slots),
            ("width", self.width),
            ("dimensions", self.dimensions),
            ("hidden", self.hidden),
        ])
    }
}

/// An encoder into the subspace and a decoder out of it.
#[derive(Module, Debug)]
pub struct PromptAutoEncoder {
    /// Into the subspace.
    pub encoder: PromptEncoder,
    /// Out of it.
    pub decoder: PromptDecoder,
}

impl PromptAutoEncoder {
    /// A new one: weights uniform within ± 1 / √inputs, as PyTorch's linear layers.
    ///
    /// # Errors
    /// As [`AutoEncoderConfig::check`].
    pub fn new(config: &AutoEncoderConfig, seed: Seed, device: &Device) -> Result<Self> {
        let decoder = PromptDecoder::new(config, seed.child("decoder"), device)?;
        Ok(Self {
            encoder: PromptEncoder::new(config, seed.child("encoder"), device),
            decoder,
        })
    }

    /// Its sizes and form.
    pub fn config(&self) -> &AutoEncoderConfig {
        &self.decoder.config
    }

    /// Prompts through the subspace and back.
    ///
    /// # Shapes
    /// - prompts and result: `[prompts, slots, width]`
    pub fn forward(&self, prompts: Tensor<3>) -> Tensor<3> {
        self.decoder.forward(self.encoder.forward(prompts))
    }

    /// What prompts are after they went through the subspace, on the host: the paper's T_test(MSF)
    /// for prompts of tasks that it has not seen.
    ///
    /// # Errors
    /// [`Error::Size`](crate::Error::Size) for prompts of another size;
    /// [`Error::Empty`](crate::Error::Empty) without prompts.
    pub fn reconstruct(&self, prompts: &[PromptMatrix]) -> Result<Vec<PromptMatrix>> {
        let config = self.config();
        if let Some(first) = prompts.first() {
            same_size("slots of a prompt", first.rows(), config.slots)?;
            same_size("numbers a slot of a prompt", first.width(), config.width)?;
        }
        let plain = self.clone().valid();
        let device = plain.decoder.device();
        let found = plain.forward(stack(prompts, &device)?);
        Ok(matrices_of(found))
    }
}
