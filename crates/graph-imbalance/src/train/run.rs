//! The course of a run: epochs, evaluation, the best state, the end.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use burn::tensor::Tensor;
use plm_core::nn::{DropoutContext, DropoutMode};
use plm_core::train::{AdamWConfig, EarlyStopping, Goal, Gradients, Optimizer};

use super::config::TrainConfig;
use super::penalty::penalty;
use super::record::{EpochRecord, Stopped, Trained};
use super::scores::NodeScores;
use crate::graph::Labels;
use crate::model::{GraphInputs, NodeClassifier};
use crate::{Error, Result};

/// What a model is judged by: the nodes of a graph that chooses the best epoch, and those reported on.
#[derive(Debug, Clone, Copy)]
pub struct Evaluation<'a> {
    /// The whole graph.
    pub inputs: &'a GraphInputs,
    /// Classes of its nodes.
    pub labels: &'a Labels,
    /// Nodes whose weighted F1 chooses the best epoch; at least one.
    pub valid: &'a [u32],
    /// Nodes that are reported on; may be empty.
    pub test: &'a [u32],
}

impl Evaluation<'_> {
    fn check<M: NodeClassifier>(&self, model: &M) -> Result<()> {
        model.check(self.inputs)?;
        if self.inputs.n_nodes() != self.labels.n_nodes() {
            return Err(Error::invalid(
                "evaluation",
                format!(
                    "labels of {} nodes for a graph of {}",
                    self.labels.n_nodes(),
                    self.inputs.n_nodes()
                ),
            ));
        }
        check_classes("evaluation", model.n_classes(), self.labels.n_classes())?;
        if self.valid.is_empty() {
            return Err(Error::invalid("evaluation", "has no validation node"));
        }
        self.labels.of(self.valid)?;
        self.labels.of(self.test)?;
        Ok(())
    }
}

/// Refuses a model that scores another number of classes than `what` has labels of.
pub(super) fn check_classes(what: &str, scored: usize, n_classes: usize) -> Result<()> {
    if scored == n_classes {
        return Ok(());
    }
    Err(Error::invalid(
        what,
        format!("labels of {n_classes} classes for a network that scores {scored}"),
    ))
}

/// Hears of every epoch as it ends; breaking ends the run.
pub type EpochObserver<'a> = dyn FnMut(&EpochRecord) -> ControlFlow<()> + 'a;

/// Makes optimizer steps of a model.
pub(super) struct Stepper<'a> {
    config: &'a TrainConfig,
    optimizer: Optimizer,
    epoch: usize,
    steps: u64,
    epoch_loss: f64,
    epoch_steps: usize,
}

impl Stepper<'_> {
    /// The epoch that runs, from 0.
    pub(super) fn epoch(&self) -> usize {
        self.epoch
    }

    /// Dropout of the next step.
    pub(super) fn dropout(&self) -> DropoutContext {
        let seed = self.config.seed.child("dropout").at(self.steps).value();
        DropoutMode::Train { seed }.into()
    }

    /// The update by the gradient of `loss`.
    pub(super) fn step<M: NodeClassifier>(&mut self, model: M, loss: Tensor<1>) -> Result<M> {
        let total = match penalty(&model, self.config.weight_decay) {
            Some(penalty) => loss.clone() + penalty,
            None => loss.clone(),
        };
        let gradients = Gradients::of(&total, &model)?;
        let value = loss.into_scalar::<f64>();
        if !value.is_finite() {
            return Err(Error::invalid(
                "training loss",
                format!("is {value} in epoch {}", self.epoch),
            ));
        }
        self.epoch_loss += value;
        self.epoch_steps += 1;
        self.steps += 1;
        let rate = self.config.rate(self.epoch);
        Ok(self.optimizer.step(model, gradients, rate))
    }
}

