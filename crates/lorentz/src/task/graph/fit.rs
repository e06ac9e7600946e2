//! The course of a run: epochs, validation, the best state, the end.

use std::ops::ControlFlow;
use std::time::Instant;

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use plm_core::nn::{DropoutContext, DropoutMode};
use plm_core::train::{EarlyStopping, Goal};

use super::config::GraphTrainConfig;
use crate::Result;
use crate::optim::ManifoldOptimizer;

/// What an epoch came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EpochRecord {
    /// Its number, from 0.
    pub epoch: usize,
    /// The loss before its update.
    pub loss: f64,
    /// The validation score after it.
    pub validation: f64,
    /// Whether that is the best so far.
    pub improved: bool,
}

/// Hears of every epoch as it ends; breaking ends the run.
pub type EpochObserver<'a> = dyn FnMut(&EpochRecord) -> ControlFlow<()> + 'a;

/// A trained network and its scores.
#[derive(Debug, Clone)]
pub struct Trained<M, S> {
    /// The parameters of the best epoch, on the plain device.
    pub model: M,
    /// The best epoch, from 0.
    pub best_epoch: usize,
    /// Validation scores of the best epoch.
    pub validation: S,
    /// Test scores of the best epoch.
    pub test: S,
    /// Every epoch that ran.
    pub history: Vec<EpochRecord>,
    /// Mean seconds of an epoch, its validation included.
    pub seconds_per_epoch: f64,
}

/// What a run minimizes and is judged by.
pub(super) trait Problem<M: Module> {
    type Scores: Copy;

    /// The loss of one epoch.
    fn loss(&mut self, model: &M, dropout: &DropoutContext) -> Tensor<1>;

    /// Validation scores of a model on the plain device, and the number that chooses the best epoch.
    fn validate(&self, model: &M) -> Result<(Self::Scores, f64)>;

    /// Test scores of a model on the plain device.
    fn test(&self, model: &M) -> Result<Self::Scores>;
}

/// Trains `model` with one update an epoch.
pub(super) fn fit<M: Module, P: Problem<M>>(
    model: M,
    problem: &mut P,
    config: &GraphTrainConfig,
    observer: &mut EpochObserver<'_>,
) -> Result<Trained<M, P::Scores>> {
    config.check()?;
    let mut model = model.train();
    let mut optimizer = ManifoldOptimizer::new(&model, config.optimizer())?;
    let patience = config.patience.map(|epochs| epochs as u64);
    let mut stopping = EarlyStopping::new(Goal::Maximize, 0.0, patience);
    let mut history: Vec<EpochRecord> = Vec::new();
    let mut best: Option<(M, P::Scores)> = None;
    let began = Instant::now();
    for epoch in 0..config.max_epochs {
        let seed = config.seed.child("dropout").at(epoch as u64).value();
        let loss = problem.loss(&model, &DropoutMode::Train { seed }.into());
        let value = loss.clone().into_scalar::<f64>();
        if !value.is_finite() {
            let reason = format!("is {value} in epoch {epoch}; lower the learning rate");
            return Err(plm_core::Error::invalid("training loss", reason).into());
        }
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        model = optimizer.step(config.lr, model, gradients);
        let plain = model.valid();
        let (scores, validation) = problem.validate(&plain)?;
        let record = EpochRecord {
            epoch,
            loss: value,
            validation,
            improved: stopping.observe(epoch as u64, validation),
        };
        history.push(record);
        if record.improved {
            best = Some((plain, scores));
        }
        if observer(&record).is_break() || epoch >= config.min_epochs && stopping.exhausted() {
            break;
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    let Some((model, validation)) = best else {
        let reason = "gave no validation score that is a number";
        return Err(plm_core::Error::invalid("training", reason).into());
    };
    Ok(Trained {
        test: problem.test(&model)?,
        model,
        best_epoch: stopping.best().map_or(0, |best| best.step as usize),
        validation,
        seconds_per_epoch: seconds / history.len() as f64,
        history,
    })
}
