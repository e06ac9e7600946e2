//! One optimizer step.

use burn::module::Module;

use super::Run;
use crate::train::batches::Batches;
use crate::train::config::NonFinite;
use crate::train::gradients::Gradients;
use crate::train::observer::{Event, StepRecord};
use crate::train::passes::Passes;
use crate::train::step::StepContext;
use crate::{Error, Result};

impl<M: Module, B: Batches> Run<'_, '_, M, B> {
    /// One optimizer step that begins with `first`; whether the epoch ended within it.
    pub(super) fn optimizer_step(&mut self, first: B::Batch) -> Result<bool> {
        let config = &self.trainer.config;
        let accumulation = config.accumulation;
        let factor = config.schedule.factor(self.step);
        let seed = config.seed.at(self.step);
        let model = self.model.take().expect("no step is being made");
        let mut ended = false;
        let mut first = Some(first);
        let mut micros = 0..accumulation;
        let mut next = || {
            let Some(micro) = micros.next() else {
                return Ok(None);
            };
            let batch = match first.take() {
                Some(batch) => Some(batch),
                None => self.batches.next_batch()?,
            };
            let Some(batch) = batch else {
                ended = true;
                micros = 0..0;
                return Ok(None);
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
            Ok(Some((batch, context)))
        };
        let mut passes = self.backward.run(&model, &mut next)?;
        passes.average(accumulation);
        let Passes {
            mut gradients,
            losses,
            ..
        } = passes;
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
            let first = gradients.first_non_finite().unwrap_or("their sum");
            return Err(Error::NotFiniteGradients {
                step: self.step,
                first: first.to_owned(),
                in_a_row: self.non_finite_run,
                limit,
            });
        }
        Ok((Some(norm), false))
    }
}
