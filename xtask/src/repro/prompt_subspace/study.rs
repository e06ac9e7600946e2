//! All of one seed, and what is reported of several.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use plm_core::rng::Seed;
use plm_prompt::intrinsic::{gain_recovery, relative_performance, stability};
use plm_prompt::{PromptMatrix, Task, TaskLabel};
use rand::seq::SliceRandom;

use super::search::{self, Recipe};
use crate::report::{Plot, Series};
use crate::repro::prompt::lab::{Lab, Prepared};
use crate::repro::{Check, Context, Op, Outcome, Row, Table};

/// What is run.
pub(super) struct Plan {
    pub(super) recipe: Recipe,
    /// Tasks that the search does not see.
    pub(super) unseen: usize,
    /// Seen tasks that are tuned inside the subspace.
    pub(super) seen: usize,
    /// Runs inside the subspace for each unseen task.
    pub(super) runs: usize,
}

/// Scores of tasks, one list for each way of getting a prompt.
#[derive(Default)]
pub(super) struct Scores {
    pub(super) labels: Vec<TaskLabel>,
    pub(super) majority: Vec<f64>,
    pub(super) tuned: Vec<f64>,
    /// By dimensions: prompts through the auto-encoder.
    pub(super) rebuilt: BTreeMap<usize, Vec<f64>>,
    /// By dimensions: a point tuned inside the subspace, mean of its runs.
    pub(super) inside: BTreeMap<usize, Vec<f64>>,
    /// By dimensions: all runs.
    pub(super) runs: BTreeMap<usize, Vec<Vec<f64>>>,
    /// By dimensions: inside the subspace of a decoder with random weights.
    pub(super) random: BTreeMap<usize, Vec<f64>>,
    /// By dimensions: inside a Fastfood subspace.
    pub(super) fastfood: BTreeMap<usize, Vec<f64>>,
}

/// Dimensions of the claims about recovered gain.
pub(super) const BASELINE: usize = 10;

/// Dimensions at which a random subspace is compared with a found one: where there are many, any space
/// will do on tasks as easy as these.
pub(super) const NARROW: usize = 2;

/// All of one seed.
pub(super) struct Run {
    pub(super) seen: Scores,
    pub(super) unseen: Scores,
}

/// Dimensions of the curve, which the first seed draws whole.
const CURVE: [usize; 5] = [NARROW, 5, BASELINE, 50, 100];

/// Dimensions of the claims, which are checked with every seed.
const CLAIMS: [usize; 2] = [NARROW, BASELINE];

/// Runs the study with every seed; `tasks` gives the tasks of one.
pub(super) fn over_seeds(
    context: &Context,
    lab: &Lab,
    plan: &Plan,
    mut tasks: impl FnMut(u64) -> Result<Vec<Task>>,
) -> Result<Vec<Run>> {
    let mut runs = Vec::new();
    for (number, &seed) in context.seeds.iter().enumerate() {
        let dimensions: &[usize] = if number == 0 { &CURVE } else { &CLAIMS };
        let tasks = tasks(seed)?;
        runs.push(run(
            context,
            lab,
            &tasks,
            plan,
            dimensions,
            Seed::new(seed),
        )?);
    }
    Ok(runs)
}

/// Tunes a prompt for every task, finds subspaces, and tunes inside them.
fn run(
    context: &Context,
    lab: &Lab,
    tasks: &[Task],
    plan: &Plan,
    dimensions: &[usize],
    seed: Seed,
) -> Result<Run> {
    let prepared: Vec<Prepared> = tasks
        .iter()
        .map(|task| lab.prepare(task))
        .collect::<Result<_>>()?;
    let label = format!("prompts, seed {}", seed.value());
    let bar = context.progress.bar(prepared.len() as u64, &label);
    let start = lab.start(seed)?;
    let mut prompts = Vec::new();
    for task in &prepared {
        let own = seed.child(&task.label.name);
        let tuned = lab.tuned(task, &start, own, &bar)?;
        prompts.push(tuned.source.to_matrix());
    }
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
    let mut run = Run {
        seen: known(lab, &pick(&few), &own(&few))?,
        unseen: known(lab, &pick(&unseen), &own(&unseen))?,
    };
    for &size in dimensions {
        let tasks = pick(&seen);
        let recipe = &plan.recipe;
        let found = search::find(context, lab, &tasks, &own(&seen), size, recipe, seed)?;
        // Seen tasks are tuned inside where the claims are.
        let once = usize::from(size == BASELINE);
        let total = (few.len() * once + unseen.len() * plan.runs) as u64;
        let bar = context.progress.bar(total, &format!("inside {size}"));
        for (places, scores, runs) in [
            (&few, &mut run.seen, once),
            (&unseen, &mut run.unseen, plan.runs),
        ] {
            let back = found.reconstruct(&own(places))?;
            let tasks = pick(places);
            let rebuilt = tasks
                .iter()
                .zip(&back)
                .map(|(task, prompt)| lab.score_of(task, prompt))
                .collect::<Result<_>>()?;
            scores.rebuilt.insert(size, rebuilt);
            if runs == 0 {
                continue;
            }
            let mut all = Vec::new();
            for task in tasks {
                let own = seed.child(&task.label.name);
                let scores = (0..runs as u64)
                    .map(|number| {
                        bar.inc(1);
                        search::inside(lab, task, &found.decoder, recipe, own.at(number))
                    })
                    .collect::<Result<Vec<f64>>>()?;
                all.push(scores);
            }
            scores
                .inside
                .insert(size, all.iter().map(|runs| mean(runs)).collect());
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
            if size == NARROW {
                fastfood.push(search::fastfood(lab, task, size, recipe, own)?);
            }
            bar.inc(1);
        }
        run.unseen.random.insert(size, random);
        if !fastfood.is_empty() {
            run.unseen.fastfood.insert(size, fastfood);
        }
    }
    Ok(run)
}

