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
    /// Accuracy on the development set, scored as the test set is.
    pub(super) dev: f64,
}

/// One prompt for each task, tuned from words of the vocabulary.
pub(super) fn own_prompts(
    context: &Context,
    lab: &Lab,
    tasks: &[Prepared],
    seed: Seed,
) -> Result<Vec<Own>> {
    let tuned = lab.tuned_each(context, tasks, seed)?;
    tasks
        .iter()
        .zip(tuned)
        .map(|(task, tuned)| {
            let prompt = tuned.source.to_matrix();
            Ok(Own {
                score: lab.score_of(task, &prompt)?,
                dev: lab.score_on(&task.dev, &prompt)?,
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
    /// When it arrived.
    pub(super) steps: Steps,
    /// Accuracy on the test set.
    pub(super) score: f64,
    /// Scores on the development set while training.
    pub(super) curve: LearningCurve,
}

/// Optimizer steps of plain tuning and of tuning that began with another task's prompt.
#[derive(Debug, Clone, Copy)]
pub(super) struct Steps {
    /// Plain tuning, to its best score.
    pub(super) plain: u64,
    /// The other, to its own best score.
    pub(super) best: u64,
    /// The other, to plain tuning's best score; all its steps where it never scores as high.
    pub(super) level: u64,
}

impl Steps {
    fn new(plain: &LearningCurve, begun: &LearningCurve) -> Self {
        let goal = plain.best();
        let last = begun.points().last().copied();
        let level = begun.first_reaching(goal.score).or(last);
        Self {
            plain: goal.step,
            best: begun.best().step,
            level: level.map_or(0, |point| point.step),
        }
    }
}

/// Summed steps of plain tuning over summed steps of the other. A mean of ratios in their place is far
/// above 1 even where both take equally long.
pub(super) fn ratio(steps: &[Steps], of: impl Fn(&Steps) -> u64) -> Option<f64> {
    let plain: u64 = steps.iter().map(|steps| steps.plain).sum();
    let other: u64 = steps.iter().map(of).sum();
    (other > 0).then(|| plain as f64 / other as f64)
}

/// What the mean of ratios is where beginning with another prompt has no effect: over all pairs out of
/// the steps of both sides together.
pub(super) fn mean_ratio_by_chance(steps: &[Steps]) -> Option<f64> {
    let plain = steps.iter().map(|steps| steps.plain);
    let pool: Vec<u64> = plain.chain(steps.iter().map(|steps| steps.best)).collect();
    let ratios: Vec<f64> = (0..pool.len())
        .flat_map(|a| (0..pool.len()).map(move |b| (a, b)))
        .filter(|&(a, b)| a != b && pool[b] > 0)
        .map(|(a, b)| pool[a] as f64 / pool[b] as f64)
        .collect();
    (!ratios.is_empty()).then(|| ratios.iter().sum::<f64>() / ratios.len() as f64)
}

/// Pairs of tasks of one kind: the first two tasks of each of the first `limit` kinds that have two, as
/// target and source and the other way round.
pub(super) fn pairs(labels: &[TaskLabel], limit: usize) -> Vec<(usize, usize)> {
    let mut kinds: Vec<&str> = Vec::new();
    for label in labels {
        if !kinds.contains(&label.kind.as_str()) {
            kinds.push(&label.kind);
        }
    }
    let members = kinds.into_iter().map(|kind| -> Vec<usize> {
        let of_kind = (0..labels.len()).filter(|&place| labels[place].kind == kind);
        of_kind.collect()
    });
    let several = members.filter(|own| own.len() > 1).take(limit);
    several
        .flat_map(|own| [(own[0], own[1]), (own[1], own[0])])
        .collect()
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
                steps: Steps::new(&own[target].curve, &curve),
                score: lab.score_of(task, &prompt)?,
                curve,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use plm_prompt::CurvePoint;

    use super::*;

    fn curve(points: &[(u64, f64)]) -> LearningCurve {
        let points = points
            .iter()
            .map(|&(step, score)| CurvePoint { step, score });
        LearningCurve::new(points.collect()).unwrap()
    }

    #[test]
    fn steps_are_summed_before_they_are_divided() {
        let plain = curve(&[(5, 0.5), (10, 0.8), (15, 0.7)]);
        let better = Steps::new(&plain, &curve(&[(5, 0.8), (10, 0.9), (15, 0.9)]));
        assert_eq!((better.plain, better.best, better.level), (10, 10, 5));
        // Never as high: all of its steps count.
        let worse = Steps::new(&plain, &curve(&[(5, 0.7), (10, 0.6), (15, 0.6)]));
        assert_eq!((worse.plain, worse.best, worse.level), (10, 5, 15));
        let both = [better, worse];
        assert_eq!(ratio(&both, |steps| steps.best), Some(20.0 / 15.0));
        assert_eq!(ratio(&both, |steps| steps.level), Some(1.0));
        assert_eq!(ratio(&[], |steps| steps.best), None);
    }

    #[test]
    fn kinds_with_one_task_give_no_pair_and_take_no_place() {
        let kinds = [
            "alone", "a", "b", "a", "lonely", "c", "b", "c", "a", "d", "d",
        ];
        let labels: Vec<TaskLabel> = (kinds.iter().enumerate())
            .map(|(place, kind)| TaskLabel::new(format!("task {place}"), *kind))
            .collect();
        let expected = [(1, 3), (3, 1), (2, 6), (6, 2), (5, 7), (7, 5)];
        assert_eq!(pairs(&labels, 3), expected);
        assert_eq!(pairs(&labels, 9).len(), 8);
        assert!(pairs(&labels[..3], 3).is_empty());
    }

    #[test]
    fn a_mean_of_ratios_is_above_1_by_chance() {
        let steps = Steps {
            plain: 5,
            best: 20,
            level: 20,
        };
        // Pairs of 5 and 20 without those of a number with itself: 5/20 and 20/5.
        assert_eq!(mean_ratio_by_chance(&[steps]), Some((0.25 + 4.0) / 2.0));
        assert_eq!(mean_ratio_by_chance(&[]), None);
    }
}
