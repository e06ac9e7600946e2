//! All of one seed, and what is reported of several.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use plm_core::rng::Seed;
use plm_prompt::{MeanSpeedUp, Task, TaskLabel, TransferMatrix};

use super::lab::Lab;
use super::likeness::{self, Masked, Measure};
use super::pictures;
use super::tables::{by_pair, by_task};
use super::transfer::{self, Begun, Own, Steps};
use crate::repro::{Check, Context, Op, Outcome, Row};

/// Kinds of which tasks are tuned from each other's prompts.
const KINDS: usize = 4;

/// All of one seed.
pub(super) struct Run {
    pub(super) labels: Vec<TaskLabel>,
    /// Accuracy of the most frequent class.
    pub(super) majority: Vec<f64>,
    pub(super) own: Vec<Own>,
    pub(super) matrix: TransferMatrix,
    pub(super) begun: Vec<Begun>,
    pub(super) measures: BTreeMap<String, Measure>,
    pub(super) masked: Masked,
}

/// Tunes, transfers, compares.
pub(super) fn run(context: &Context, lab: &Lab, tasks: &[Task], seed: Seed) -> Result<Run> {
    let tasks: Vec<_> = tasks
        .iter()
        .map(|task| lab.prepare(task))
        .collect::<Result<_>>()?;
    let labels: Vec<TaskLabel> = tasks.iter().map(|task| task.label.clone()).collect();
    let own = transfer::own_prompts(context, lab, &tasks, seed)?;
    let matrix = transfer::matrix(context, lab, &tasks, &own, seed)?;
    let pairs = transfer::pairs(&labels, KINDS);
    let begun = transfer::begun(context, lab, &tasks, &own, &pairs, seed)?;
    let stimulations = likeness::stimulations(lab, &own)?;
    Ok(Run {
        majority: tasks
            .iter()
            .map(|task| lab.majority(task))
            .collect::<Result<_>>()?,
        measures: likeness::measures(&labels, &own, &stimulations, &matrix)?,
        masked: likeness::masked(lab, &tasks, &own, &stimulations, seed)?,
        labels,
        own,
        matrix,
        begun,
    })
}

/// Mean of a figure over seeds; nothing where no seed has it.
pub(super) fn mean_of(runs: &[Run], figure: impl Fn(&Run) -> Option<f64>) -> f64 {
    let found: Vec<f64> = runs.iter().filter_map(figure).collect();
    found.iter().sum::<f64>() / found.len() as f64
}

