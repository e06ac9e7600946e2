//! How long and how fast networks are trained.

use plm_core::check::{at_least, not_negative, positive};
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::optim::{Clip, EuclideanAdamConfig, ManifoldOptimizerConfig, NormKind};
use plm_core::rng::Seed;

/// Settings of a training run. Points are moved by Riemannian Adam, other parameters by Adam with
/// decoupled weight decay.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GraphTrainConfig {
    /// Learning rate.
    pub lr: f64,
    /// Weight decay of Euclidean parameters but biases and scales.
    pub weight_decay: f64,
    /// Bound on the norm of all gradients.
    pub clip: Option<f64>,
    /// Most epochs.
    pub max_epochs: usize,
    /// Epochs before patience can end the run.
    pub min_epochs: usize,
    /// Epochs without a better validation score that end the run, at least 1; never without it.
    pub patience: Option<usize>,
    /// Of dropout and negatives.
    pub seed: Seed,
}

impl GraphTrainConfig {
    /// The lengths of HGCN's protocol: at most 5000 epochs, at least 100, patience of 500.
    pub fn new(lr: f64, seed: Seed) -> Self {
        Self {
            lr,
            weight_decay: 0.0,
            clip: None,
            max_epochs: 5000,
            min_epochs: 100,
            patience: Some(500),
            seed,
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        const ORIGIN: &str = "GraphTrainConfig";
        positive(ORIGIN, "lr", self.lr)?;
        not_negative(ORIGIN, "weight_decay", self.weight_decay)?;
        at_least(ORIGIN, "max_epochs", self.max_epochs, 1)?;
        at_least(ORIGIN, "patience", self.patience.unwrap_or(1), 1)?;
        Ok(())
    }

    pub(super) fn optimizer(&self) -> ManifoldOptimizerConfig {
        ManifoldOptimizerConfig {
            euclidean: EuclideanAdamConfig {
                weight_decay: self.weight_decay,
                ..EuclideanAdamConfig::default()
            },
            clip: self.clip.map(|max_norm| Clip {
                max_norm,
                kind: NormKind::Ambient,
            }),
            ..ManifoldOptimizerConfig::default()
        }
    }
}
