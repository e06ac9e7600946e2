//! Prompt tuning on classification tasks.

use burn::tensor::Tensor;
use plm_core::kernel;
use plm_core::train::Observer;

use super::evaluate::mean_accuracy;
use super::learn::{Score, learn};
use super::{TuneSettings, Tuned};
use crate::Result;
use crate::mixed::Mixed;
use crate::model::{Pass, PromptModel};
use crate::source::PromptSource;
use crate::task_set::{SetBatch, TaskSet};

/// Trains `source` so that `model`, which stays as it is, answers the examples of `training` with
/// their label words.
///
/// The loss is the cross-entropy of the softmax over the label words only (Su et al. 2022). Scored is
/// the mean accuracy of the tasks of `dev`; the best evaluation's source is returned, the first of
/// equals. `dev` must number its tasks as `training` does.
///
/// # Errors
/// [`Error::Setting`](crate::Error::Setting), [`Error::Width`](crate::Error::Width),
/// [`Error::NoSlot`](crate::Error::NoSlot), [`Error::TooLong`](crate::Error::TooLong) where settings,
/// prompts, texts and model do not fit together; [`Error::Core`](crate::Error::Core) where training
/// fails, above all where a gradient is not finite.
pub fn tune<M: PromptModel, S: PromptSource>(
    model: &M,
    source: S,
    training: &TaskSet,
    dev: Option<&TaskSet>,
    settings: &TuneSettings,
    observer: Option<&mut dyn Observer>,
) -> Result<Tuned<S>> {
    for set in [Some(training), dev].into_iter().flatten() {
        check(model, &source, set)?;
    }
    let tracked = model.tracked();
    let device = tracked.device();
    let mut evaluate = dev
        .map(|dev| move |source: &S| mean_accuracy(model, source, dev, settings.evaluation_batch));
    learn(
        source,
        training.lengths(),
        settings,
        observer,
        |source, rows, context| {
            let batch = training.batch(rows, &device)?;
            let Mixed { tasks, counts, .. } = &batch.mixed;
            let objective = source.objective(tasks, counts, context.dropout());
            objective.total(|prompts| {
                let pass = Pass {
                    dropout: settings.dropout_mode(context).into(),
                    ..Pass::default()
                };
                let scores = scores(&tracked, prompts, training, &batch, &pass);
                let targets = batch.targets.clone();
                let mean = kernel::cross_entropy(scores, targets, None, settings.label_smoothing);
                settings.reduction.of(mean, rows.len())
            })
        },
        evaluate.as_mut().map(|evaluate| evaluate as Score<'_, S>),
    )
}

/// Scores of the label words of all tasks for a batch, `[batch, words]`; words that an example may not
/// choose are far below the others.
pub(super) fn scores<M: PromptModel>(
    model: &M,
    prompts: Tensor<3>,
    set: &TaskSet,
    batch: &SetBatch,
    pass: &Pass,
) -> Tensor<2> {
    let prompts = batch.mixed.spread(prompts);
    let words = set.words(&batch.targets.device());
    let scores = model.answer_scores(prompts, &batch.text, words, pass);
    match &batch.excluded {
        Some(excluded) => scores + excluded.clone(),
        None => scores,
    }
}

/// Refuses a source whose prompts the model cannot read before the texts of `set`.
pub(super) fn check<M: PromptModel, S: PromptSource>(
    model: &M,
    source: &S,
    set: &TaskSet,
) -> Result<()> {
    let first = set.task(0);
    let [_, slots, width] = source.prompts(&[first]).dims();
    model.check(slots, width, set.longest())
}
