use std::path::PathBuf;

use plm_core::check::{at_least, below_one, not_negative, up_to_one};
use plm_core::rng::Seed;
use plm_core::train::{
    AdamWConfig, CheckpointConfig, Every, Goal, Optimizer, Schedule, TrainConfig, Until,
};
use serde::{Deserialize, Serialize};

use super::EventContrast;
use crate::{Error, Result};

/// How a text encoder is pre-trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TextPretraining {
    /// The loss.
    pub contrast: EventContrast,
    /// Weight of that loss; with 0 masked words alone are predicted, on the same sentences in the same
    /// steps.
    pub contrast_weight: f64,
    /// Weight of predicting masked words; 0 leaves it out.
    pub mlm_weight: f64,
    /// Sentences of a step.
    pub batch: usize,
    /// Passes over the sentences.
    pub epochs: u64,
    /// Base learning rate.
    pub lr: f64,
    /// Weight decay.
    pub weight_decay: f64,
    /// Share of the steps over which the rate rises before it falls linearly.
    pub warmup_ratio: f64,
    /// Greatest global norm of the gradient.
    pub max_grad_norm: f64,
    /// Share of the sentences, taken from the end, that are held out; the weights with the lowest loss
    /// on them are given back. With 0 the last weights are.
    pub held_out: f64,
    /// Seed of order, dropout and negatives.
    pub seed: Seed,
    /// Where log and evaluations are written as JSON lines.
    pub metrics: Option<PathBuf>,
    /// Checkpoints.
    pub checkpoint: Option<CheckpointConfig>,
}

impl Default for TextPretraining {
    /// The settings of the released code, with batches of sentences in place of batches of pairs.
    fn default() -> Self {
        Self {
            contrast: EventContrast::default(),
            contrast_weight: 1.0,
            mlm_weight: 0.0,
            batch: 16,
            epochs: 10,
            lr: 1e-5,
            weight_decay: 0.0,
            warmup_ratio: 0.0,
            max_grad_norm: 1.0,
            held_out: 0.2,
            seed: Seed::new(233_333),
            metrics: None,
            checkpoint: None,
        }
    }
}

impl TextPretraining {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`Error::Core`] naming the setting, its value and the limit.
    pub fn check(&self) -> Result<()> {
        const ORIGIN: &str = "TextPretraining";
        self.contrast.check()?;
        at_least(ORIGIN, "batch", self.batch, 1)?;
        not_negative(ORIGIN, "contrast_weight", self.contrast_weight)?;
        not_negative(ORIGIN, "mlm_weight", self.mlm_weight)?;
        if self.contrast_weight == 0.0 && self.mlm_weight == 0.0 {
            let reason = "and `mlm_weight` are 0, one must be positive";
            return Err(Error::config(ORIGIN, "contrast_weight", reason));
        }
        if self.contrast_weight == 0.0 && self.held_out > 0.0 {
            let reason =
                "is 0, but the contrast chooses the weights on held-out sentences: hold out none";
            return Err(Error::config(ORIGIN, "contrast_weight", reason));
        }
        up_to_one(ORIGIN, "warmup_ratio", self.warmup_ratio)?;
        below_one(ORIGIN, "held_out", self.held_out)?;
        Ok(())
    }

    /// The settings of the loop over `total` steps.
    pub(super) fn train_config(&self, total: u64) -> TrainConfig {
        let select = self.held_out > 0.0;
        TrainConfig {
            seed: self.seed.child("steps"),
            schedule: Schedule::Linear {
                warmup: (self.warmup_ratio * total as f64).ceil() as u64,
                total,
            },
            max_grad_norm: Some(self.max_grad_norm),
            metrics: self.metrics.clone(),
            evaluate: if select {
                Every::Epochs(1)
            } else {
                Every::Never
            },
            goal: Goal::Minimize,
            restore_best: select,
            checkpoint: self.checkpoint.clone(),
            ..TrainConfig::new(Until::Epochs(self.epochs))
        }
    }

    pub(super) fn optimizer(&self) -> Optimizer {
        Optimizer::adamw(AdamWConfig::default(), self.lr).with_weight_decay(self.weight_decay)
    }
}
