//! What a run tells the outside: progress bars, tests and dashboards listen here.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use serde::Serialize;

use super::report::TrainReport;

/// Something that happened in a run.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The run begins, or goes on.
    Started {
        /// Optimizer steps already done.
        step: u64,
        /// Optimizer steps at the end, where they are known.
        total_steps: Option<u64>,
        /// Whether a checkpoint was loaded.
        resumed: bool,
    },
    /// An optimizer step was made or skipped.
    Step(&'a StepRecord),
    /// Losses were averaged for the log.
    Logged(&'a LogRecord),
    /// An epoch ended.
    EpochEnded {
        /// Epochs completed.
        epoch: u64,
        /// Optimizer steps done.
        step: u64,
    },
    /// The model was evaluated.
    Evaluated(&'a EvaluationRecord),
    /// A checkpoint was written and is in place.
    CheckpointWritten {
        /// Optimizer steps done.
        step: u64,
        /// Its directory.
        path: &'a Path,
    },
    /// A checkpoint was unreadable or incomplete and an older one is tried.
    CheckpointRefused {
        /// Its directory.
        path: &'a Path,
        /// What is wrong with it.
        reason: &'a str,
    },
    /// The run ended.
    Finished(&'a TrainReport),
}

/// One optimizer step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepRecord {
    /// Optimizer steps done, this one included.
    pub step: u64,
    /// Epochs completed before it.
    pub epoch: u64,
    /// The base learning rate times the schedule's factor.
    pub lr: f64,
    /// The global norm of the gradient before clipping, where it was computed.
    pub grad_norm: Option<f64>,
    /// Whether the parameters stayed as they were: the gradient was not finite, or all batches of the
    /// step had weight 0.
    pub skipped: bool,
}

/// A line of the training log.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LogRecord {
    /// Optimizer steps done.
    pub step: u64,
    /// Epochs completed.
    pub epoch: u64,
    /// Mean loss since the last line, by weight.
    pub loss: f64,
    /// The base learning rate times the schedule's factor, of the last step.
    pub lr: f64,
    /// The gradient's global norm before clipping in the last step.
    pub grad_norm: Option<f64>,
    /// Steps skipped so far because a gradient was not finite.
    pub non_finite: u64,
    /// Seconds since this process began the run.
    pub seconds: f64,
}

/// An evaluation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EvaluationRecord {
    /// Optimizer steps done.
    pub step: u64,
    /// Epochs completed.
    pub epoch: u64,
    /// The metric that the best checkpoint is chosen by.
    pub metric: f64,
    /// Other figures by name.
    pub values: BTreeMap<String, f64>,
    /// Whether it is the best so far.
    pub improved: bool,
    /// Seconds since this process began the run.
    pub seconds: f64,
}

/// Listens to a run.
pub trait Observer {
    /// Takes notice of `event`. Breaking ends the run after a last checkpoint.
    fn event(&mut self, event: &Event<'_>) -> ControlFlow<()>;
}

impl<F: FnMut(&Event<'_>) -> ControlFlow<()>> Observer for F {
    fn event(&mut self, event: &Event<'_>) -> ControlFlow<()> {
        self(event)
    }
}
