//! The training loop.

use std::cell::RefCell;

use plm_core::nn::DropoutContext;
use plm_core::text::{BatchBy, LengthBuckets};
use plm_core::train::{Batches, Evaluation, Observer, StepContext, StepLoss, TrainReport, Trainer};

use super::{FitSettings, Learner};
use crate::{Error, Result};

/// A figure of held-out data for a model on its plain device; larger is better.
pub type Score<'s, M> = dyn FnMut(&M) -> Result<f64> + 's;

/// Trains `model` on `examples` and returns it on its plain device.
///
/// With `score` the model with the best figure is returned; without, the last one. Examples without
/// targets have no loss and are left out of the batches.
///
/// # Errors
/// [`Error::Empty`] where no example has a target, those of [`FitSettings::check`] and
/// [`Learner::check`], and those of the model, the trainer and `score`. Rows in errors of the model are
/// counted within a batch.
pub fn fit<M: Learner>(
    model: M,
    examples: &[M::Example],
    settings: &FitSettings,
    score: Option<&mut Score<'_, M>>,
    observer: Option<&mut dyn Observer>,
) -> Result<(M, TrainReport)> {
    settings.check()?;
    let mut used: Vec<&M::Example> = Vec::with_capacity(examples.len());
    for (number, example) in examples.iter().enumerate() {
        model.check(number, example)?;
        if M::targets(example) > 0 {
            used.push(example);
        }
    }
    if used.is_empty() {
        return Err(Error::Empty {
            what: "training examples with a target",
            fix: "give some",
        });
    }
    let lengths = used.iter().map(|example| M::length(example)).collect();
    let by = BatchBy::Count(settings.batch_size);
    let mut batches = LengthBuckets::new(lengths, by, settings.seed.child("order"))?;
    let config = settings.train_config(Batches::len(&batches), score.is_some());
    let mut trainer = Trainer::new(config, settings.optimizer())?;
    if let Some(observer) = observer {
        trainer = trainer.with_observer(observer);
    }
    // The trainer speaks of plm-core's errors only: ours waits outside.
    let failed = RefCell::new(None);
    let keep = |error: Error| match error {
        Error::Core(error) => error,
        other => {
            let text = other.to_string();
            *failed.borrow_mut() = Some(other);
            plm_core::Error::invalid("training", text)
        }
    };
    let objective = settings.objective();
    let step = |model: &M, rows: Vec<usize>, context: &StepContext| {
        let own: Vec<&M::Example> = rows.iter().map(|&row| used[row]).collect();
        let dropout = DropoutContext {
            mode: context.dropout(),
            example_ids: Some(rows.iter().map(|&row| row as u64).collect()),
        };
        let loss = model.loss(&own, &objective, &dropout).map_err(&keep)?;
        Ok(StepLoss::new(loss.mean, loss.weight))
    };
    let result = match score {
        Some(score) => trainer.fit_evaluated(model, &mut batches, step, |model, _| {
            Ok(Evaluation::new(score(model).map_err(&keep)?))
        }),
        None => trainer.fit(model, &mut batches, step),
    };
    match (result, failed.into_inner()) {
        (Ok((model, report)), _) => Ok((model.valid(), report)),
        (Err(_), Some(error)) => Err(error),
        (Err(error), None) => Err(error.into()),
    }
}
