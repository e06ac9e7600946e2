//! Settings of training.

use plm_core::check::{at_least, not_negative};
use plm_core::rng::Seed;
use serde::{Deserialize, Serialize};

use super::schedule::StepDecay;
use crate::{Error, Result};

/// How a network is trained: Adam on the whole training set, the best epoch by weighted F1 on the
/// validation set kept.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// The first learning rate.
    pub lr: f64,
    /// How the rate falls; constant if absent.
    pub decay: Option<StepDecay>,
    /// Adam's weight decay as torch's `Adam` has it: this times a parameter is added to its gradient.
    pub weight_decay: f64,
    /// The most epochs.
    pub max_epochs: usize,
    /// Training never stops before more epochs than this were run.
    pub min_epochs: usize,
    /// Epochs without a better validation score that are put up with: it stops at the next one, as
    /// the reference code does; never if absent.
    pub patience: Option<usize>,
    /// Where dropout and batches are drawn from.
    pub seed: Seed,
}

impl TrainConfig {
    /// The transductive experiments of ReNode: learning rate 0.0075 for 20 epochs, then times 0.95 an
    /// epoch down to 1e-4; at most 200 epochs, and an end from the 41st on once more than 20
    /// brought nothing.
    pub fn transductive(seed: Seed) -> Self {
        Self {
            lr: 0.0075,
            decay: Some(StepDecay::default()),
            weight_decay: 0.0,
            max_epochs: 200,
            min_epochs: 40,
            patience: Some(20),
            seed,
        }
    }

    /// The inductive experiments of ReNode: learning rate 0.005, weight decay 1e-4, 800 epochs. They
    /// minimize the sum over training nodes: give the objective
    /// [`Reduction::Sum`](crate::loss::Reduction::Sum).
    pub fn inductive(seed: Seed) -> Self {
        Self {
            lr: 0.005,
            decay: None,
            weight_decay: 1e-4,
            max_epochs: 800,
            min_epochs: 0,
            patience: None,
            seed,
        }
    }

    /// The learning rate in epoch `epoch`, counted from 0.
    pub fn rate(&self, epoch: usize) -> f64 {
        self.decay
            .map_or(self.lr, |decay| decay.rate(self.lr, epoch))
    }

    pub(super) fn check(&self) -> Result<()> {
        const ORIGIN: &str = "TrainConfig";
        not_negative(ORIGIN, "lr", self.lr)?;
        not_negative(ORIGIN, "weight_decay", self.weight_decay)?;
        at_least(ORIGIN, "max_epochs", self.max_epochs, 1)?;
        at_least(ORIGIN, "patience", self.patience.unwrap_or(1), 1)?;
        if let Some(StepDecay { factor, floor, .. }) = self.decay {
            if !(factor > 0.0 && factor <= 1.0) {
                let reason = format!("is {factor}, must lie in (0, 1]");
                return Err(Error::config(ORIGIN, "factor", reason));
            }
            not_negative(ORIGIN, "floor", floor)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_settings_are_named() {
        let base = TrainConfig::transductive(Seed::new(0));
        assert!(base.check().is_ok());
        assert!(TrainConfig::inductive(Seed::new(0)).check().is_ok());
        let decay = |factor, floor| {
            Some(StepDecay {
                constant: 1,
                factor,
                floor,
            })
        };
        for (config, text) in [
            (
                TrainConfig {
                    lr: f64::NAN,
                    ..base
                },
                "`lr` is NaN",
            ),
            (
                TrainConfig {
                    weight_decay: -1.0,
                    ..base
                },
                "`weight_decay` is -1",
            ),
            (
                TrainConfig {
                    max_epochs: 0,
                    ..base
                },
                "`max_epochs` is 0",
            ),
            (
                TrainConfig {
                    patience: Some(0),
                    ..base
                },
                "`patience` is 0",
            ),
            (
                TrainConfig {
                    decay: decay(0.0, 0.0),
                    ..base
                },
                "`factor` is 0",
            ),
            (
                TrainConfig {
                    decay: decay(0.9, -1.0),
                    ..base
                },
                "`floor` is -1",
            ),
        ] {
            let error = config.check().unwrap_err().to_string();
            assert!(error.contains(text), "{error:?} lacks {text:?}");
        }
    }
}
