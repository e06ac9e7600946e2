//! Rows, tables and claims from the runs of one data set.

use anyhow::Result;
use plm_backdoor::LEVELS;
use plm_backdoor::metrics::CleanQuality;
use plm_core::metrics::mean_std;

use super::defend::{Detection, shares_at};
use super::onion::Onion;
use super::pictures;
use super::rap::Rap;
use super::strip::fewer_texts;
use super::study::{Attempt, Run};
use super::theory::{self, Point};
use super::way::Way;
use crate::repro::{Outcome, Row, Table};

/// The value of every run for one attack; NaN where a run has none.
pub(super) fn values(runs: &[Run], way: Way, value: impl Fn(&Attempt) -> f64) -> Vec<f64> {
    runs.iter().map(|run| value(&run.attempts[&way])).collect()
}

/// The mean of `values`.
pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// What RAP did; NaN where there is none.
pub(super) fn rap(attempt: &Attempt, value: impl Fn(&Detection) -> f64) -> f64 {
    attempt
        .rap
        .as_ref()
        .map_or(f64::NAN, |rap| value(&rap.detection))
}

/// What STRIP did; NaN where there is none.
pub(super) fn strip(attempt: &Attempt, value: impl Fn(&Detection) -> f64) -> f64 {
    attempt.strip.as_ref().map_or(f64::NAN, value)
}

/// The mean of a `value` of every run's clean (`kind` 0) or poisoned (1) texts; NaN where a run has no RAP.
pub(super) fn of_points(
    runs: &[Run],
    way: Way,
    kind: usize,
    value: impl Fn(&Point) -> f64,
) -> Vec<f64> {
    values(runs, way, |attempt| {
        attempt.rap.as_ref().map_or(f64::NAN, |rap| {
            mean(&rap.points[kind].iter().map(&value).collect::<Vec<_>>())
        })
    })
}

/// How much farther the perturbation moves margins of clean texts, down, than those of poisoned ones, either way.
pub(super) fn clean_over_poisoned_shift(runs: &[Run], way: Way) -> f64 {
    let clean = mean(&of_points(runs, way, 0, |point| point.shift));
    clean / mean(&of_points(runs, way, 1, |point| point.shift.abs()))
}

/// Adds rows, the table and plots of `name`.
pub(super) fn report(name: &str, runs: &[Run], outcome: &mut Outcome) -> Result<()> {
    let row = |id: String, metric: &str, values: &[f64]| Row::over_seeds(id, metric, values);
    let clean: Option<Vec<CleanQuality>> = runs.iter().map(|run| run.clean).collect();
    if let Some(clean) = clean {
        let id = format!("{name}.clean");
        let accuracy: Vec<f64> = clean.iter().map(|quality| quality.accuracy).collect();
        outcome.rows.push(row(id.clone(), "accuracy", &accuracy));
        let f1: Vec<f64> = clean.iter().map(|quality| quality.macro_f1).collect();
        outcome.rows.push(row(id, "macro-F1", &f1));
    }
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
        let cut = of(&|a| a.cut);
        if cut.iter().any(|&share| share > 0.0) {
            let metric = "texts with the trigger that are longer than the victim reads";
            outcome.rows.push(row(id.clone(), metric, &cut));
        }
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
        construction(&id, runs, way, outcome);
        drops(&id, runs, way, outcome);
        other_ratios(&id, runs, way, outcome);
        onion(&id, runs, way, outcome);
        failures(&id, runs, way, outcome);
        words(&id, runs, way, outcome);
    }
    outcome.tables.push(table);
    outcome.notes.extend(fewer_texts(name, runs));
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

