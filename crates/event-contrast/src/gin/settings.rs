use std::path::PathBuf;

use plm_core::check::{at_least, positive};
use plm_core::rng::Seed;
use plm_core::train::{AdamWConfig, CheckpointConfig, Optimizer, TrainConfig, Until};
use serde::{Deserialize, Serialize};

use super::GraphContrast;
use crate::Result;
use crate::schedule::triangular;

/// How a graph encoder is pre-trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GraphPretraining {
    /// What views are contrasted with.
    pub contrast: GraphContrast,
    /// The temperature of the scores.
    pub tau: f64,
    /// Pairs of views of a step.
    pub batch: usize,
    /// Pairs of views of an epoch.
    pub samples: usize,
    /// Epochs.
    pub epochs: u64,
    /// Base learning rate; it rises over a tenth of the steps and falls linearly.
    pub lr: f64,
    /// Weight decay, decoupled from the gradient (the released code adds it to the gradient).
    pub weight_decay: f64,
    /// Greatest global norm of the gradient.
    pub max_grad_norm: f64,
    /// Seed of views and dropout.
    pub seed: Seed,
    /// Where the log is written as JSON lines.
    pub metrics: Option<PathBuf>,
    /// Checkpoints.
    pub checkpoint: Option<CheckpointConfig>,
}

impl Default for GraphPretraining {
    /// The settings of the released code: temperature 0.07, batches of 32, 100 epochs of 24 000 pairs,
    /// Adam with rate 0.005 and weight decay 1e-5.
    fn default() -> Self {
        Self {
            contrast: GraphContrast::default(),
            tau: 0.07,
            batch: 32,
            samples: 24_000,
            epochs: 100,
            lr: 0.005,
            weight_decay: 1e-5,
            max_grad_norm: 1.0,
            seed: Seed::new(0),
            metrics: None,
            checkpoint: None,
        }
    }
}

impl GraphPretraining {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) naming the setting, its value and the limit.
    pub fn check(&self) -> Result<()> {
        self.contrast.check()?;
        positive("GraphPretraining", "tau", self.tau)?;
        let least = match self.contrast {
            GraphContrast::Moco { .. } => 1,
            GraphContrast::InBatch => 2,
        };
        for (key, value) in [("batch", self.batch), ("samples", self.samples)] {
            at_least("GraphPretraining", key, value, least)?;
        }
        Ok(())
    }

    /// The settings of the loop over `total` steps.
    pub(super) fn train_config(&self, total: u64) -> TrainConfig {
        TrainConfig {
            seed: self.seed.child("steps"),
            schedule: triangular(total),
            max_grad_norm: Some(self.max_grad_norm),
            metrics: self.metrics.clone(),
            checkpoint: self.checkpoint.clone(),
            ..TrainConfig::new(Until::Epochs(self.epochs))
        }
    }

    pub(super) fn optimizer(&self) -> Optimizer {
        Optimizer::adamw(AdamWConfig::default(), self.lr).with_weight_decay(self.weight_decay)
    }
}
