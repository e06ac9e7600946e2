//! Rows and claims of several seeds.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use plm_core::metrics::mean_std;

use super::study::{AT_1, Key, Plan, Run, percent};
use crate::repro::{Check, Op, Outcome, Row, Table, Text};

/// Seeds from which on gains have to reach their bounds, and what they have to reach with fewer.
pub(super) const ENOUGH: usize = 3;
const LOOSE: f64 = -0.05;

/// The values of a figure, one a run.
fn values(runs: &[Run], (id, metric): (&str, &'static str)) -> Result<Vec<f64>> {
    let values: Option<Vec<f64>> = runs.iter().map(|run| run.get(id, metric)).collect();
    values.with_context(|| format!("no figure `{id}`"))
}

/// Adds every figure as a row, a table of them, and texts.
pub(super) fn rows(name: &str, runs: &[Run], outcome: &mut Outcome) -> Result<()> {
    let keys: BTreeSet<&Key> = runs.iter().flat_map(|run| run.figures.keys()).collect();
    let mut table = Table {
        title: format!("{name}: all figures"),
        columns: ["figure", "metric", "mean", "deviation"]
            .map(str::to_owned)
            .into(),
        rows: Vec::new(),
    };
    for (id, metric) in keys {
        let values = values(runs, (id, metric))?;
        let summary = mean_std(&values)?;
        let deviation = summary.std;
        table.rows.push(vec![
            id.clone(),
            (*metric).to_owned(),
            format!("{:.3}", summary.mean),
            deviation.map_or("–".to_owned(), |std| format!("{std:.3}")),
        ]);
        let row = Row::over_seeds(format!("{name}.{id}"), *metric, &values);
        outcome.rows.push(row);
    }
    outcome.tables.push(table);
    if let Some(first) = runs.first() {
        let texts = first.texts.iter().cloned();
        outcome.texts.extend(texts.map(|text| Text {
            title: format!("{name}: {}", text.title),
            ..text
        }));
    }
    Ok(())
}

/// The mean gain of figure `to` over figure `from`.
fn gain(runs: &[Run], from: &str, to: &str, metric: &'static str) -> Result<f64> {
    let pairs = values(runs, (from, metric))?
        .into_iter()
        .zip(values(runs, (to, metric))?);
    let gains: Vec<f64> = pairs.map(|(from, to)| to - from).collect();
    Ok(mean_std(&gains)?.mean)
}

/// Adds the claims.
pub(super) fn check(runs: &[Run], plan: &Plan, outcome: &mut Outcome) -> Result<()> {
    check_retrieval("pretraining_raises_retrieval_at_1", runs, outcome)?;
    if plan.liberal {
        let from = "liberal.none.text.triggers";
        let clusters = gain(runs, from, "liberal.text.triggers", "B-cubed F1")?;
        let id = "pretraining_raises_bcubed";
        outcome.checks.push(Check::new(id, clusters, Op::Ge, 0.03));
    }
    if plan.supervised {
        supervised(runs, plan, outcome)?;
    }
    Ok(())
}

/// Adds the claim that pre-training raises retrieval@1.
pub(super) fn check_retrieval(id: &str, runs: &[Run], outcome: &mut Outcome) -> Result<()> {
    let gain = gain(runs, "retrieval.none", "retrieval.text", AT_1)?;
    outcome.checks.push(Check::new(id, gain, Op::Ge, 0.10));
    Ok(())
}

/// The two tasks with their metrics.
const TASKS: [(&str, &str); 2] = [("detection", "F1"), ("arguments", "F1 (strict)")];

/// The mean of both tasks' F1, one a run.
fn both_tasks(runs: &[Run], system: &str, share: f64) -> Result<Vec<f64>> {
    let [first, second] = TASKS.map(|(task, metric)| {
        values(
            runs,
            (&format!("{task}.{system}.{}", percent(share)), metric),
        )
    });
    let pairs = first?.into_iter().zip(second?);
    Ok(pairs
        .map(|(first, second)| (first + second) / 2.0)
        .collect())
}

fn supervised(runs: &[Run], plan: &Plan, outcome: &mut Outcome) -> Result<()> {
    let least = plan.shares.iter().copied().fold(1.0, f64::min);
    let mean = |system: &str, share: f64| -> Result<f64> {
        Ok(mean_std(&both_tasks(runs, system, share)?)?.mean)
    };
    let gain = mean("both", least)? - mean("none", least)?;
    let bound = if runs.len() < ENOUGH { LOOSE } else { 0.0 };
    outcome
        .checks
        .push(Check::new("low_data_gain", gain, Op::Gt, bound));
    let most = plan.shares.iter().copied().fold(0.0, f64::max);
    let detection = |system: &str| -> Result<plm_core::metrics::MeanStd> {
        let id = format!("detection.{system}.{}", percent(most));
        Ok(mean_std(&values(runs, (&id, "F1"))?)?)
    };
    let both = detection("both")?;
    let margin = both.mean - detection("text")?.mean.max(detection("graph")?.mean);
    let id = "both_ge_text_and_graph";
    match both.std {
        Some(std) => outcome.checks.push(Check::new(id, margin, Op::Ge, -std)),
        // One seed has no deviation to allow for.
        None => outcome.rows.push(Row::new(
            id,
            "detection F1 above the better of text and graph",
            margin,
        )),
    }
    Ok(())
}