/// How the perturbations were made, and what the one for the last level does at the others.
fn construction(id: &str, runs: &[Run], way: Way, outcome: &mut Outcome) {
    let id = format!("{id}.rap");
    let of = |value: &dyn Fn(&Rap) -> f64| {
        values(runs, way, |attempt| {
            attempt.rap.as_ref().map_or(f64::NAN, value)
        })
    };
    let mut add = |metric: String, values: &[f64]| {
        outcome.rows.push(Row::over_seeds(&id, metric, values));
    };
    let loss = |rap: &Rap, last: bool| {
        let epochs = &rap.made.epochs;
        let epoch = if last { epochs.last() } else { epochs.first() };
        epoch.map_or(f64::NAN, |epoch| epoch.loss)
    };
    for (metric, values) in [
        ("weight of small drops", of(&|rap| rap.made.scale)),
        ("loss of the first epoch", of(&|rap| loss(rap, false))),
        ("loss of the last epoch", of(&|rap| loss(rap, true))),
        (
            "share of validation drops below the limits",
            of(&|rap| rap.made.after.below),
        ),
        (
            "share of validation drops within the limits",
            of(&|rap| rap.made.after.within),
        ),
    ] {
        add(metric.to_owned(), &values);
    }
    for (index, level) in LEVELS.into_iter().enumerate().take(LEVELS.len() - 1) {
        let scales = of(&|rap| rap.scales[index]);
        add(format!("weight of small drops for {level} %"), &scales);
        for (metric, values) in [
            (
                "false rejections",
                of(&|rap| shares_at(&rap.with_last, level).0),
            ),
            (
                "false acceptances",
                of(&|rap| shares_at(&rap.with_last, level).1),
            ),
        ] {
            let metric = format!("{metric} at {level} % with the perturbation for 5 %");
            add(metric, &values);
        }
    }
}

/// Mean drops and margins of clean and poisoned texts, how far margins move, and whether drops follow the slope.
fn drops(id: &str, runs: &[Run], way: Way, outcome: &mut Outcome) {
    let id = format!("{id}.rap");
    let mut add = |metric: String, values: &[f64]| {
        outcome.rows.push(Row::over_seeds(&id, metric, values));
    };
    type Value = fn(&Point) -> f64;
    for (kind, name) in ["clean", "poisoned"].into_iter().enumerate() {
        let of: [(&str, Value); 3] = [
            ("mean drop", |point| point.drop),
            ("mean margin", |point| point.margin),
            ("mean shift of the margin", |point| point.shift),
        ];
        for (metric, value) in of {
            let metric = format!("{metric}, {name} texts");
            add(metric, &of_points(runs, way, kind, value));
        }
        let follows = values(runs, way, |attempt| {
            attempt.rap.as_ref().map_or(f64::NAN, |rap| {
                theory::drop_follows_slope(rap.points[kind].iter())
            })
        });
        let metric = format!("Spearman of drops and slopes p (1 - p), {name} texts");
        add(metric, &follows);
    }
    let follows = values(runs, way, |attempt| {
        attempt.rap.as_ref().map_or(f64::NAN, |rap| {
            theory::drop_follows_slope(rap.points.iter().flatten())
        })
    });
    let metric = "Spearman of drops and slopes p (1 - p), all texts".to_owned();
    add(metric, &follows);
    let moved = values(runs, way, |attempt| {
        attempt.rap.as_ref().map_or(f64::NAN, |rap| {
            let shifts: Vec<f64> = rap.points[0].iter().map(|point| point.shift).collect();
            theory::drop_if_moved(&rap.points[1], mean(&shifts))
        })
    });
    let metric = "mean drop of poisoned texts if their margins moved as those of clean texts do";
    add(metric.to_owned(), &moved);
    let ratio = clean_over_poisoned_shift(runs, way);
    let metric = "shift of the margin, clean texts over poisoned ones";
    outcome.rows.push(Row::new(id, metric, ratio));
}

