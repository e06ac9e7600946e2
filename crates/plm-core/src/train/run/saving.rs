//! Going on from a checkpoint, writing one, going back to the best.

use burn::module::Module;

use super::Run;
use crate::train::batches::Batches;
use crate::train::observer::Event;
use crate::train::params::ParamInfo;
use crate::train::snapshot::Snapshot;
use crate::train::state::TrainState;
use crate::train::store::Checkpoint;
use crate::{Error, Result};

/// Whether a parameter belongs into a checkpoint without frozen ones.
pub(super) fn changes(info: &ParamInfo<'_>) -> bool {
    info.trainable || info.is_running_statistic()
}

impl<M: Module, B: Batches> Run<'_, '_, M, B> {
    /// Goes to the newest checkpoint, if there is one. Returns how much of the metrics file counts: all
    /// of it where no checkpoints are kept, for no step is repeated then.
    pub(super) fn resume(&mut self) -> Result<u64> {
        let (Some(store), Some(settings)) = (&self.store, &self.trainer.config.checkpoint) else {
            return Ok(u64::MAX);
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

    /// Writes a checkpoint unless there is one of this step: the weights would be the same, and a run
    /// resumed from it repeats what came after.
    pub(super) fn save(&mut self) -> Result<()> {
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

    /// Puts the parameters of the best evaluation into the model.
    pub(super) fn restore_best(&mut self) -> Result<()> {
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
}
