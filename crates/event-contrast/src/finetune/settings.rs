use std::path::PathBuf;

use plm_core::check::{at_least, up_to_one};
use plm_core::rng::Seed;
use plm_core::train::{
    AdamWConfig, CheckpointConfig, Optimizer, ParamGroup, Schedule, TrainConfig, Until,
};
use serde::{Deserialize, Serialize};

use crate::Result;

/// How a classifier is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FineTuning {
    /// Passes over the candidates.
    pub epochs: u64,
    /// Candidates of a batch.
    pub batch: usize,
    /// Batches of a step.
    pub accumulation: usize,
    /// Base learning rate, of the text encoder.
    pub lr: f64,
    /// Learning rate of the graph network and the last map.
    pub head_lr: f64,
    /// Weight decay.
    pub weight_decay: f64,
    /// Share of the steps over which the rates rise before they fall linearly.
    pub warmup_ratio: f64,
    /// Greatest global norm of the gradient.
    pub max_grad_norm: f64,
    /// Seed of order and dropout.
    pub seed: Seed,
    /// Where the log is written as JSON lines.
    pub metrics: Option<PathBuf>,
    /// Checkpoints.
    pub checkpoint: Option<CheckpointConfig>,
}

impl Default for FineTuning {
    /// [`FineTuning::detection`].
    fn default() -> Self {
        Self::detection()
    }
}

impl FineTuning {
    /// The README's settings for event detection: 50 epochs, five batches a step, rate 1e-5 falling
    /// linearly, seed 233333. A batch has 8 candidates, so that a step has 40, as in OmniEvent's
    /// settings for CLEVE.
    pub fn detection() -> Self {
        Self {
            epochs: 50,
            batch: 8,
            accumulation: 5,
            lr: 1e-5,
            head_lr: 1e-5,
            weight_decay: 0.0,
            warmup_ratio: 0.0,
            max_grad_norm: 1.0,
            seed: Seed::new(233_333),
            metrics: None,
            checkpoint: None,
        }
    }

    /// The README's settings for event argument extraction: 20 epochs, seed 110.
    pub fn arguments() -> Self {
        Self {
            epochs: 20,
            seed: Seed::new(110),
            ..Self::detection()
        }
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) naming the setting, its value and the limit.
    pub fn check(&self) -> Result<()> {
        at_least("FineTuning", "batch", self.batch, 1)?;
        up_to_one("FineTuning", "warmup_ratio", self.warmup_ratio)?;
        Ok(())
    }

    /// The settings of the loop over `total` steps.
    pub(super) fn train_config(&self, total: u64) -> TrainConfig {
        TrainConfig {
            seed: self.seed.child("steps"),
            schedule: Schedule::Linear {
                warmup: (self.warmup_ratio * total as f64).ceil() as u64,
                total,
            },
            accumulation: self.accumulation,
            max_grad_norm: Some(self.max_grad_norm),
            metrics: self.metrics.clone(),
            checkpoint: self.checkpoint.clone(),
            ..TrainConfig::new(Until::Epochs(self.epochs))
        }
    }

    pub(super) fn optimizer(&self) -> Optimizer {
        let head = ParamGroup::new("head", |param| {
            param.is_under("gin") || param.is_under("output")
        });
        Optimizer::adamw(AdamWConfig::default(), self.lr)
            .with_weight_decay(self.weight_decay)
            .with_group(head.with_lr(self.head_lr))
    }
}
