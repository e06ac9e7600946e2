//! What the caller's step and evaluation functions get and give.

use std::collections::BTreeMap;

use burn::tensor::Tensor;

use crate::nn::DropoutMode;
use crate::rng::Seed;

/// Where a run is when it asks for the loss of a batch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepContext {
    /// Optimizer steps done before this one.
    pub step: u64,
    /// Optimizer steps at the end, where they are known.
    pub total_steps: Option<u64>,
    /// Epochs completed.
    pub epoch: u64,
    /// Number of this batch within the optimizer step, from 0.
    pub micro: usize,
    /// Most batches per optimizer step.
    pub accumulation: usize,
    /// What the learning rates are multiplied by in this step.
    pub factor: f64,
    /// The seed of this batch: depends on the run's seed, `step` and `micro` only, so that a resumed
    /// run draws the same numbers. Take [`Seed::child`] or [`Seed::stream`] by name where more than
    /// one thing is random.
    pub seed: Seed,
}

impl StepContext {
    /// Dropout in training mode with this batch's seed.
    pub fn dropout(&self) -> DropoutMode {
        DropoutMode::Train {
            seed: self.seed.child("dropout").value(),
        }
    }
}

/// The loss of one batch.
#[derive(Debug, Clone)]
pub struct StepLoss {
    /// The mean loss, one element, `[1]`.
    pub loss: Tensor<1>,
    /// How many examples, tokens or whatever the mean is over: its share in the average over the
    /// batches of one optimizer step and in the log. A batch of weight 0 is left out.
    pub weight: f64,
}

impl StepLoss {
    /// The mean `loss` over `weight` things.
    pub fn new(loss: Tensor<1>, weight: f64) -> Self {
        Self { loss, weight }
    }
}

impl From<Tensor<1>> for StepLoss {
    /// A loss that weighs as much as any other.
    fn from(loss: Tensor<1>) -> Self {
        Self::new(loss, 1.0)
    }
}

/// Where a run is when it asks for an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EvaluationContext {
    /// Optimizer steps done.
    pub step: u64,
    /// Epochs completed.
    pub epoch: u64,
}

/// What an evaluation found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evaluation {
    /// The figure that the best checkpoint is chosen by.
    pub metric: f64,
    /// Other figures by name, for the log.
    pub values: BTreeMap<String, f64>,
}

impl Evaluation {
    /// An evaluation with this metric and no other figures.
    pub fn new(metric: f64) -> Self {
        Self {
            metric,
            values: BTreeMap::new(),
        }
    }

    /// Adds a figure.
    pub fn with(mut self, name: impl Into<String>, value: f64) -> Self {
        self.values.insert(name.into(), value);
        self
    }
}
