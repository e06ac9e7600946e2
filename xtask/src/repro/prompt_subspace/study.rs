//! All of one seed, and what is reported of several.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use plm_core::rng::Seed;
use plm_prompt::{PromptMatrix, Task, TaskLabel};

use super::parts::{split, unmet};
use super::search::{self, Recipe};
use crate::repro::Context;
use crate::repro::prompt::lab::{Lab, Prepared};

/// What is run.
pub(super) struct Plan {
    pub(super) recipe: Recipe,
    /// Tasks that the search does not see.
    pub(super) unseen: usize,
    /// Seen tasks that are tuned inside the subspace.
    pub(super) seen: usize,
    /// Runs inside the subspace for each unseen task.
    pub(super) runs: usize,
    /// Runs of the first unseen task inside the first seed's subspace of [`BASELINE`] dimensions, so that
    /// there is something to measure stability on where the others run once.
    pub(super) repeated: usize,
}

/// Scores of tasks, one list for each way of getting a prompt.
#[derive(Default)]
pub(super) struct Scores {
    pub(super) labels: Vec<TaskLabel>,
    pub(super) majority: Vec<f64>,
    pub(super) tuned: Vec<f64>,
    /// By dimensions: prompts through the auto-encoder.
    pub(super) rebuilt: BTreeMap<usize, Vec<f64>>,
    /// By dimensions: a point tuned inside the subspace, mean of as many runs as all tasks have.
    pub(super) inside: BTreeMap<usize, Vec<f64>>,
    /// By dimensions: all runs.
    pub(super) runs: BTreeMap<usize, Vec<Vec<f64>>>,
    /// By dimensions: inside the subspace of a decoder with random weights.
    pub(super) random: BTreeMap<usize, Vec<f64>>,
    /// By dimensions: inside a Fastfood subspace.
    pub(super) fastfood: BTreeMap<usize, Vec<f64>>,
    /// By dimensions: the prompt in the middle of the found subspace, which nobody tuned.
    pub(super) center: BTreeMap<usize, Vec<f64>>,
    /// Prompts of the seen tasks of the same kind, unchanged: the mean of their scores.
    pub(super) same_kind: Vec<f64>,
}

/// Dimensions of the claims about recovered gain.
pub(super) const BASELINE: usize = 10;

/// The fewest dimensions: where there are many, any space will do on tasks as easy as these.
pub(super) const NARROW: usize = 2;

/// All of one seed.
pub(super) struct Run {
    /// Tasks that the search saw, on its own examples.
    pub(super) seen: Scores,
    /// The same tasks with other examples.
    pub(super) redrawn: Scores,
    /// Tasks that the search did not see.
    pub(super) unseen: Scores,
}

/// Dimensions of the curve, which the first seed draws whole.
const CURVE: [usize; 5] = [NARROW, 5, BASELINE, 50, 100];

/// Dimensions of the claims, which are checked with every seed; a random subspace is compared with a found
/// one at each of them.
const CLAIMS: [usize; 2] = [NARROW, BASELINE];

/// Runs the study with every seed; `tasks` gives the tasks of one, other seeds the same tasks with other
/// examples.
pub(super) fn over_seeds(
    context: &Context,
    lab: &Lab,
    plan: &Plan,
    mut tasks: impl FnMut(u64) -> Result<Vec<Task>>,
) -> Result<Vec<Run>> {
    let mut runs = Vec::new();
    for (number, &seed) in context.seeds.iter().enumerate() {
        let first = number == 0;
        let own = tasks(seed)?;
        let seed = Seed::new(seed);
        let others = tasks(seed.child("other examples").value())?;
        runs.push(run(context, lab, [&own, &others], plan, first, seed)?);
    }
    Ok(runs)
}

