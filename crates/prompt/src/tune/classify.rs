//! Prompt tuning on classification tasks.

use burn::tensor::Tensor;
use burn::tensor::activation::log_softmax;
use plm_core::check::{SizeError, same_size};
use plm_core::kernel;
use plm_core::train::Observer;

use super::evaluate::mean_accuracy;
use super::learn::{Score, learn};
use super::{TuneSettings, Tuned};
use crate::mixed::Mixed;
use crate::model::{Pass, PromptModel};
use crate::source::PromptSource;
use crate::task_set::{SetBatch, TaskSet};
use crate::{Error, Result};

/// Trains `source` so that `model`, which stays as it is, answers the examples of `training` with
/// their label words.
///
/// The loss is the cross-entropy of the softmax over the words that an example chooses among only (Su
/// et al. 2022); smoothing spreads over these too. Scored is the mean accuracy of the tasks of `dev`;
/// the best evaluation's source is returned, the first of equals.
///
/// # Errors
/// [`Error::Setting`], [`Error::Width`], [`Error::NoSlot`], [`Error::TooLong`], [`Error::NumberType`]
/// where settings, prompts, texts and model do not fit together; [`Error::UnknownToken`] for texts,
/// padding or label words of another vocabulary than the model's; [`Error::Size`] where the source has
/// fewer prompts than there are tasks; [`Error::Size`] or [`Error::TaskOrder`] where `dev` has other tasks
/// than `training` or in another order; [`Error::Core`] where training fails, above all where a gradient
/// is not finite; [`Error::NotFinite`] for scores on `dev` that are not numbers.
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
    if let Some(dev) = dev {
        same_names(dev.names(), training.names())?;
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
                let mean = loss(scores, &batch, settings.label_smoothing);
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
    match &batch.own {
        Some(own) => scores + own.excluded.clone(),
        None => scores,
    }
}

/// The mean cross-entropy of the examples' words, `[1]`; `smoothing` of the target's probability is
/// spread over the words that an example chooses among.
fn loss(scores: Tensor<2>, batch: &SetBatch, smoothing: f64) -> Tensor<1> {
    let targets = batch.targets.clone();
    match &batch.own {
        Some(own) if smoothing > 0.0 => {
            let log_probs = log_softmax(scores, 1);
            let hit = log_probs.clone().gather(1, targets.unsqueeze_dim(1));
            let spread = (log_probs * own.shares.clone()).sum_dim(1);
            -(hit * (1.0 - smoothing) + spread * smoothing).mean()
        }
        _ => kernel::cross_entropy(scores, targets, None, smoothing),
    }
}

/// Refuses a source that has not a prompt for every task of `set`, or whose prompts the model cannot
/// read before its texts, and texts of another vocabulary than the model's.
pub(super) fn check<M: PromptModel, S: PromptSource>(
    model: &M,
    source: &S,
    set: &TaskSet,
) -> Result<()> {
    enough_prompts(source, set.prompts())?;
    check_prompt(model, source, set.task(0), set.widest()?)?;
    set.check_vocabulary(model.words().dims()[0])
}

/// Refuses a source whose prompt for `task` the model cannot read before texts of up to `tokens` tokens;
/// the number of its slots.
pub(super) fn check_prompt<M: PromptModel, S: PromptSource>(
    model: &M,
    source: &S,
    task: usize,
    tokens: usize,
) -> Result<usize> {
    let prompts = source.prompts(&[task]);
    let [_, slots, width] = prompts.dims();
    model.check(slots, width, tokens)?;
    let (prompt, model) = (prompts.dtype(), model.words().dtype());
    // Rows of a quantized table become floats when they are read.
    if model.is_float() && prompt != model {
        return Err(Error::NumberType { prompt, model });
    }
    Ok(slots)
}

/// Refuses a source with fewer than `needed` prompts.
pub(super) fn enough_prompts<S: PromptSource>(source: &S, needed: usize) -> Result<()> {
    match source.tasks() {
        Some(found) if found < needed => {
            let what = "prompts of the source";
            Err(Error::Size(SizeError::new(what, found, needed)))
        }
        _ => Ok(()),
    }
}

/// The development set's tasks are those of the training set, in the same order.
fn same_names(found: &[String], expected: &[String]) -> Result<()> {
    same_size("tasks of the development set", found.len(), expected.len())?;
    let mut pairs = found.iter().zip(expected).enumerate();
    match pairs.find(|(_, (found, expected))| found != expected) {
        Some((index, (found, expected))) => Err(Error::TaskOrder {
            what: "the development set",
            index,
            found: found.clone(),
            expected: expected.clone(),
        }),
        None => Ok(()),
    }
}