/// Places of seen and unseen tasks: of shuffled kinds one task each is unseen, up to `count`; a kind
/// keeps at least one task.
fn split(tasks: &[Prepared], count: usize, seed: Seed) -> (Vec<usize>, Vec<usize>) {
    let mut order: Vec<usize> = (0..tasks.len()).collect();
    order.shuffle(&mut seed.stream("unseen tasks"));
    let mut unseen: Vec<usize> = Vec::new();
    for &place in &order {
        let kind = &tasks[place].label.kind;
        let taken = unseen.iter().any(|&other| tasks[other].label.kind == *kind);
        let members = tasks.iter().filter(|task| task.label.kind == *kind).count();
        if unseen.len() < count && !taken && members > 1 {
            unseen.push(place);
        }
    }
    unseen.sort_unstable();
    let seen = (0..tasks.len()).filter(|place| !unseen.contains(place));
    (seen.collect(), unseen)
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
        majority: tasks.iter().map(|task| task.test.majority()[0]).collect(),
        tuned,
        ..Scores::default()
    })
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Relative performance, and the recovered share of the mean gain over the most frequent class: a mean of
/// shares would rest on the tasks that gain least.
fn against(scores: &Scores, method: &[f64]) -> Result<(f64, f64)> {
    let relative = relative_performance(method, &scores.tuned)?;
    let relative = relative
        .mean
        .context("no task has a score to compare with")?;
    let majority = [mean(&scores.majority)];
    let recovery = gain_recovery(&[mean(method)], &[mean(&scores.tuned)], &majority)?;
    let recovery = recovery.mean.context("prompt tuning gains nothing")?;
    Ok((relative, recovery))
}

/// Lists of scores by dimensions.
type BySize = fn(&Scores) -> &BTreeMap<usize, Vec<f64>>;
/// Seen or unseen tasks.
type Side = fn(&Run) -> &Scores;

/// Adds figures, tables and pictures.
pub(super) fn report(name: &str, runs: &[Run], outcome: &mut Outcome) -> Result<()> {
    let sides: [(&str, Side); 2] = [("seen", |run| &run.seen), ("unseen", |run| &run.unseen)];
    let mut curves = Vec::new();
    for (side, pick) in sides {
        let own: Vec<f64> = runs.iter().map(|run| mean(&pick(run).tuned)).collect();
        let id = format!("{name}.{side}.prompt_tuning");
        outcome
            .rows
            .push(Row::over_seeds(id, "mean accuracy", &own));
        let majority: Vec<f64> = runs.iter().map(|run| mean(&pick(run).majority)).collect();
        let id = format!("{name}.{side}.majority");
        outcome
            .rows
            .push(Row::over_seeds(id, "mean accuracy", &majority));
        let ways: [(&str, BySize); 2] = [
            ("rebuilt", |scores| &scores.rebuilt),
            ("inside", |scores| &scores.inside),
        ];
        for (method, find) in ways {
            let mut points = Vec::new();
            for &size in find(pick(&runs[0])).keys() {
                let found: Vec<(f64, f64)> = runs
                    .iter()
                    .filter_map(|run| find(pick(run)).get(&size).map(|list| (run, list)))
                    .map(|(run, list)| against(pick(run), list))
                    .collect::<Result<_>>()?;
                let (relative, recovery): (Vec<f64>, Vec<f64>) = found.into_iter().unzip();
                points.push((size as f64, mean(&relative)));
                let id = format!("{name}.{side}.{method}.d{size}");
                outcome
                    .rows
                    .push(Row::over_seeds(&id, "relative performance", &relative));
                outcome
                    .rows
                    .push(Row::over_seeds(&id, "recovered gain", &recovery));
            }
            let label = match method {
                "rebuilt" => format!("{side} tasks, prompt through the auto-encoder"),
                _ => format!("{side} tasks, tuned inside"),
            };
            curves.push(Series::new(label, points));
        }
    }
    let baselines: [(&str, BySize); 2] = [
        ("random_decoder", |scores| &scores.random),
        ("fastfood", |scores| &scores.fastfood),
    ];
    for (method, find) in baselines {
        for &size in find(&runs[0].unseen).keys() {
            let found: Vec<(f64, f64)> = runs
                .iter()
                .filter_map(|run| Some((run, find(&run.unseen).get(&size)?)))
                .map(|(run, list)| against(&run.unseen, list))
                .collect::<Result<_>>()?;
            let (relative, recovery): (Vec<f64>, Vec<f64>) = found.into_iter().unzip();
            let id = format!("{name}.unseen.{method}.d{size}");
            outcome
                .rows
                .push(Row::over_seeds(&id, "relative performance", &relative));
            outcome
                .rows
                .push(Row::over_seeds(&id, "recovered gain", &recovery));
        }
    }
    let several: Vec<Vec<f64>> = runs
        .iter()
        .filter_map(|run| run.unseen.runs.get(&BASELINE))
        .flatten()
        .filter(|runs| runs.len() > 1)
        .cloned()
        .collect();
    if !several.is_empty()
        && let Some(spread) = stability(&several)?.mean
    {
        let id = format!("{name}.unseen.inside.d{BASELINE}.stability");
        outcome
            .rows
            .push(Row::new(id, "mean deviation over runs", spread));
    }
    outcome.plots.push(Plot::lines(
        &format!("{name}_dimensions"),
        &format!("{name}: performance relative to prompt tuning, first seed's tasks"),
        "dimensions of the subspace",
        "relative performance",
        curves,
    ));
    outcome.tables.push(by_task(name, &runs[0]));
    Ok(())
}