/// Trains `model`; `epoch` makes the optimizer steps of one epoch.
pub(super) fn run<M: NodeClassifier>(
    model: M,
    evaluation: &Evaluation<'_>,
    config: &TrainConfig,
    observer: &mut EpochObserver<'_>,
    mut epoch: impl FnMut(M, &mut Stepper<'_>) -> Result<M>,
) -> Result<Trained<M>> {
    config.check()?;
    evaluation.check(&model)?;
    let mut stepper = Stepper {
        config,
        // The schedule gives the rate itself, so the base rate is 1.
        optimizer: Optimizer::adamw(AdamWConfig::default(), 1.0),
        epoch: 0,
        steps: 0,
        epoch_loss: 0.0,
        epoch_steps: 0,
    };
    // The reference code goes on while no more than `patience` epochs were in vain.
    let patience = config.patience.map(|epochs| epochs as u64 + 1);
    let mut stopping = EarlyStopping::new(Goal::Maximize, 0.0, patience);
    let mut history: Vec<EpochRecord> = Vec::new();
    let mut best: Option<(M, Judged)> = None;
    let mut busy = Duration::ZERO;
    let mut stopped = Stopped::Completed;
    let mut model = model.train();
    for number in 0..config.max_epochs {
        (stepper.epoch, stepper.epoch_loss, stepper.epoch_steps) = (number, 0.0, 0);
        let began = Instant::now();
        model = epoch(model, &mut stepper)?;
        busy += began.elapsed();
        let plain = model.valid();
        let judged = Judged::of(&plain, evaluation)?;
        let record = EpochRecord {
            epoch: number,
            lr: config.rate(number),
            loss: stepper.epoch_loss / stepper.epoch_steps.max(1) as f64,
            validation: judged.validation,
            improved: stopping.observe(number as u64, judged.validation.weighted_f1),
        };
        history.push(record);
        if record.improved {
            best = Some((plain, judged));
        }
        if observer(&record).is_break() {
            stopped = Stopped::Observer;
            break;
        }
        if number >= config.min_epochs && stopping.exhausted() {
            stopped = Stopped::Patience;
            break;
        }
    }
    let Some((model, judged)) = best else {
        return Err(Error::invalid(
            "training",
            "gave no finite validation score",
        ));
    };
    let test = match evaluation.test {
        [] => None,
        test => Some(NodeScores::of(
            &judged.predictions,
            evaluation.labels,
            test,
        )?),
    };
    Ok(Trained {
        model,
        logits: judged.logits,
        predictions: judged.predictions,
        best_epoch: stopping.best().map_or(0, |best| best.step as usize),
        validation: judged.validation,
        test,
        history,
        stopped,
        seconds_per_step: busy.as_secs_f64() / stepper.steps.max(1) as f64,
    })
}

/// A model's scores of all nodes and what they are worth.
struct Judged {
    logits: Vec<f32>,
    predictions: Vec<u32>,
    validation: NodeScores,
}

impl Judged {
    fn of<M: NodeClassifier>(plain: &M, evaluation: &Evaluation<'_>) -> Result<Self> {
        let scores = plain.forward(evaluation.inputs, &DropoutContext::default());
        let [_, n_classes] = scores.dims();
        let logits: Vec<f32> = scores.into_data().iter::<f32>().collect();
        if let Some(at) = logits.iter().position(|score| score.is_nan()) {
            let (node, class) = (at / n_classes, at % n_classes);
            let reason = format!("of node {node} for class {class} is NaN");
            return Err(Error::invalid("score", reason));
        }
        let predictions = predictions(&logits, n_classes);
        let validation = NodeScores::of(&predictions, evaluation.labels, evaluation.valid)?;
        Ok(Self {
            logits,
            predictions,
            validation,
        })
    }
}

/// The class of the highest score of each row; the first of equal ones.
fn predictions(logits: &[f32], n_classes: usize) -> Vec<u32> {
    let best = |row: &[f32]| {
        let mut best = 0;
        for (class, score) in row.iter().enumerate() {
            if *score > row[best] {
                best = class;
            }
        }
        best as u32
    };
    logits.chunks(n_classes.max(1)).map(best).collect()
}
