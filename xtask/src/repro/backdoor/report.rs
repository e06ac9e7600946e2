//! Rows, tables and claims from the runs of one data set.

use anyhow::Result;
use plm_backdoor::LEVELS;
use plm_core::metrics::mean_std;

use super::attack::Way;
use super::defend::Detection;
use super::study::{Attempt, Run};
use super::{pictures, theory};
use crate::repro::{Check, Op, Outcome, Row, Table};

/// The value of every run for one attack; NaN where a run has none.
fn values(runs: &[Run], way: Way, value: impl Fn(&Attempt) -> f64) -> Vec<f64> {
    runs.iter().map(|run| value(&run.attempts[&way])).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn rap(attempt: &Attempt, value: impl Fn(&Detection) -> f64) -> f64 {
    attempt
        .rap
        .as_ref()
        .map_or(f64::NAN, |rap| value(&rap.detection))
}

fn strip(attempt: &Attempt, value: impl Fn(&Detection) -> f64) -> f64 {
    attempt.strip.as_ref().map_or(f64::NAN, value)
}

/// Adds rows, the table and plots of `name`.
pub(super) fn report(name: &str, runs: &[Run], outcome: &mut Outcome) -> Result<()> {
    let clean: Vec<f64> = runs.iter().map(|run| run.clean.accuracy).collect();
    let row = |id: String, metric: &str, values: &[f64]| Row::over_seeds(id, metric, values);
    outcome
        .rows
        .push(row(format!("{name}.clean"), "accuracy", &clean));
    let f1: Vec<f64> = runs.iter().map(|run| run.clean.macro_f1).collect();
    outcome
        .rows
        .push(row(format!("{name}.clean"), "macro-F1", &f1));
    let mut table = Table {
        title: format!(
            "{name}: attacks, and false acceptances at 1 % and 5 % false rejections of validation texts"
        ),
        columns: [
            "attack",
            "success",
            "accuracy",
            "RAP 1 %",
            "RAP 5 %",
            "RAP AUROC",
            "STRIP 1 %",
            "STRIP 5 %",
            "STRIP AUROC",
        ]
        .map(str::to_owned)
        .into(),
        rows: Vec::new(),
    };
    for &way in runs[0].attempts.keys() {
        let id = format!("{name}.{}", way.name());
        let of = |value: &dyn Fn(&Attempt) -> f64| values(runs, way, value);
        let success = of(&|a| a.success);
        let accuracy = of(&|a| a.quality.accuracy);
        outcome
            .rows
            .push(row(id.clone(), "attack success", &success));
        outcome.rows.push(row(id.clone(), "accuracy", &accuracy));
        let macro_f1 = of(&|a| a.quality.macro_f1);
        outcome.rows.push(row(id.clone(), "macro-F1", &macro_f1));
        if runs[0].attempts[&way].false_triggers.is_some() {
            let false_triggers = of(&|a| a.false_triggers.unwrap_or(f64::NAN));
            let metric = "success of parts of the trigger";
            outcome.rows.push(row(id.clone(), metric, &false_triggers));
        }
        let mut cells = vec![way.name().to_owned(), cell(&success), cell(&accuracy)];
        type Pick<'a> = &'a dyn Fn(&Attempt, &dyn Fn(&Detection) -> f64) -> f64;
        let picks: [(&str, Pick<'_>); 2] = [
            ("rap", &|a, value| rap(a, value)),
            ("strip", &|a, value| strip(a, value)),
        ];
        for (defense, pick) in picks {
            let id = format!("{id}.{defense}");
            for level in LEVELS {
                let rejected = of(&|a| pick(a, &|d| d.at(level).0));
                let accepted = of(&|a| pick(a, &|d| d.at(level).1));
                let metric = format!("false rejections at {level} %");
                outcome.rows.push(row(id.clone(), &metric, &rejected));
                let metric = format!("false acceptances at {level} %");
                outcome.rows.push(row(id.clone(), &metric, &accepted));
                if level == 1.0 || level == 5.0 {
                    cells.push(cell(&accepted));
                }
            }
            let area = of(&|a| pick(a, &|d| d.separation.auroc.unwrap_or(f64::NAN)));
            outcome.rows.push(row(id.clone(), "AUROC", &area));
            cells.push(cell(&area));
            let time = of(&|a| pick(a, &|d| d.cost.milliseconds_per_input.unwrap_or(f64::NAN)));
            outcome.rows.push(row(id, "milliseconds an input", &time));
        }
        table.rows.push(cells);
        drops(&id, runs, way, outcome);
        onion(&id, runs, way, outcome);
        failures(&id, runs, way, outcome);
    }
    outcome.tables.push(table);
    pictures::draw(name, runs, outcome)
}

fn cell(values: &[f64]) -> String {
    match mean_std(values) {
        Ok(summary) => match summary.std {
            Some(std) => format!("{:.3} ± {std:.3}", summary.mean),
            None => format!("{:.3}", summary.mean),
        },
        Err(_) => "none".to_owned(),
    }
}

/// Mean drops and margins of clean and poisoned texts.
fn drops(id: &str, runs: &[Run], way: Way, outcome: &mut Outcome) {
    for (index, kind) in ["clean", "poisoned"].into_iter().enumerate() {
        for (metric, value) in [
            (
                "mean drop",
                (|point| point.drop) as fn(&theory::Point) -> f64,
            ),
            ("mean margin", |point| point.margin),
            ("mean shift of the margin", |point| point.shift),
        ] {
            let values = values(runs, way, |attempt| {
                let Ok(rap) = &attempt.rap else {
                    return f64::NAN;
                };
                mean(&rap.points[index].iter().map(value).collect::<Vec<_>>())
            });
            let metric = format!("{metric}, {kind} texts");
            outcome
                .rows
                .push(Row::over_seeds(format!("{id}.rap"), metric, &values));
        }
    }
}

/// ONION at its best percentile.
fn onion(id: &str, runs: &[Run], way: Way, outcome: &mut Outcome) {
    let tried = runs
        .iter()
        .filter_map(|run| run.attempts[&way].onion.as_ref());
    let best: Vec<[f64; 4]> = tried
        .filter_map(|onion| {
            let (rejected, accepted) = onion.best()?;
            let passes = onion.cost.language_model_per_input.unwrap_or(f64::NAN);
            let time = onion.cost.milliseconds_per_input.unwrap_or(f64::NAN);
            Some([rejected, accepted, passes, time])
        })
        .collect();
    let metrics = [
        "false rejections at the best percentile",
        "false acceptances at the best percentile",
        "passes of the language model an input",
        "milliseconds an input",
    ];
    for (index, metric) in metrics.into_iter().enumerate() {
        let values: Vec<f64> = best.iter().map(|best| best[index]).collect();
        if !values.is_empty() {
            outcome
                .rows
                .push(Row::over_seeds(format!("{id}.onion"), metric, &values));
        }
    }
}

fn failures(id: &str, runs: &[Run], way: Way, outcome: &mut Outcome) {
    for run in runs {
        let attempt = &run.attempts[&way];
        let reasons = [
            ("RAP", attempt.rap.as_ref().err()),
            ("STRIP", attempt.strip.as_ref().err()),
        ];
        for (defense, reason) in reasons {
            if let Some(reason) = reason {
                outcome.notes.push(format!("{id}: no {defense}: {reason}"));
            }
        }
    }
}

/// Adds the claims of the embedded tier.
pub(super) fn check(runs: &[Run], copies: usize, outcome: &mut Outcome) {
    let clean: Vec<f64> = runs.iter().map(|run| run.clean.accuracy).collect();
    for way in [Way::Word, Way::Sentence, Way::Embedding] {
        let success = mean(&values(runs, way, |a| a.success));
        let id = format!("attack_success_{}", way.name());
        outcome.checks.push(Check::new(id, success, Op::Ge, 0.95));
        let loss = mean(&clean) - mean(&values(runs, way, |a| a.quality.accuracy));
        let id = format!("accuracy_loss_{}", way.name());
        // One seed of a few hundred texts lies on both sides of the bound.
        if runs.len() < 3 {
            outcome.rows.push(Row::new(id, "loss of accuracy", loss));
        } else {
            outcome.checks.push(Check::new(id, loss, Op::Le, 0.02));
        }
    }
    let ways: Vec<Way> = runs[0].attempts.keys().copied().collect();
    let level = LEVELS[LEVELS.len() - 1];
    let thresholds = ways.iter().flat_map(|&way| {
        values(runs, way, |a| {
            rap(a, |d| d.rates[LEVELS.len() - 1].threshold)
        })
    });
    let lowest = thresholds.fold(f64::INFINITY, |a, b| if b.is_nan() { b } else { a.min(b) });
    outcome
        .checks
        .push(Check::new("rap_threshold_positive", lowest, Op::Gt, 0.0));
    let accepted = |way| mean(&values(runs, way, |a| rap(a, |d| d.at(level).1)));
    let word = accepted(Way::Word);
    outcome
        .checks
        .push(Check::new("rap_far_at_5", word, Op::Le, 0.3));
    let better = ways
        .iter()
        .filter(|&&way| accepted(way) <= mean(&values(runs, way, |a| strip(a, |d| d.at(level).1))))
        .count();
    let bound = 3.0_f64.min(ways.len() as f64);
    outcome.checks.push(Check::new(
        "attacks_with_rap_far_at_most_strip_far_at_5",
        better as f64,
        Op::Ge,
        bound,
    ));
    let rejected: Vec<f64> = ways
        .iter()
        .flat_map(|&way| values(runs, way, |a| rap(a, |d| d.at(level).0)))
        .collect();
    let off = (mean(&rejected) - level / 100.0).abs();
    if runs.len() < 3 {
        let metric = "distance of false rejections from 5 %";
        outcome
            .rows
            .push(Row::new("frr_close_to_level", metric, off));
    } else {
        outcome
            .checks
            .push(Check::new("frr_close_to_level", off, Op::Le, 0.02));
    }
    let passes = |value: &dyn Fn(&Attempt) -> f64, expected: f64| {
        let all = runs.iter().flat_map(|run| run.attempts.values().map(value));
        all.fold(expected, |worst: f64, passes| {
            let farther = (passes - expected).abs() > (worst - expected).abs();
            if farther || passes.is_nan() {
                passes
            } else {
                worst
            }
        })
    };
    let per_input = |d: &Detection| d.cost.classifier_per_input.unwrap_or(f64::NAN);
    let of_rap = passes(&|a| rap(a, per_input), 2.0);
    outcome
        .checks
        .push(Check::new("rap_passes_an_input", of_rap, Op::Eq, 2.0));
    let expected = copies as f64 + 1.0;
    let of_strip = passes(&|a| strip(a, per_input), expected);
    outcome.checks.push(Check::new(
        "strip_passes_an_input",
        of_strip,
        Op::Eq,
        expected,
    ));
    let points = runs.iter().flat_map(|run| run.attempts.values());
    let excess = points
        .filter_map(|attempt| attempt.rap.as_ref().ok())
        .flat_map(|rap| rap.points.iter().map(|points| theory::excess(points)))
        .fold(f64::NEG_INFINITY, f64::max);
    outcome.checks.push(Check::new(
        "drop_minus_slope_times_shift",
        excess,
        Op::Le,
        1e-6,
    ));
    let gap = mean(&values(runs, Way::Word, |attempt| {
        attempt.rap.as_ref().map_or(f64::NAN, |rap| {
            let margin =
                |at: usize| mean(&rap.points[at].iter().map(|p| p.margin).collect::<Vec<_>>());
            margin(1) - margin(0)
        })
    }));
    outcome
        .checks
        .push(Check::new("poisoned_minus_clean_margin", gap, Op::Gt, 0.0));
}