/// Tunes a prompt for every task, finds subspaces, and tunes inside them: of all dimensions with the
/// `first` seed. `others` are the same tasks as `tasks` with other examples.
fn run(
    context: &Context,
    lab: &Lab,
    [tasks, others]: [&[Task]; 2],
    plan: &Plan,
    first: bool,
    seed: Seed,
) -> Result<Run> {
    let dimensions: &[usize] = if first { &CURVE } else { &CLAIMS };
    let prepared: Vec<Prepared> = tasks
        .iter()
        .map(|task| lab.prepare(task))
        .collect::<Result<_>>()?;
    let prompts = own_prompts(context, lab, &prepared, seed)?;
    let (seen, unseen) = split(&prepared, plan.unseen, seed);
    ensure!(
        !seen.is_empty(),
        "no task is left to search a subspace with"
    );
    let pick = |places: &[usize]| -> Vec<&Prepared> {
        places.iter().map(|&place| &prepared[place]).collect()
    };
    let own = |places: &[usize]| -> Vec<PromptMatrix> {
        places.iter().map(|&place| prompts[place].clone()).collect()
    };
    let few: Vec<usize> = seen
        .iter()
        .copied()
        .step_by(seen.len().div_ceil(plan.seen.max(1)).max(1))
        .collect();
    // The paper's figure on seen tasks is one of examples that the search had not.
    let redrawn: Vec<Prepared> = few
        .iter()
        .map(|&place| {
            let name = &prepared[place].label.name;
            let task = others.iter().find(|task| task.name == *name);
            let task = task.with_context(|| format!("no other examples of `{name}`"))?;
            lab.prepare(&unmet(task, &tasks[place])?)
        })
        .collect::<Result<_>>()?;
    let anew: Vec<&Prepared> = redrawn.iter().collect();
    let mut run = Run {
        seen: known(lab, &pick(&few), &own(&few))?,
        redrawn: known(lab, &anew, &own_prompts(context, lab, &redrawn, seed)?)?,
        unseen: known(lab, &pick(&unseen), &own(&unseen))?,
    };
    for task in pick(&unseen) {
        let same = (seen.iter().copied())
            .filter(|&place| prepared[place].label.kind == task.label.kind)
            .map(|place| lab.score_of(task, &prompts[place]))
            .collect::<Result<Vec<f64>>>()?;
        run.unseen.same_kind.push(mean(&same));
    }
    for &size in dimensions {
        let tasks = pick(&seen);
        let recipe = &plan.recipe;
        let found = search::find(context, lab, &tasks, &own(&seen), size, recipe, seed)?;
        // Seen tasks are tuned inside where the claims are.
        let once = usize::from(size == BASELINE);
        for (places, scores) in [(&few, &mut run.seen), (&unseen, &mut run.unseen)] {
            let back = found.reconstruct(&own(places))?;
            let rebuilt = (pick(places).iter().zip(&back))
                .map(|(task, prompt)| lab.score_of(task, prompt))
                .collect::<Result<_>>()?;
            scores.rebuilt.insert(size, rebuilt);
        }
        let center = search::center(&found.decoder)?;
        let scores = (pick(&unseen).iter())
            .map(|task| lab.score_of(task, &center))
            .collect::<Result<_>>()?;
        run.unseen.center.insert(size, scores);
        let more = if first && size == BASELINE {
            plan.repeated.saturating_sub(plan.runs)
        } else {
            0
        };
        let total = (2 * few.len() * once + unseen.len() * plan.runs + more) as u64;
        let bar = context.progress.bar(total, &format!("inside {size}"));
        for (tasks, scores, runs, more) in [
            (pick(&few), &mut run.seen, once, 0),
            (anew.clone(), &mut run.redrawn, once, 0),
            (pick(&unseen), &mut run.unseen, plan.runs, more),
        ] {
            if runs == 0 {
                continue;
            }
            let all = (tasks.iter().enumerate())
                .map(|(place, task)| {
                    let own = seed.child(&task.label.name);
                    let attempt = |number| {
                        bar.inc(1);
                        search::inside(lab, task, &found.decoder, recipe, own.at(number))
                    };
                    let runs = if place == 0 { runs + more } else { runs };
                    (0..runs as u64).map(attempt).collect()
                })
                .collect::<Result<Vec<Vec<f64>>>>()?;
            // Runs that one task has more are none of its mean.
            let means = all.iter().map(|all| mean(&all[..runs])).collect();
            scores.inside.insert(size, means);
            scores.runs.insert(size, all);
        }
    }
    let bar = context
        .progress
        .bar(2 * unseen.len() as u64, "random subspaces");
    for size in CLAIMS {
        let (mut random, mut fastfood) = (Vec::new(), Vec::new());
        for task in pick(&unseen) {
            let own = seed.child(&task.label.name);
            let recipe = &plan.recipe;
            random.push(search::random_decoder(lab, task, size, recipe, own)?);
            fastfood.push(search::fastfood(lab, task, size, recipe, own)?);
            bar.inc(1);
        }
        run.unseen.random.insert(size, random);
        run.unseen.fastfood.insert(size, fastfood);
    }
    Ok(run)
}

/// A prompt for each of `tasks`, tuned from words of the vocabulary.
fn own_prompts(
    context: &Context,
    lab: &Lab,
    tasks: &[Prepared],
    seed: Seed,
) -> Result<Vec<PromptMatrix>> {
    let tuned = lab.tuned_each(context, tasks, seed)?;
    Ok(tuned.iter().map(|one| one.source.to_matrix()).collect())
}

/// Scores of the most frequent class and of the tasks' own prompts.
fn known(lab: &Lab, tasks: &[&Prepared], prompts: &[PromptMatrix]) -> Result<Scores> {
    let tuned = tasks
        .iter()
        .zip(prompts)
        .map(|(task, prompt)| lab.score_of(task, prompt))
        .collect::<Result<_>>()?;
    Ok(Scores {
        labels: tasks.iter().map(|task| task.label.clone()).collect(),
        majority: tasks
            .iter()
            .map(|task| lab.majority(task))
            .collect::<Result<_>>()?,
        tuned,
        ..Scores::default()
    })
}

/// The mean of `values`.
pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
