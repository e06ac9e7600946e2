//! What is reported of several seeds.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use plm_prompt::intrinsic::{gain_recovery, relative_performance, stability};

use super::study::{BASELINE, NARROW, Run, Scores, mean};
use crate::report::{Plot, Series};
use crate::repro::{Check, Op, Outcome, Row, Table};

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

/// Where the paper's figures are from.
const SOURCE: &str = "2110.07867, abstracts of versions 1 (5 dimensions) and 3 (250), BART-base";

/// What the paper gives for tuning inside a subspace: tasks, dimensions, relative performance.
const PUBLISHED: [(&str, usize, f64); 4] = [
    ("redrawn", 5, 0.87),
    ("unseen", 5, 0.65),
    ("redrawn", 250, 0.97),
    ("unseen", 250, 0.83),
];

/// Adds figures, tables and pictures.
pub(super) fn report(name: &str, runs: &[Run], outcome: &mut Outcome) -> Result<()> {
    let sides: [(&str, Side); 3] = [
        ("seen", |run| &run.seen),
        ("redrawn", |run| &run.redrawn),
        ("unseen", |run| &run.unseen),
    ];
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
                let id = format!("{name}.{side}.{method}.d{size}");
                let published = (PUBLISHED.iter())
                    .find(|known| method == "inside" && (known.0, known.1) == (side, size))
                    .map(|known| known.2);
                let relative = compared(&id, found, published, outcome);
                points.push((size as f64, relative));
            }
            let label = match method {
                "rebuilt" => format!("{side} tasks, prompt through the auto-encoder"),
                _ => format!("{side} tasks, tuned inside"),
            };
            if !points.is_empty() {
                curves.push(Series::new(label, points));
            }
        }
    }
    let same_kind = runs
        .iter()
        .map(|run| against(&run.unseen, &run.unseen.same_kind))
        .collect::<Result<_>>()?;
    compared(
        &format!("{name}.unseen.same_kind_prompt"),
        same_kind,
        None,
        outcome,
    );
    let baselines: [(&str, BySize); 3] = [
        ("center", |scores| &scores.center),
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
            let id = format!("{name}.unseen.{method}.d{size}");
            compared(&id, found, None, outcome);
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

/// Adds relative performance, beside the published one where there is one, and recovered gain of every
/// seed; the mean of the former.
fn compared(
    id: &str,
    found: Vec<(f64, f64)>,
    published: Option<f64>,
    outcome: &mut Outcome,
) -> f64 {
    let (relative, recovery): (Vec<f64>, Vec<f64>) = found.into_iter().unzip();
    let row = Row::over_seeds(id, "relative performance", &relative);
    outcome.rows.push(match published {
        Some(value) => row.published(value, SOURCE),
        None => row,
    });
    outcome
        .rows
        .push(Row::over_seeds(id, "recovered gain", &recovery));
    mean(&relative)
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
    // As in the paper with other examples than the search had.
    let seen = recovered(|run| &run.redrawn)?;
    for (id, value, bound) in [
        ("ipt_unseen_recovery_d10", unseen, 0.6),
        ("ipt_seen_recovery_d10", seen, 0.8),
    ] {
        let check = Check::new(id, value, Op::Ge, bound);
        outcome.claim(runs.len(), "recovered gain", check);
    }
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
    let metric = "recovered gain, found minus best random";
    let check = Check::new(id, found - best, Op::Gt, 0.0);
    outcome.claim(runs.len(), metric, check);
    Ok(())
}
