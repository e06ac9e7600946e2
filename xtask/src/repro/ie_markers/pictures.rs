//! Plots.

use super::report::{mean, of_entities, of_relations};
use super::study::Run;
use crate::report::{BarGroup, Plot, Series};
use crate::repro::{Outcome, Row};

/// A bar of the mean over seeds, with the deviation.
fn bar(name: &str, values: &[Vec<f64>]) -> BarGroup {
    let rows: Vec<Row> = values
        .iter()
        .map(|values| Row::over_seeds("", "", values))
        .collect();
    BarGroup {
        name: name.to_owned(),
        values: rows.iter().map(|row| row.ours).collect(),
        errors: rows.iter().map(|row| row.std.unwrap_or(0.0)).collect(),
    }
}

/// Adds F1 as bars, and F1 against speed.
pub(super) fn draw(name: &str, runs: &[Run], outcome: &mut Outcome) {
    let mut bars = Vec::new();
    let mut points = Vec::new();
    for &way in runs[0].entities.keys() {
        let f1 = of_entities(runs, way, |found| found.f1);
        let speed = mean(&of_entities(runs, way, |found| found.speed));
        let series = format!("entities: {}", way.name());
        points.push(Series::new(series, vec![(speed.log10(), mean(&f1))]));
        bars.push(bar(way.name(), &[f1]));
    }
    outcome.plots.push(Plot::bars(
        &format!("{name}_entities"),
        &format!("{name}: entities of the test sentences"),
        "F1",
        vec!["Ent".to_owned()],
        bars,
    ));
    let mut bars = Vec::new();
    for &way in runs[0].relations.keys() {
        let gold = of_relations(runs, way, |found| found.gold);
        let whole = of_relations(runs, way, |found| found.whole);
        let typed = of_relations(runs, way, |found| found.typed);
        let speed = mean(&of_relations(runs, way, |found| found.speed));
        let series = format!("relations: {}", way.name());
        points.push(Series::new(series, vec![(speed.log10(), mean(&gold))]));
        bars.push(bar(way.name(), &[gold, whole, typed]));
    }
    if !bars.is_empty() {
        outcome.plots.push(Plot::bars(
            &format!("{name}_relations"),
            &format!("{name}: relations of the test sentences"),
            "F1",
            ["Rel, gold entities", "Rel", "Rel+"]
                .map(str::to_owned)
                .into(),
            bars,
        ));
    }
    outcome.plots.push(Plot::scatter(
        &format!("{name}_speed"),
        &format!("{name}: quality and speed (relations between gold entities)"),
        "log10 of test sentences a second",
        "F1",
        points,
    ));
}
