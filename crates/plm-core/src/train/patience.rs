//! The best evaluation so far and when to stop waiting for a better one.

use serde::{Deserialize, Serialize};

use super::exact;

/// Which way the metric gets better.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// Greater is better: accuracy.
    #[default]
    Maximize,
    /// Smaller is better: loss.
    Minimize,
}

/// The best evaluation so far.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Best {
    /// Optimizer steps done when it was made.
    pub step: u64,
    /// Its metric.
    #[serde(with = "exact")]
    pub metric: f64,
}

/// Follows a metric: keeps the best value and counts the evaluations since.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EarlyStopping {
    goal: Goal,
    min_delta: f64,
    patience: Option<u64>,
    best: Option<Best>,
    waited: u64,
}

impl EarlyStopping {
    /// Stops after `patience` evaluations in a row that do not beat the best by more than
    /// `min_delta`; never without a patience.
    pub fn new(goal: Goal, min_delta: f64, patience: Option<u64>) -> Self {
        Self {
            goal,
            min_delta,
            patience,
            best: None,
            waited: 0,
        }
    }

    /// Goes on from a saved place.
    pub fn resume(mut self, best: Option<Best>, waited: u64) -> Self {
        self.best = best;
        self.waited = waited;
        self
    }

    /// Takes in the metric of an evaluation after `step` steps; whether it is the new best. NaN never
    /// is.
    pub fn observe(&mut self, step: u64, metric: f64) -> bool {
        let better = match (self.best, self.goal) {
            _ if metric.is_nan() => false,
            (None, _) => true,
            (Some(best), Goal::Maximize) => metric > best.metric + self.min_delta,
            (Some(best), Goal::Minimize) => metric < best.metric - self.min_delta,
        };
        if better {
            self.best = Some(Best { step, metric });
            self.waited = 0;
        } else {
            self.waited += 1;
        }
        better
    }

    /// The best so far.
    pub fn best(&self) -> Option<Best> {
        self.best
    }

    /// Evaluations since the best one.
    pub fn waited(&self) -> u64 {
        self.waited
    }

    /// Whether patience has run out.
    pub fn exhausted(&self) -> bool {
        self.patience
            .is_some_and(|patience| self.waited >= patience)
    }
}