/// Adds figures, tables and pictures.
pub(super) fn report(name: &str, runs: &[Run], outcome: &mut Outcome) -> Result<()> {
    let mut add = |id: &str, metric: &str, figure: &dyn Fn(&Run) -> Option<f64>| {
        let values: Vec<f64> = runs.iter().filter_map(figure).collect();
        if !values.is_empty() {
            outcome
                .rows
                .push(Row::over_seeds(format!("{name}.{id}"), metric, &values));
        }
    };
    let mean = |values: &[f64]| Some(values.iter().sum::<f64>() / values.len() as f64);
    add("own", "mean accuracy with the task's own prompt", &|run| {
        mean(&run.own.iter().map(|own| own.score).collect::<Vec<_>>())
    });
    add(
        "majority",
        "mean accuracy of the most frequent class",
        &|run| mean(&run.majority),
    );
    add("random", "mean accuracy with a random prompt", &|run| {
        mean(run.matrix.random()?)
    });
    add("zero_shot.same_type", "mean relative performance", &|run| {
        run.matrix.relative_means().same_type.mean
    });
    add(
        "zero_shot.different_type",
        "mean relative performance",
        &|run| run.matrix.relative_means().different_type.mean,
    );
    let speed =
        |run: &Run| -> MeanSpeedUp { run.begun.iter().map(|begun| begun.speed_up).collect() };
    add("begun.convergence", "mean convergence speed-up", &|run| {
        speed(run).convergence.mean
    });
    add(
        "begun.comparable_result",
        "mean comparable-result speed-up",
        &|run| speed(run).comparable_result.mean,
    );
    add(
        "begun.convergence_by_chance",
        "mean convergence speed-up if both begin alike",
        &|run| transfer::mean_ratio_by_chance(&steps(run)),
    );
    add(
        "begun.convergence_ratio",
        "summed steps of plain tuning over those of the other, each to its best",
        &|run| transfer::ratio(&steps(run), |steps| steps.best),
    );
    add(
        "begun.comparable_result_ratio",
        "summed steps of plain tuning over those of the other, to plain tuning's best",
        &|run| transfer::ratio(&steps(run), |steps| steps.level),
    );
    add(
        "begun.undefined",
        "pairs that never reach the score of plain tuning",
        &|run| Some(speed(run).comparable_result.undefined as f64),
    );
    add(
        "begun.score",
        "mean accuracy after tuning from another prompt",
        &|run| {
            mean(
                &run.begun
                    .iter()
                    .map(|begun| begun.score)
                    .collect::<Vec<_>>(),
            )
        },
    );
    add(
        "begun.plain_score",
        "mean accuracy of plain tuning on the same targets",
        &|run| {
            let scores = run.begun.iter().map(|begun| run.own[begun.target].score);
            mean(&scores.collect::<Vec<_>>())
        },
    );
    for measure in runs[0].measures.keys() {
        let find = |run: &Run| run.measures.get(measure).map(|found| found.correlation);
        add(
            &format!("similarity.{measure}.per_target"),
            "Spearman with transfer, self left out",
            &|run| find(run)?.per_target.excluded.mean,
        );
        add(
            &format!("similarity.{measure}.per_target_self"),
            "Spearman with transfer, self included",
            &|run| find(run)?.per_target.included.mean,
        );
        add(
            &format!("similarity.{measure}.per_source"),
            "Spearman with relative performance per source, self left out",
            &|run| find(run)?.per_source.excluded.mean,
        );
        add(
            &format!("similarity.{measure}.per_source_self"),
            "Spearman with relative performance per source, self included",
            &|run| find(run)?.per_source.included.mean,
        );
        add(
            &format!("similarity.{measure}.global"),
            "Spearman with relative performance, self left out",
            &|run| find(run)?.global.excluded.mean,
        );
        add(
            &format!("similarity.{measure}.global_self"),
            "Spearman with relative performance, self included",
            &|run| find(run)?.global.included.mean,
        );
        let means = |run: &Run| run.measures.get(measure).map(|found| found.means);
        add(
            &format!("similarity.{measure}.same_type"),
            "mean similarity",
            &|run| means(run)?.same_type,
        );
        add(
            &format!("similarity.{measure}.different_type"),
            "mean similarity",
            &|run| means(run)?.different_type,
        );
    }
    add("neurons.whole", "mean accuracy, all neurons", &|run| {
        Some(run.masked.whole)
    });
    add(
        "neurons.top_off",
        "mean accuracy without the most active fifth",
        &|run| Some(run.masked.top),
    );
    add(
        "neurons.random_off",
        "mean accuracy without a random fifth",
        &|run| Some(run.masked.random),
    );
    // The matrix scores prompts as numbers on the host; what tuning reported at the step that it kept was
    // scored before they got there. Test examples are none that tuning scores, so it is the development set
    // that both have.
    let as_tuned = |run: &Run| {
        let mut own = run.own.iter();
        own.all(|own| own.dev == own.curve.best().score)
    };
    outcome.checks.push(Check::fact(
        "own_prompts_score_as_tuning_reported",
        runs.iter().all(as_tuned),
    ));
    outcome.tables.push(by_task(name, runs));
    outcome.tables.push(by_pair(name, runs));
    pictures::draw(name, runs, outcome)
}

/// Steps of all pairs of one run.
fn steps(run: &Run) -> Vec<Steps> {
    run.begun.iter().map(|begun| begun.steps).collect()
}

/// Adds the claims about transfer: as checks where there are three seeds, else as rows.
pub(super) fn check(runs: &[Run], outcome: &mut Outcome) {
    let mut add = |id: &str, metric: &str, value: f64, bound: f64| {
        let check = Check::new(id, value, Op::Gt, bound);
        outcome.claim(runs.len(), metric, check);
    };
    let all: Vec<Steps> = runs.iter().flat_map(steps).collect();
    add(
        "transfer_init_converges_faster",
        "summed steps of plain tuning over those of the other, each to its best",
        transfer::ratio(&all, |steps| steps.best).unwrap_or(f64::NAN),
        1.0,
    );
    // A transferred prompt that is at its best early and worse than plain tuning passes the first claim.
    add(
        "transfer_init_is_as_good_sooner",
        "summed steps of plain tuning over those of the other, to plain tuning's best",
        transfer::ratio(&all, |steps| steps.level).unwrap_or(f64::NAN),
        1.0,
    );
    let same = |run: &Run| run.matrix.relative_means();
    let gap = mean_of(runs, |run| {
        Some(same(run).same_type.mean? - same(run).different_type.mean?)
    });
    add(
        "transfer_same_minus_different_type",
        "mean relative performance within types, minus across",
        gap,
        0.0,
    );
    // Without the task's own prompt, which is the best source and the most alike whatever the measure.
    let on = mean_of(runs, |run| {
        run.measures.get("on")?.correlation.per_target.excluded.mean
    });
    let metric = "Spearman of overlap with transfer, self left out";
    add("on_spearman", metric, on, 0.0);
}

/// The measure called `name` of one run.
pub(super) fn measure<'r>(run: &'r Run, name: &str) -> Result<&'r Measure> {
    run.measures
        .get(name)
        .with_context(|| format!("no measure `{name}`"))
}
