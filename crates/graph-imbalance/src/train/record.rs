//! What a training run tells and returns.

use serde::Serialize;

use super::scores::NodeScores;

/// One epoch of a run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct EpochRecord {
    /// Its number, from 0.
    pub epoch: usize,
    /// Its learning rate.
    pub lr: f64,
    /// The mean training loss of its steps, without the weight decay.
    pub loss: f64,
    /// Scores on the validation set after it.
    pub validation: NodeScores,
    /// Whether its weighted F1 is above that of all epochs before.
    pub improved: bool,
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Stopped {
    /// All epochs were run.
    Completed,
    /// Patience ran out.
    Patience,
    /// The observer asked for it.
    Observer,
}

/// A trained model at its best epoch.
#[derive(Debug, Clone)]
pub struct Trained<M> {
    /// The model, on the plain device.
    pub model: M,
    /// Class scores of all nodes of the evaluation graph: `[n_nodes * n_classes]`.
    pub logits: Vec<f32>,
    /// The class of the highest score of each node: `[n_nodes]`.
    pub predictions: Vec<u32>,
    /// The epoch that is kept, from 0.
    pub best_epoch: usize,
    /// Scores on the validation set.
    pub validation: NodeScores,
    /// Scores on the test set, where there is one.
    pub test: Option<NodeScores>,
    /// All epochs.
    pub history: Vec<EpochRecord>,
    /// Why the run ended.
    pub stopped: Stopped,
    /// Mean seconds of an optimizer step: forward, loss, backward and update, without evaluation.
    pub seconds_per_step: f64,
}
