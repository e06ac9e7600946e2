//! The training loop.

use std::time::Instant;

use burn::module::Module;
use burn::tensor::Tensor;

use super::batches::Batches;
use super::config::{Every, NonFinite, Until};
use super::gradients::Gradients;
use super::journal::MetricsWriter;
use super::observer::{EvaluationRecord, Event, LogRecord, StepRecord};
use super::params::ParamInfo;
use super::patience::EarlyStopping;
use super::report::{StopReason, TrainReport};
use super::snapshot::{Snapshot, digest};
use super::state::{LossWindow, TrainState};
use super::step::{EvaluationContext, StepContext, StepLoss};
use super::store::{Checkpoint, CheckpointStore};
use super::trainer::{EvaluateFn, StepFn, Trainer};
use crate::{Error, Result};

/// A run under way. `model` is there whenever no optimizer step is being made.
pub(super) struct Run<'r, 'o, M: Module, B: Batches> {
    trainer: &'r mut Trainer<'o>,
    model: Option<M>,
    batches: &'r mut B,
    step_fn: StepFn<'r, M, B::Batch>,
    evaluate_fn: Option<EvaluateFn<'r, M>>,
    store: Option<CheckpointStore>,
    metrics: Option<MetricsWriter>,
    stopping: EarlyStopping,
    step: u64,
    epoch: u64,
    total_steps: Option<u64>,
    evaluated: Option<u64>,
    saved: Option<u64>,
    resumed_from: Option<u64>,
    non_finite: u64,
    non_finite_run: u64,
    window: Window,
    last: Option<StepRecord>,
    /// Parameters of the best evaluation, where there is no directory to keep them in.
    best_model: Option<Snapshot>,
    frozen: Option<String>,
    interrupted: bool,
    began: Instant,
}

/// Losses that were not logged yet. They stay on the device until a line is due.
#[derive(Default)]
struct Window {
    sum: Option<Tensor<1>>,
    /// What a checkpoint brought, until the first loss comes.
    carried: LossWindow,
    weight: f64,
}

impl Window {
    fn add(&mut self, loss: Tensor<1>, weight: f64) {
        let loss = loss.mul_scalar(weight);
        let sum = match self.sum.take() {
            Some(sum) => sum + loss,
            None => {
                let carried = std::mem::take(&mut self.carried);
                self.weight = carried.weight;
                loss.add_scalar(carried.sum)
            }
        };
        self.sum = Some(sum);
        self.weight += weight;
    }

    /// Waits for the device.
    fn read(&self) -> LossWindow {
        match &self.sum {
            Some(sum) => LossWindow {
                sum: sum.to_data().iter::<f64>().sum(),
                weight: self.weight,
            },
            None => self.carried,
        }
    }
}

/// Whether a parameter belongs into a checkpoint without frozen ones.
fn changes(info: &ParamInfo<'_>) -> bool {
    info.trainable || info.name().starts_with("running_")
}

impl<'r, 'o, M: Module, B: Batches> Run<'r, 'o, M, B> {
    pub(super) fn start(
        trainer: &'r mut Trainer<'o>,
        model: M,
        batches: &'r mut B,
        step_fn: StepFn<'r, M, B::Batch>,
        evaluate_fn: Option<EvaluateFn<'r, M>>,
    ) -> Result<Self> {
        let config = &trainer.config;
        let store = match &config.checkpoint {
            Some(settings) => Some(CheckpointStore::open(&settings.dir, settings.keep_last)?),
            None => None,
        };
        let frozen = match &config.checkpoint {
            Some(settings) if !settings.frozen => Some(digest(&model, |info| !changes(info))),
            _ => None,
        };
        let per_epoch = batches.len().div_ceil(config.accumulation) as u64;
        let total_steps = match config.until {
            Until::Steps(steps) => Some(steps),
            Until::Epochs(epochs) => epochs.checked_mul(per_epoch),
        };
        let stopping = EarlyStopping::new(config.goal, config.min_delta, config.patience);
        let mut run = Self {
            trainer,
            model: Some(model),
            batches,
            step_fn,
            evaluate_fn,
            store,
            metrics: None,
            stopping,
            step: 0,
            epoch: 0,
            total_steps,
            evaluated: None,
            saved: None,
            resumed_from: None,
            non_finite: 0,
            non_finite_run: 0,
            window: Window::default(),
            last: None,
            best_model: None,
            frozen,
            interrupted: false,
            began: Instant::now(),
        };
        let metrics_len = run.resume()?;
        if let Some(path) = &run.trainer.config.metrics {
            run.metrics = Some(MetricsWriter::open(path, metrics_len)?);
        }
        Ok(run)
    }

