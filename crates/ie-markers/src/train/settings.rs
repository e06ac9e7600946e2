//! How models are trained.

use std::path::PathBuf;

use plm_core::rng::Seed;
use plm_core::train::{
    AdamWConfig, CheckpointConfig, Every, Optimizer, ParamGroup, Schedule, TrainConfig, Until,
};
use serde::{Deserialize, Serialize};

use super::Objective;
use crate::encode::MarkerEncoder;
use crate::heads::check_nil_weight;
use crate::{Error, Result};

/// Settings of a training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FitSettings {
    /// Passes over the examples.
    pub epochs: u64,
    /// Examples of a batch.
    pub batch_size: usize,
    /// Batches of an optimizer step; their gradients are averaged by the weights of their targets, as if
    /// they were one batch. A relation model with an auxiliary head has two means in its loss and counts
    /// targets, which is the same only where `nil_weight` is 1.
    pub accumulation: usize,
    /// Base learning rate.
    pub lr: f64,
    /// Base learning rate of the head; the encoder's where absent.
    pub head_lr: Option<f64>,
    /// Weight decay; biases and normalization have none.
    pub weight_decay: f64,
    /// Share of the steps in which the rate rises; then it falls linearly to 0.
    pub warmup_ratio: f64,
    /// Greatest global norm of the gradient.
    pub max_grad_norm: f64,
    /// Weight of class 0 in the loss (`alpha`); every other class weighs 1.
    pub nil_weight: f64,
    /// How levitated markers are encoded. A stage of [`pipeline`](crate::pipeline) with an ablation takes
    /// its own mask instead, and one without refuses [`MarkerEncoder::Ablated`].
    pub encoder: MarkerEncoder,
    /// Seed of order and dropout.
    pub seed: Seed,
    /// Optimizer steps between evaluations; an epoch's where absent.
    pub evaluate_every: Option<u64>,
    /// Evaluations without improvement after which training ends.
    pub patience: Option<u64>,
    /// Where losses and evaluations are written as JSON lines.
    pub metrics: Option<PathBuf>,
    /// Checkpoints to go on from.
    pub checkpoint: Option<CheckpointConfig>,
}

impl Default for FitSettings {
    /// PL-Marker's script for entities on ACE05 with BERT-base: 10 epochs, batches of 8, rate 2e-5, a
    /// tenth of the steps to warm up, no weight decay, gradients of norm 1.
    fn default() -> Self {
        Self {
            epochs: 10,
            batch_size: 8,
            accumulation: 1,
            lr: 2e-5,
            head_lr: None,
            weight_decay: 0.0,
            warmup_ratio: 0.1,
            max_grad_norm: 1.0,
            nil_weight: 1.0,
            encoder: MarkerEncoder::default(),
            seed: Seed::new(42),
            evaluate_every: None,
            patience: None,
            metrics: None,
            checkpoint: None,
        }
    }
}

impl FitSettings {
    /// Checks the settings that no other part checks.
    ///
    /// # Errors
    /// [`Error::Setting`] naming the setting, its value and the limit.
    pub fn check(&self) -> Result<()> {
        let refuse = |name, value: String, limit| Err(Error::Setting { name, value, limit });
        if !(0.0..=1.0).contains(&self.warmup_ratio) {
            let value = self.warmup_ratio.to_string();
            return refuse("warmup_ratio", value, "must be in 0..=1");
        }
        if self.batch_size == 0 {
            return refuse("batch_size", "0".to_owned(), "must be at least 1");
        }
        if self.accumulation == 0 {
            return refuse("accumulation", "0".to_owned(), "must be at least 1");
        }
        check_nil_weight(self.nil_weight)
    }

    /// What is minimized.
    pub(super) fn objective(&self) -> Objective {
        Objective {
            encoder: self.encoder,
            nil_weight: self.nil_weight,
        }
    }

    /// The settings of the loop over epochs of `batches` batches.
    pub(super) fn train_config(&self, batches: usize, evaluated: bool) -> TrainConfig {
        let steps = batches.div_ceil(self.accumulation) as u64;
        let total = steps.saturating_mul(self.epochs);
        TrainConfig {
            seed: self.seed.child("steps"),
            schedule: Schedule::Linear {
                warmup: (self.warmup_ratio * total as f64) as u64,
                total,
            },
            accumulation: self.accumulation,
            max_grad_norm: Some(self.max_grad_norm),
            metrics: self.metrics.clone(),
            evaluate: match self.evaluate_every {
                _ if !evaluated => Every::Never,
                Some(steps) => Every::Steps(steps),
                None => Every::Epochs(1),
            },
            patience: if evaluated { self.patience } else { None },
            restore_best: evaluated,
            checkpoint: self.checkpoint.clone(),
            ..TrainConfig::new(Until::Epochs(self.epochs))
        }
    }

    /// AdamW, with a rate of its own for the head.
    pub(super) fn optimizer(&self) -> Optimizer {
        let optimizer =
            Optimizer::adamw(AdamWConfig::default(), self.lr).with_weight_decay(self.weight_decay);
        match self.head_lr {
            Some(lr) => optimizer
                .with_group(ParamGroup::new("head", |param| param.is_under("head")).with_lr(lr)),
            None => optimizer,
        }
    }
}