/// STRIP with the shares of replaced words that are not quoted.
fn other_ratios(id: &str, runs: &[Run], way: Way, outcome: &mut Outcome) {
    for (index, (ratio, _)) in runs[0].attempts[&way].strip_others.iter().enumerate() {
        let of = |value: &dyn Fn(&Detection) -> f64| {
            values(runs, way, |attempt| {
                let (_, found) = &attempt.strip_others[index];
                found.as_ref().map_or(f64::NAN, value)
            })
        };
        for (metric, values) in [
            ("false rejections at 5 %", of(&|d| d.at(5.0).0)),
            ("false acceptances at 5 %", of(&|d| d.at(5.0).1)),
            ("AUROC", of(&|d| d.separation.auroc.unwrap_or(f64::NAN))),
        ] {
            let id = format!("{id}.strip_{ratio}");
            outcome.rows.push(Row::over_seeds(id, metric, &values));
        }
    }
}

/// ONION at the percentile that validation texts chose, and what it costs.
fn onion(id: &str, runs: &[Run], way: Way, outcome: &mut Outcome) {
    let tried: Vec<&Onion> = runs
        .iter()
        .filter_map(|run| run.attempts[&way].onion.as_ref()?.as_ref().ok())
        .collect();
    if tried.is_empty() {
        return;
    }
    type Figure = fn(&Onion) -> f64;
    let metrics: [(&str, Figure); 4] = [
        ("false rejections", |onion| {
            onion.chosen().map_or(f64::NAN, |chosen| chosen.0)
        }),
        ("false acceptances", |onion| {
            onion.chosen().map_or(f64::NAN, |chosen| chosen.1)
        }),
        ("passes of the language model an input", |onion| {
            onion.cost.language_model_per_input.unwrap_or(f64::NAN)
        }),
        ("milliseconds an input", |onion| {
            onion.cost.milliseconds_per_input.unwrap_or(f64::NAN)
        }),
    ];
    for (metric, value) in metrics {
        let values: Vec<f64> = tried.iter().map(|onion| value(onion)).collect();
        outcome
            .rows
            .push(Row::over_seeds(format!("{id}.onion"), metric, &values));
    }
    if tried.iter().any(|onion| onion.chosen().is_none()) {
        outcome.notes.push(format!(
            "{id}: no percentile of ONION rejects at most 5 % of the validation texts."
        ));
    }
}

/// Says where RAP needed another word than in the first run.
fn words(id: &str, runs: &[Run], way: Way, outcome: &mut Outcome) {
    let attempts = runs.iter().map(|run| &run.attempts[&way]);
    let words: Vec<&str> = attempts
        .filter_map(|attempt| Some(attempt.rap.as_ref().ok()?.made.prefix.as_str()))
        .collect();
    if words.windows(2).any(|pair| pair[0] != pair[1]) {
        let words = words.join("`, `");
        outcome
            .notes
            .push(format!("{id}: RAP's words are `{words}`."));
    }
}

/// Says which defenses could not be made, and at which levels.
fn failures(id: &str, runs: &[Run], way: Way, outcome: &mut Outcome) {
    for (number, run) in runs.iter().enumerate() {
        let attempt = &run.attempts[&way];
        let run = number + 1;
        let rap = attempt.rap.as_ref().map(|rap| &rap.detection);
        for (defense, found) in [("RAP", rap), ("STRIP", attempt.strip.as_ref())] {
            match found {
                Err(reason) => {
                    let note = format!("{id}, run {run}: no {defense}: {reason}");
                    outcome.notes.push(note);
                }
                Ok(detection) => {
                    let missing = detection
                        .rates
                        .iter()
                        .filter_map(|rates| rates.as_ref().err());
                    let missing = missing.map(|reason| {
                        format!("{id}, run {run}: {defense} has no threshold: {reason}")
                    });
                    outcome.notes.extend(missing);
                }
            }
        }
        if let Some(Err(reason)) = &attempt.onion {
            let note = format!("{id}, run {run}: no ONION: {reason}");
            outcome.notes.push(note);
        }
    }
}