    /// Goes to the newest checkpoint, if there is one. Returns how much of the metrics file counts.
    fn resume(&mut self) -> Result<u64> {
        let (Some(store), Some(settings)) = (&self.store, &self.trainer.config.checkpoint) else {
            return Ok(0);
        };
        if !settings.resume {
            return match store.steps()?.last() {
                None => Ok(0),
                Some(step) => Err(Error::checkpoint(
                    store.path(*step),
                    "exists, and the settings say not to resume",
                )),
            };
        }
        let mut refused = Vec::new();
        let found = store.latest(|path, error| {
            refused.push((path.to_path_buf(), error.to_string()));
        })?;
        let path = found.as_ref().map(|found| store.path(found.state.step));
        for (path, reason) in &refused {
            self.emit(&Event::CheckpointRefused { path, reason });
        }
        let (Some(checkpoint), Some(path)) = (found, path) else {
            return Ok(0);
        };
        self.take_over(checkpoint)
            .map_err(|error| Error::checkpoint(&path, error.to_string()))
    }

    fn take_over(&mut self, checkpoint: Checkpoint) -> Result<u64> {
        let Checkpoint {
            state,
            model: weights,
            optimizer,
        } = checkpoint;
        let seed = self.trainer.config.seed;
        if state.seed != seed {
            return Err(Error::invalid(
                "seed",
                format!(
                    "is {} in the checkpoint, {} in the settings",
                    state.seed.value(),
                    seed.value()
                ),
            ));
        }
        if state.frozen != self.frozen {
            return Err(Error::invalid(
                "frozen parameters",
                "are others than those that the checkpoint was made with",
            ));
        }
        if let Some(model) = self.model.take() {
            let model = if self.frozen.is_some() {
                weights.apply_selected(model, changes)?
            } else {
                weights.apply(model)?
            };
            self.trainer.optimizer.load_state(&model, optimizer)?;
            self.model = Some(model);
        }
        self.batches.restore(&state.sampler)?;
        self.step = state.step;
        self.epoch = state.epoch;
        self.stopping = self.stopping.resume(state.best, state.waited);
        self.evaluated = state.evaluated;
        self.saved = Some(state.step);
        self.resumed_from = Some(state.step);
        self.non_finite = state.non_finite;
        self.non_finite_run = state.non_finite_run;
        self.window.carried = state.window;
        Ok(state.metrics_len)
    }

    /// Runs to the end.
    pub(super) fn finish(mut self) -> Result<(M, TrainReport)> {
        self.emit(&Event::Started {
            step: self.step,
            total_steps: self.total_steps,
            resumed: self.resumed_from.is_some(),
        });
        if self.trainer.config.evaluate_initial && self.resumed_from.is_none() {
            self.evaluate_and_save(true, false)?;
        }
        let stopped = self.all_steps()?;
        if stopped != StopReason::Observer {
            self.evaluate_and_save(true, true)?;
        } else {
            self.save()?;
        }
        let report = TrainReport {
            step: self.step,
            epoch: self.epoch,
            best: self.stopping.best(),
            stopped,
            non_finite: self.non_finite,
            resumed_from: self.resumed_from,
            seconds: self.began.elapsed().as_secs_f64(),
        };
        if self.trainer.config.restore_best {
            self.restore_best()?;
        }
        self.emit(&Event::Finished(&report));
        let model = self.model.take().expect("no step is being made");
        Ok((model, report))
    }

    fn all_steps(&mut self) -> Result<StopReason> {
        let mut empty_epoch = false;
        loop {
            if self.interrupted {
                return Ok(StopReason::Observer);
            }
            if self.stopping.exhausted() {
                return Ok(StopReason::Patience);
            }
            let done = match self.trainer.config.until {
                Until::Steps(steps) => self.step >= steps,
                Until::Epochs(epochs) => self.epoch >= epochs,
            };
            if done {
                return Ok(StopReason::Completed);
            }
            match self.batches.next_batch()? {
                Some(batch) => {
                    empty_epoch = false;
                    let ended = self.optimizer_step(batch)?;
                    if self.step.is_multiple_of(self.trainer.config.log_every) {
                        self.log()?;
                    }
                    self.settle(true, ended)?;
                }
                None if empty_epoch => {
                    return Err(Error::invalid("batches", "gave an epoch without a batch"));
                }
                None => {
                    empty_epoch = true;
                    self.settle(false, true)?;
                }
            }
        }
    }

