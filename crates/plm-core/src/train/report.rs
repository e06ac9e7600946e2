//! How a run ended.

use serde::Serialize;

use super::patience::Best;

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// All steps or epochs were made.
    Completed,
    /// The metric had not become better for too long.
    Patience,
    /// An observer asked for it.
    Observer,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrainReport {
    /// Optimizer steps done, those before a resumption and skipped ones included.
    pub step: u64,
    /// Epochs completed.
    pub epoch: u64,
    /// The best evaluation.
    pub best: Option<Best>,
    /// Why the run ended.
    pub stopped: StopReason,
    /// Steps skipped because a gradient was not finite.
    pub non_finite: u64,
    /// The step of the checkpoint that the run went on from.
    pub resumed_from: Option<u64>,
    /// Seconds that this process took.
    pub seconds: f64,
}
