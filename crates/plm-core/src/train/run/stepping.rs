//! One optimizer step.

use burn::module::Module;

use super::Run;
use crate::train::batches::Batches;
use crate::train::config::NonFinite;
use crate::train::gradients::Gradients;
use crate::train::observer::{Event, StepRecord};
use crate::train::step::{StepContext, StepLoss};
use crate::{Error, Result};

impl<M: Module, B: Batches> Run<'_, '_, M, B> {
    /// One optimizer step that begins with `first`; whether the epoch ended within it.
    pub(super) fn optimizer_step(&mut self, first: B::Batch) -> Result<bool> {
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
}