    /// One optimizer step that begins with `first`; whether the epoch ended within it.
    fn optimizer_step(&mut self, first: B::Batch) -> Result<bool> {
        let config = &self.trainer.config;
        let accumulation = config.accumulation;
        let factor = config.schedule.factor(self.step);
        let seed = config.seed.at(self.step);
        let model = self.model.take().expect("no step is being made");
        let mut gradients = Gradients::new();
        let mut losses = Vec::with_capacity(accumulation);
        let mut total_weight = 0.0;
        let mut ended = false;
        let mut next = Some(first);
        for micro in 0..accumulation {
            let batch = match next.take() {
                Some(batch) => batch,
                None => match self.batches.next_batch()? {
                    Some(batch) => batch,
                    None => {
                        ended = true;
                        break;
                    }
                },
            };
            let context = StepContext {
                step: self.step,
                total_steps: self.total_steps,
                epoch: self.epoch,
                micro,
                accumulation,
                factor,
                seed: seed.at(micro as u64),
            };
            let StepLoss { loss, weight } = (self.step_fn)(&model, batch, &context)?;
            if !(weight.is_finite() && weight >= 0.0) {
                return Err(Error::invalid(
                    "loss weight",
                    format!(
                        "is {weight} at step {}, must be finite and not negative",
                        self.step
                    ),
                ));
            }
            if weight == 0.0 {
                continue;
            }
            losses.push((loss.clone().inner(), weight));
            // A mean over all is the sum of means times their weights over the sum of weights.
            let loss = if accumulation > 1 {
                loss.mul_scalar(weight)
            } else {
                loss
            };
            gradients.accumulate(Gradients::of(&loss, &model)?);
            total_weight += weight;
        }
        if accumulation > 1 && total_weight > 0.0 {
            gradients.scale(1.0 / total_weight);
        }
        let (grad_norm, sound) = self.clip(&mut gradients)?;
        let skipped = !sound || gradients.is_empty();
        self.model = Some(if skipped {
            model
        } else {
            for (loss, weight) in losses {
                self.window.add(loss, weight);
            }
            self.trainer.optimizer.step(model, gradients, factor)
        });
        let record = StepRecord {
            step: self.step + 1,
            epoch: self.epoch,
            lr: self.trainer.optimizer.lr() * factor,
            grad_norm,
            skipped,
        };
        self.step += 1;
        self.last = Some(record);
        self.emit(&Event::Step(&record));
        Ok(ended)
    }

    /// Clips as the settings say. Returns the norm, where it is known, and whether all is finite, as
    /// far as that was looked at.
    fn clip(&mut self, gradients: &mut Gradients) -> Result<(Option<f64>, bool)> {
        let config = &self.trainer.config;
        let limit = match config.non_finite {
            NonFinite::Unchecked => {
                if let Some(max_norm) = config.max_grad_norm {
                    gradients.clip_norm_async(max_norm);
                }
                return Ok((None, true));
            }
            NonFinite::Error => 0,
            NonFinite::Skip { limit } => limit,
        };
        let norm = gradients.norm();
        if norm.is_finite() {
            self.non_finite_run = 0;
            if let Some(max_norm) = config.max_grad_norm {
                gradients.clip_norm_to(norm, max_norm);
            }
            return Ok((Some(norm), true));
        }
        self.non_finite += 1;
        self.non_finite_run += 1;
        if self.non_finite_run > limit {
            let place = gradients.first_non_finite().unwrap_or("their sum");
            return Err(Error::invalid(
                "gradients",
                format!(
                    "are not finite at step {} (first: `{place}`), {} in a row, at most {limit} allowed",
                    self.step, self.non_finite_run
                ),
            ));
        }
        Ok((Some(norm), false))
    }

    /// What is due after a step, at the end of an epoch, or where both come together. The epoch is
    /// counted before anything is saved: the batch source is past its end already.
    fn settle(&mut self, stepped: bool, epoch_ended: bool) -> Result<()> {
        if epoch_ended {
            self.epoch += 1;
            self.emit(&Event::EpochEnded {
                epoch: self.epoch,
                step: self.step,
            });
        }
        let due = |every: Every| {
            (stepped && every.step_due(self.step)) || (epoch_ended && every.epoch_due(self.epoch))
        };
        let config = &self.trainer.config;
        let evaluate = due(config.evaluate);
        let save = config
            .checkpoint
            .as_ref()
            .is_some_and(|settings| due(settings.every));
        self.evaluate_and_save(evaluate, save)
    }

