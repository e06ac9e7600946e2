//! Rows and claims of several seeds.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use plm_core::metrics::mean_std;
use plm_event_contrast::finetune::CorpusLosses;

use super::study::{AT_1, Key, Plan, Run, percent};
use crate::repro::bounds::certain;
use crate::repro::{Check, ENOUGH_SEEDS, Op, Outcome, Row, Table, Text};

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
    let losses: Option<Vec<CorpusLosses>> = runs.iter().map(|run| run.losses).collect();
    if let Some(losses) = losses {
        let mut sum = CorpusLosses::default();
        losses.into_iter().for_each(|one| sum += one);
        outcome.notes.push(format!(
            "{name}: of the sentences that were drawn, over all seeds, {sum} are left out of labels and tests."
        ));
    }
    if let Some(first) = runs.first() {
        let texts = first.texts.iter().cloned();
        outcome.texts.extend(texts.map(|text| Text {
            title: format!("{name}: {}", text.title),
            ..text
        }));
    }
    Ok(())
}

/// The gain of each run.
fn gains(from: Vec<f64>, to: Vec<f64>) -> Vec<f64> {
    from.into_iter()
        .zip(to)
        .map(|(from, to)| to - from)
        .collect()
}

/// The mean gain of figure `to` over figure `from`.
fn gain(runs: &[Run], from: &str, to: &str, metric: &'static str) -> Result<f64> {
    let gains = gains(values(runs, (from, metric))?, values(runs, (to, metric))?);
    Ok(mean_std(&gains)?.mean)
}

/// Adds the claims.
pub(super) fn check(runs: &[Run], plan: &Plan, outcome: &mut Outcome) -> Result<()> {
    check_retrieval("pretraining_raises_retrieval_at_1", runs, outcome)?;
    if plan.liberal {
        let from = "liberal.none.text.triggers";
        let clusters = gain(runs, from, "liberal.text.triggers", "B-cubed F1")?;
        let id = "pretraining_raises_bcubed";
        let metric = "B-cubed F1 of triggers, pre-trained minus not";
        let check = Check::new(id, clusters, Op::Ge, 0.03);
        outcome.claim(runs.len(), metric, check);
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
    let most = plan.shares.iter().copied().fold(0.0, f64::max);
    let low = gains(
        both_tasks(runs, "none", least)?,
        both_tasks(runs, "both", least)?,
    );
    let detection = |system: &str, share: f64| {
        let id = format!("detection.{system}.{}", percent(share));
        values(runs, (&id, "F1"))
    };
    let mean = |system: &str| -> Result<f64> { Ok(mean_std(&detection(system, most)?)?.mean) };
    let better = if mean("text")? < mean("graph")? {
        "graph"
    } else {
        "text"
    };
    let margins = gains(detection(better, most)?, detection("both", most)?);
    let margin = mean_std(&margins)?;
    let (gain, no_loss) = ("low_data_gain", "both_ge_text_and_graph");
    if runs.len() < ENOUGH_SEEDS {
        let metric = "F1 of both tasks, pre-trained minus not, least share of labels";
        outcome.rows.push(Row::over_seeds(gain, metric, &low));
        let metric = "detection F1 above the better of text and graph";
        outcome
            .rows
            .push(Row::over_seeds(no_loss, metric, &margins));
    } else {
        let check = Check::new(gain, certain(&low)?, Op::Gt, 0.0);
        outcome.checks.push(check);
        let check = Check::new(no_loss, margin.mean, Op::Ge, -margin.std.unwrap_or(0.0));
        outcome.checks.push(check);
        outcome.notes.push(format!(
            "`{gain}` is the mean gain over seeds minus twice its standard error. `{no_loss}` is how much \
             more F1 both encoders have than the better of text and graph; it may be less by one deviation of that \
             difference over the seeds: it says that no loss by joining was found, not that it gains."
        ));
    }
    // Without a masked-LM head there is no such arm.
    if detection("mlm", most).is_ok() {
        let mut shares = vec![least, most];
        shares.dedup();
        for share in shares {
            let above = gains(detection("mlm", share)?, detection("both", share)?);
            let id = format!("both_minus_mlm.{}", percent(share));
            outcome
                .rows
                .push(Row::over_seeds(id, "detection F1", &above));
        }
        let above = gains(detection("mlm.text", most)?, detection("text", most)?);
        let id = format!("text_minus_mlm.{}", percent(most));
        outcome
            .rows
            .push(Row::over_seeds(id, "detection F1", &above));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gain_is_certain_beyond_twice_its_error() {
        // Gains 0.1, 0.2, 0.3: deviation 0.1, error 0.1/√3.
        let found = gains(vec![0.1, 0.1, 0.1], vec![0.2, 0.3, 0.4]);
        let expected = 0.2 - 0.2 / 3.0_f64.sqrt();
        assert!((certain(&found).unwrap() - expected).abs() < 1e-12);
        assert!(certain(&[0.0, 0.3, 0.0]).unwrap() < 0.0);
    }
}
