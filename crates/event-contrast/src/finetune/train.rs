use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};
use plm_core::models::loss;
use plm_core::text::{BatchBy, LengthBuckets};
use plm_core::train::{Batches, Observer, StepContext, StepLoss, TrainReport, Trainer};

use super::batch::Prepared;
use super::{CandidateSet, EventClassifier, FineTuning};
use crate::error::to_core;
use crate::gin::Statistics;
use crate::{Error, Result};

/// Trains `model` on the classes of `set`. Candidates that do not fit into the encoder's length are
/// left out.
///
/// # Errors
/// Those of [`FineTuning::check`]; [`Error::Core`] where no candidate is left, one does not fit model or
/// sentence, one's text is longer than the model takes or has a token without a vector, graphs are
/// missing, and as the trainer gives them.
pub fn fine_tune(
    model: EventClassifier,
    set: CandidateSet<'_>,
    settings: &FineTuning,
    observer: Option<&mut dyn Observer>,
    device: &Device,
) -> Result<(EventClassifier, TrainReport)> {
    settings.check()?;
    let prepared = Prepared::new(&model, set)?;
    if prepared.usable.is_empty() {
        let reason = format!("none of {} fits the encoder's length", set.candidates.len());
        return Err(Error::invalid("candidates", reason));
    }
    let by = BatchBy::Count(settings.batch);
    let order = settings.seed.child("order");
    let mut batches = LengthBuckets::new(prepared.lengths(), by, order)?;
    let steps = Batches::len(&batches).div_ceil(settings.accumulation.max(1)) as u64;
    let config = settings.train_config(steps * settings.epochs);
    let mut trainer = Trainer::new(config, settings.optimizer())?;
    if let Some(observer) = observer {
        trainer = trainer.with_observer(observer);
    }
    let device = device.clone().inner().autodiff();
    let (model, report) = trainer.fit(
        model,
        &mut batches,
        |model: &EventClassifier, rows: Vec<usize>, context: &StepContext| {
            let logits = prepared
                .batch(model, &rows, &device)
                .and_then(|batch| model.forward(&batch, Statistics::Batch, context.dropout()))
                .map_err(to_core)?;
            let classes = rows.iter().map(|&row| {
                let candidate = &set.candidates[prepared.usable[row]];
                candidate.class as i64
            });
            let classes: Vec<i64> = classes.collect();
            let classes = Tensor::<1, Int>::from_data(classes.as_slice(), &device);
            Ok(StepLoss::new(
                loss::cross_entropy(logits, classes),
                rows.len() as f64,
            ))
        },
    )?;
    Ok((model.valid(), report))
}