    fn log(&mut self) -> Result<()> {
        let window = std::mem::take(&mut self.window).read();
        let Some(last) = self.last else {
            return Ok(());
        };
        let record = LogRecord {
            step: self.step,
            epoch: self.epoch,
            loss: window.sum / window.weight,
            lr: last.lr,
            grad_norm: last.grad_norm,
            non_finite: self.non_finite,
            seconds: self.began.elapsed().as_secs_f64(),
        };
        if let Some(metrics) = &mut self.metrics {
            metrics.write("log", &record)?;
        }
        self.emit(&Event::Logged(&record));
        Ok(())
    }

    /// Evaluates if `evaluate` and it was not done after this step; saves if `save` or the evaluation
    /// was the best.
    fn evaluate_and_save(&mut self, evaluate: bool, save: bool) -> Result<()> {
        let mut save = save;
        if evaluate && self.evaluated != Some(self.step) && self.evaluate()? {
            save = true;
            if self.store.is_none() && self.trainer.config.restore_best {
                self.best_model = self.model.as_ref().map(Snapshot::of);
            }
        }
        if save { self.save() } else { Ok(()) }
    }

    /// Whether the evaluation is the best so far.
    fn evaluate(&mut self) -> Result<bool> {
        let (Some(evaluate), Some(model)) = (&mut self.evaluate_fn, &self.model) else {
            return Ok(false);
        };
        let context = EvaluationContext {
            step: self.step,
            epoch: self.epoch,
        };
        let found = evaluate(&model.valid(), &context)?;
        let improved = self.stopping.observe(self.step, found.metric);
        self.evaluated = Some(self.step);
        let record = EvaluationRecord {
            step: self.step,
            epoch: self.epoch,
            metric: found.metric,
            values: found.values,
            improved,
            seconds: self.began.elapsed().as_secs_f64(),
        };
        if let Some(metrics) = &mut self.metrics {
            metrics.write("evaluation", &record)?;
        }
        self.emit(&Event::Evaluated(&record));
        Ok(improved)
    }

    /// Writes a checkpoint unless there is one of this step: the weights would be the same, and a run
    /// resumed from it repeats what came after.
    fn save(&mut self) -> Result<()> {
        let (Some(store), Some(model)) = (&self.store, &self.model) else {
            return Ok(());
        };
        if self.saved == Some(self.step) {
            return Ok(());
        }
        let metrics_len = match &mut self.metrics {
            Some(metrics) => metrics.sync()?,
            None => 0,
        };
        let weights = if self.frozen.is_some() {
            Snapshot::of_selected(model, changes)
        } else {
            Snapshot::of(model)
        };
        let path = store.save(&Checkpoint {
            state: TrainState {
                step: self.step,
                epoch: self.epoch,
                seed: self.trainer.config.seed,
                sampler: self.batches.state(),
                best: self.stopping.best(),
                waited: self.stopping.waited(),
                evaluated: self.evaluated,
                non_finite: self.non_finite,
                non_finite_run: self.non_finite_run,
                window: self.window.read(),
                frozen: self.frozen.clone(),
                metrics_len,
            },
            model: weights,
            optimizer: self.trainer.optimizer.state(),
        })?;
        self.saved = Some(self.step);
        self.emit(&Event::CheckpointWritten {
            step: self.step,
            path: &path,
        });
        Ok(())
    }

    fn restore_best(&mut self) -> Result<()> {
        let Some(best) = self.stopping.best() else {
            return Ok(());
        };
        if best.step == self.step {
            return Ok(());
        }
        let weights = match (&self.store, self.best_model.take()) {
            (Some(store), _) => store.load_model(best.step)?,
            (None, Some(weights)) => weights,
            (None, None) => return Ok(()),
        };
        if let Some(model) = self.model.take() {
            self.model = Some(if self.frozen.is_some() {
                weights.apply_selected(model, changes)?
            } else {
                weights.apply(model)?
            });
        }
        Ok(())
    }

    fn emit(&mut self, event: &Event<'_>) {
        for observer in &mut self.trainer.observers {
            self.interrupted |= observer.event(event).is_break();
        }
    }
}
