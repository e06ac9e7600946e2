//! How students are trained.

use std::path::PathBuf;

use plm_core::rng::Seed;
use plm_core::train::{
    AdamWConfig, CheckpointConfig, Every, Goal, Optimizer, ParamGroup, Schedule, TrainConfig, Until,
};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// By what the student's weights are chosen among those seen in training.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Select {
    /// The last ones: DynamicKD's scripts.
    #[default]
    Last,
    /// Best accuracy on labeled validation texts: MUKA's scripts, whose training needs no label but whose
    /// choice does.
    ValAcc,
    /// Least loss on validation texts, which need labels only where the loss looks at them: in
    /// distillation with `ce_weight` above 0 or a selection by labels, and in supervised training.
    ValKd,
}

/// Settings of a student's training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FitSettings {
    /// Passes over the texts.
    pub epochs: u64,
    /// Texts of one step.
    pub batch_size: usize,
    /// Base learning rate.
    pub lr: f64,
    /// Learning rate of auxiliary maps.
    pub auxiliary_lr: f64,
    /// Share of the steps in which the rate rises; then it falls linearly to 0.
    pub warmup_ratio: f64,
    /// Weight decay.
    pub weight_decay: f64,
    /// Greatest global norm of the gradient.
    pub max_grad_norm: f64,
    /// Seed of order, dropout and new maps.
    pub seed: Seed,
    /// Which weights are kept.
    pub select: Select,
    /// Steps between evaluations; an epoch's where absent. Of no account where the last weights are kept.
    pub evaluate_every: Option<u64>,
    /// Evaluations without improvement after which training ends. Of no account where the last weights are kept.
    pub patience: Option<u64>,
    /// Texts of one batch in evaluation.
    pub evaluation_batch: usize,
    /// Where losses and evaluations are written as JSON lines.
    pub metrics: Option<PathBuf>,
    /// Checkpoints to go on from.
    pub checkpoint: Option<CheckpointConfig>,
}

impl Default for FitSettings {
    /// The settings of DynamicKD's scripts (appendix and code): 3 epochs, batches of 32, rate 2e-5, a
    /// tenth of the steps to warm up, no weight decay, gradients of norm 1, the last weights.
    fn default() -> Self {
        Self {
            epochs: 3,
            batch_size: 32,
            lr: 2e-5,
            auxiliary_lr: 1e-3,
            warmup_ratio: 0.1,
            weight_decay: 0.0,
            max_grad_norm: 1.0,
            seed: Seed::new(1),
            select: Select::Last,
            evaluate_every: None,
            patience: None,
            evaluation_batch: 64,
            metrics: None,
            checkpoint: None,
        }
    }
}

impl FitSettings {
    /// The settings of MUKA's scripts: batches of 16, best validation accuracy out of evaluations every
    /// 200 steps, at most 50 without improvement.
    pub fn muka() -> Self {
        Self {
            batch_size: 16,
            select: Select::ValAcc,
            evaluate_every: Some(200),
            patience: Some(50),
            ..Self::default()
        }
    }

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
        for (name, value) in [
            ("batch_size", self.batch_size),
            ("evaluation_batch", self.evaluation_batch),
        ] {
            if value == 0 {
                return refuse(name, value.to_string(), "must be at least 1");
            }
        }
        Ok(())
    }

    /// The settings of the loop over `total` steps.
    pub(super) fn train_config(&self, total: u64) -> TrainConfig {
        let select = self.select != Select::Last;
        TrainConfig {
            seed: self.seed.child("steps"),
            schedule: Schedule::Linear {
                warmup: (self.warmup_ratio * total as f64).ceil() as u64,
                total,
            },
            max_grad_norm: Some(self.max_grad_norm),
            metrics: self.metrics.clone(),
            evaluate: match self.evaluate_every {
                _ if !select => Every::Never,
                Some(steps) => Every::Steps(steps),
                None => Every::Epochs(1),
            },
            goal: match self.select {
                Select::ValKd => Goal::Minimize,
                Select::Last | Select::ValAcc => Goal::Maximize,
            },
            patience: if select { self.patience } else { None },
            restore_best: select,
            checkpoint: self.checkpoint.clone(),
            ..TrainConfig::new(Until::Epochs(self.epochs))
        }
    }

    /// AdamW, with a rate of their own for auxiliary maps.
    pub(super) fn optimizer(&self) -> Optimizer {
        let auxiliary = ParamGroup::new("auxiliary", |param| param.is_under("auxiliary"));
        Optimizer::adamw(AdamWConfig::default(), self.lr)
            .with_weight_decay(self.weight_decay)
            .with_group(auxiliary.with_lr(self.auxiliary_lr))
    }
}
