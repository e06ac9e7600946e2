//! The training loop.

mod saving;
mod stepping;
mod window;

use std::time::Instant;

use burn::module::Module;

use self::saving::changes;
use self::window::Window;

use super::batches::Batches;
use super::config::{Every, Until};
use super::journal::MetricsWriter;
use super::observer::{EvaluationRecord, Event, LogRecord, StepRecord};
use super::patience::EarlyStopping;
use super::report::{StopReason, TrainReport};
use super::snapshot::{Snapshot, checksum};
use super::step::EvaluationContext;
use super::store::CheckpointStore;
use super::trainer::{BackwardRef, EvaluateFn, Trainer};
use crate::{Error, Result};

/// A run under way. `model` is there whenever no optimizer step is being made.
pub(super) struct Run<'r, 'o, M: Module, B: Batches> {
    trainer: &'r mut Trainer<'o>,
    model: Option<M>,
    batches: &'r mut B,
    backward: BackwardRef<'r, M, B::Batch>,
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

impl<'r, 'o, M: Module, B: Batches> Run<'r, 'o, M, B> {
    pub(super) fn start(
        trainer: &'r mut Trainer<'o>,
        model: M,
        batches: &'r mut B,
        backward: BackwardRef<'r, M, B::Batch>,
        evaluate_fn: Option<EvaluateFn<'r, M>>,
    ) -> Result<Self> {
        let config = &trainer.config;
        let store = match &config.checkpoint {
            Some(settings) => Some(CheckpointStore::open(&settings.dir, settings.keep_last)?),
            None => None,
        };
        let frozen = match &config.checkpoint {
            Some(settings) if !settings.frozen => Some(checksum(&model, |info| !changes(info))),
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
            backward,
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
                    // Before the first step it is the end of an epoch that an earlier run has used up.
                    if self.step > 0 {
                        self.settle(false, true)?;
                    }
                }
            }
        }
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

    fn emit(&mut self, event: &Event<'_>) {
        for observer in &mut self.trainer.observers {
            self.interrupted |= observer.event(event).is_break();
        }
    }
}
