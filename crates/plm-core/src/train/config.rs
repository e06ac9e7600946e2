//! Settings of a training run.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::patience::Goal;
use super::schedule::Schedule;
use crate::rng::Seed;
use crate::{Error, Result};

/// How long to train.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Until {
    /// This many optimizer steps.
    Steps(u64),
    /// This many passes over the data.
    Epochs(u64),
}

/// How often something is done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Every {
    /// At the end of the run only.
    #[default]
    Never,
    /// After each so many optimizer steps, and at the end.
    Steps(u64),
    /// After each so many epochs, and at the end.
    Epochs(u64),
}

impl Every {
    pub(super) fn step_due(self, step: u64) -> bool {
        matches!(self, Self::Steps(every) if step.is_multiple_of(every))
    }

    pub(super) fn epoch_due(self, epoch: u64) -> bool {
        matches!(self, Self::Epochs(every) if epoch.is_multiple_of(every))
    }

    fn check(self, key: &str) -> Result<()> {
        match self {
            Self::Steps(0) | Self::Epochs(0) => Err(refuse(key, "is 0, must be positive")),
            _ => Ok(()),
        }
    }
}

/// What to do where a gradient is NaN or infinite.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NonFinite {
    /// End the run with an error that names a parameter.
    #[default]
    Error,
    /// Leave the step out and count it; end with an error where more than `limit` come in a row.
    Skip {
        /// Most skipped steps in a row.
        limit: u64,
    },
    /// Do not look. Saves waiting for the device at each step, which matters on GPUs; the norm of the
    /// gradient is not reported then.
    Unchecked,
}

/// Where and how often checkpoints are written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckpointConfig {
    /// The directory, of this run alone.
    pub dir: PathBuf,
    /// How often; always at a new best evaluation and at the end too.
    pub every: Every,
    /// How many to keep beside the best.
    pub keep_last: usize,
    /// Whether to go on from the newest checkpoint. Without it a directory that has checkpoints is
    /// an error.
    pub resume: bool,
    /// Whether frozen parameters are saved. Where they are not, a resumed run must be given a model
    /// with the same ones, which a checksum verifies. Running statistics are always saved.
    pub frozen: bool,
}

impl CheckpointConfig {
    /// Checkpoints in `dir` at the end and at each best evaluation; the last 2 are kept; an
    /// interrupted run goes on; all parameters are saved.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            every: Every::Never,
            keep_last: 2,
            resume: true,
            frozen: true,
        }
    }
}

/// Settings of a training run.
///
/// ```
/// use plm_core::train::{Every, Schedule, TrainConfig, Until};
///
/// let config = TrainConfig {
///     schedule: Schedule::Linear { warmup: 100, total: 1000 },
///     max_grad_norm: Some(1.0),
///     evaluate: Every::Steps(200),
///     patience: Some(3),
///     ..TrainConfig::new(Until::Steps(1000))
/// };
/// assert!(config.check().is_ok());
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// How long to train.
    pub until: Until,
    /// What step seeds are drawn from.
    pub seed: Seed,
    /// What the learning rate is multiplied by.
    pub schedule: Schedule,
    /// Batches whose gradients are averaged, by weight, into one optimizer step. An epoch's end ends
    /// a step early.
    pub accumulation: usize,
    /// Greatest global norm of the gradient.
    pub max_grad_norm: Option<f64>,
    /// What to do where a gradient is not finite.
    pub non_finite: NonFinite,
    /// Optimizer steps per line of the log. Losses stay on the device between lines.
    pub log_every: u64,
    /// Where log and evaluations are written as JSON lines. Without checkpoints, lines are added to
    /// those that the file has. With them, those after the newest checkpoint are cut off, for its run
    /// repeats the steps: all where there is none yet.
    pub metrics: Option<PathBuf>,
    /// How often to evaluate. This, `evaluate_initial`, `patience` and `restore_best` count in runs with
    /// an evaluation only, such as [`Trainer::fit_evaluated`](super::Trainer::fit_evaluated).
    pub evaluate: Every,
    /// Whether to evaluate before the first step, so that the initial weights can be the best.
    pub evaluate_initial: bool,
    /// Which way the metric gets better.
    pub goal: Goal,
    /// What the metric must gain to count as better.
    pub min_delta: f64,
    /// Evaluations without a better metric after which the run ends. Needs an `evaluate` other than
    /// [`Every::Never`].
    pub patience: Option<u64>,
    /// Whether the model with the best metric is returned instead of the last one.
    pub restore_best: bool,
    /// Checkpoints on disk.
    pub checkpoint: Option<CheckpointConfig>,
}

impl TrainConfig {
    /// A plain run: constant learning rate, no clipping, no evaluation before the end, a log line
    /// every 50 steps, an error at the first gradient that is not finite.
    pub fn new(until: Until) -> Self {
        Self {
            until,
            seed: Seed::new(0),
            schedule: Schedule::Constant,
            accumulation: 1,
            max_grad_norm: None,
            non_finite: NonFinite::Error,
            log_every: 50,
            metrics: None,
            evaluate: Every::Never,
            evaluate_initial: false,
            goal: Goal::Maximize,
            min_delta: 0.0,
            patience: None,
            restore_best: false,
            checkpoint: None,
        }
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`Error::Config`] naming the setting, its value and the limit.
    pub fn check(&self) -> Result<()> {
        self.schedule.check()?;
        self.evaluate.check("evaluate")?;
        if self.accumulation == 0 {
            return Err(refuse("accumulation", "is 0, must be positive"));
        }
        if self.log_every == 0 {
            return Err(refuse("log_every", "is 0, must be positive"));
        }
        if self.patience == Some(0) {
            return Err(refuse("patience", "is 0, must be positive"));
        }
        if let Some(patience) = self.patience
            && self.evaluate == Every::Never
        {
            return Err(refuse(
                "patience",
                &format!("is {patience}, but `evaluate` is never: it would end nothing"),
            ));
        }
        if let Some(norm) = self.max_grad_norm
            && !(norm.is_finite() && norm > 0.0)
        {
            return Err(refuse(
                "max_grad_norm",
                &format!("is {norm}, must be finite and positive"),
            ));
        }
        if !(self.min_delta.is_finite() && self.min_delta >= 0.0) {
            return Err(refuse(
                "min_delta",
                &format!("is {}, must be finite and not negative", self.min_delta),
            ));
        }
        if let Some(checkpoint) = &self.checkpoint {
            checkpoint.every.check("checkpoint.every")?;
            if checkpoint.keep_last == 0 {
                return Err(refuse("checkpoint.keep_last", "is 0, must be positive"));
            }
        }
        Ok(())
    }
}

fn refuse(key: &str, reason: &str) -> Error {
    Error::config("TrainConfig", key, reason)
}
