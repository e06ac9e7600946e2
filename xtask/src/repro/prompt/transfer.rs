//! Prompts of some tasks on other tasks: unchanged, and as a beginning.

use anyhow::{Context as _, Result};
use plm_core::nn::init::uniform;
use plm_core::rng::Seed;
use plm_prompt::model::PromptModel;
use plm_prompt::{LearningCurve, PromptMatrix, SpeedUp, TaskLabel, TransferMatrix};

use super::lab::{Lab, Prepared};
use crate::repro::Context;

/// A task's own prompt.
pub(super) struct Own {
    /// The trained prompt.
    pub(super) prompt: PromptMatrix,
    /// Scores on the development set while training.
    pub(super) curve: LearningCurve,
    /// Accuracy on the test set.
    pub(super) score: f64,
}

/// One prompt for each task, tuned from words of the vocabulary.
pub(super) fn own_prompts(
    context: &Context,
    lab: &Lab,
    tasks: &[Prepared],
    seed: Seed,
) -> Result<Vec<Own>> {
    let label = format!("prompts, seed {}", seed.value());
    let bar = context.progress.bar(tasks.len() as u64, &label);
    // All tasks begin alike, so that what tells their prompts apart comes from the tasks.
    let start = lab.start(seed)?;
    tasks
        .iter()
        .map(|task| {
            let own = seed.child(&task.label.name);
            let tuned = lab.tuned(task, &start, own, &bar)?;
            let prompt = tuned.source.to_matrix();
            Ok(Own {
                score: lab.score_of(task, &prompt)?,
                curve: LearningCurve::new(tuned.curve)?,
                prompt,
            })
        })
        .collect()
}

/// The scores of every task with every task's prompt, and with a random one of entries in `[0, 1)`,
/// as in the authors' script.
pub(super) fn matrix(
    context: &Context,
    lab: &Lab,
    tasks: &[Prepared],
    own: &[Own],
    seed: Seed,
) -> Result<TransferMatrix> {
    let bar = context.progress.bar(tasks.len() as u64, "transfer");
    let (slots, width) = (lab.recipe.slots, lab.model.width());
    let values = uniform(seed, "random prompt", slots * width, 0.5);
    let values = values.into_iter().map(|value| value + 0.5).collect();
    let random = PromptMatrix::new(slots, width, values)?;
    let mut scores = Vec::new();
    let mut unskilled = Vec::new();
    for task in tasks {
        let row = own.iter().map(|source| lab.score_of(task, &source.prompt));
        scores.push(row.collect::<Result<Vec<f64>>>()?);
        unskilled.push(lab.score_of(task, &random)?);
        bar.inc(1);
    }
    let labels = tasks.iter().map(|task| task.label.clone()).collect();
    Ok(TransferMatrix::new(labels, scores, Some(unskilled))?)
}

/// Training that began with another task's prompt.
pub(super) struct Begun {
    /// Place of the target task.
    pub(super) target: usize,
    /// Place of the task whose prompt it began with.
    pub(super) source: usize,
    /// How much sooner it arrived.
    pub(super) speed_up: SpeedUp,
    /// Accuracy on the test set.
    pub(super) score: f64,
    /// Scores on the development set while training.
    pub(super) curve: LearningCurve,
}

/// Pairs of tasks of one kind: each task with the next one of its kind, round and round, at most
/// `limit` kinds and two pairs a kind.
pub(super) fn pairs(labels: &[TaskLabel], limit: usize) -> Vec<(usize, usize)> {
    let mut kinds: Vec<&str> = labels.iter().map(|label| label.kind.as_str()).collect();
    kinds.dedup();
    let mut pairs = Vec::new();
    for kind in kinds.into_iter().take(limit) {
        let own: Vec<usize> = (0..labels.len())
            .filter(|&place| labels[place].kind == kind)
            .collect();
        if own.len() > 1 {
            pairs.push((own[0], own[1]));
            pairs.push((own[1], own[0]));
        }
    }
    pairs
}

/// Tunes the target of each pair from its source's prompt on, with the target's own seed.
pub(super) fn begun(
    context: &Context,
    lab: &Lab,
    tasks: &[Prepared],
    own: &[Own],
    pairs: &[(usize, usize)],
    seed: Seed,
) -> Result<Vec<Begun>> {
    let bar = context
        .progress
        .bar(pairs.len() as u64, "begun with a prompt");
    pairs
        .iter()
        .map(|&(target, source)| {
            let task = &tasks[target];
            let seed = seed.child(&task.label.name);
            let tuned = lab.tuned(task, &own[source].prompt, seed, &bar)?;
            let prompt = tuned.source.to_matrix();
            let curve = LearningCurve::new(tuned.curve).context("no evaluation")?;
            Ok(Begun {
                target,
                source,
                speed_up: SpeedUp::new(&own[target].curve, &curve),
                score: lab.score_of(task, &prompt)?,
                curve,
            })
        })
        .collect()
}