/// Accuracies of the first seed's unseen tasks.
fn by_task(name: &str, run: &Run) -> Table {
    let scores = &run.unseen;
    let sizes: Vec<usize> = scores.inside.keys().copied().collect();
    let number = crate::report::number;
    let rows = (0..scores.labels.len()).map(|place| {
        let mut row = vec![
            scores.labels[place].name.clone(),
            number(scores.majority[place]),
            number(scores.tuned[place]),
        ];
        row.extend(sizes.iter().map(|size| number(scores.inside[size][place])));
        row.extend(scores.random.values().map(|list| number(list[place])));
        row.extend(scores.fastfood.values().map(|list| number(list[place])));
        row
    });
    let mut columns = vec!["unseen task".to_owned(), "most frequent class".to_owned()];
    columns.push("prompt tuning".to_owned());
    columns.extend(sizes.iter().map(|size| format!("inside {size}")));
    let random = scores.random.keys();
    columns.extend(random.map(|size| format!("random decoder {size}")));
    let fastfood = scores.fastfood.keys();
    columns.extend(fastfood.map(|size| format!("fastfood {size}")));
    Table {
        title: format!("{name}: accuracy on unseen tasks, first seed"),
        columns,
        rows: rows.collect(),
    }
}

/// Adds the claims.
pub(super) fn check(runs: &[Run], outcome: &mut Outcome) -> Result<()> {
    let recovered = |pick: Side| -> Result<f64> {
        let found = runs
            .iter()
            .map(|run| Ok(against(pick(run), &pick(run).inside[&BASELINE])?.1))
            .collect::<Result<Vec<f64>>>()?;
        Ok(mean(&found))
    };
    let unseen = recovered(|run| &run.unseen)?;
    let seen = recovered(|run| &run.seen)?;
    // The claims are about means of three seeds; a single one may lie far off.
    let slack = if runs.len() < 3 { 0.35 } else { 0.0 };
    outcome.checks.push(Check::new(
        "ipt_unseen_recovery_d10",
        unseen,
        Op::Ge,
        0.6 - slack,
    ));
    outcome.checks.push(Check::new(
        "ipt_seen_recovery_d10",
        seen,
        Op::Ge,
        0.8 - slack,
    ));
    check_random(runs, outcome)
}

/// Adds the claim that a subspace must be searched.
pub(super) fn check_random(runs: &[Run], outcome: &mut Outcome) -> Result<()> {
    let recovered = |find: BySize| -> Result<f64> {
        let found = runs
            .iter()
            .map(|run| Ok(against(&run.unseen, &find(&run.unseen)[&NARROW])?.1))
            .collect::<Result<Vec<f64>>>()?;
        Ok(mean(&found))
    };
    let found = recovered(|scores| &scores.inside)?;
    let best = recovered(|scores| &scores.random)?.max(recovered(|scores| &scores.fastfood)?);
    let id = "random_subspace_worse_than_found";
    // A single seed's four tasks say too little for a claim.
    if runs.len() < 3 {
        let metric = "recovered gain, found minus best random";
        outcome.rows.push(Row::new(id, metric, found - best));
    } else {
        let check = Check::new(id, found - best, Op::Gt, 0.0);
        outcome.checks.push(check);
    }
    Ok(())
}
