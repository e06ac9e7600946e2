//! What a training run needs beside weights and optimizer state to go on as if never stopped.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::exact;
use super::patience::Best;
use crate::rng::Seed;

/// The place of a run after a whole number of optimizer steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainState {
    /// Optimizer steps done, skipped ones included.
    pub step: u64,
    /// Epochs completed.
    pub epoch: u64,
    /// The run's seed.
    pub seed: Seed,
    /// The place of the batch source.
    pub sampler: Value,
    /// The best evaluation so far.
    pub best: Option<Best>,
    /// Evaluations since the best one.
    pub waited: u64,
    /// The step of the last evaluation.
    pub evaluated: Option<u64>,
    /// Steps skipped because a gradient was not finite.
    pub non_finite: u64,
    /// How many of them came last, without a good one since.
    pub non_finite_run: u64,
    /// Losses since the last log line.
    pub window: LossWindow,
    /// Checksum of the frozen parameters, where they are left out of checkpoints.
    pub frozen: Option<String>,
    /// Length of the metrics file in bytes.
    pub metrics_len: u64,
}

/// A sum of losses that was not logged yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LossWindow {
    /// The sum of weighted losses.
    #[serde(with = "exact")]
    pub sum: f64,
    /// The sum of weights.
    #[serde(with = "exact")]
    pub weight: f64,
}
