//! Rows, tables and claims from the runs of one data set.

use anyhow::Result;

use super::study::Run;
use super::{entities, losses, pictures, relations, samples};
use crate::repro::{Check, Op, Outcome, Row, Table};

/// How relations are counted.
pub(super) const COUNTING_NOTE: &str = "Symmetric relations count twice, as in PL-Marker's evaluation; \"symmetric once\" counts each once, \
     whatever its order. PURE's figures stand beside that: its evaluation counts them once, too, but in the \
     order given, which models that read both directions together do not tell.";

/// What was published about a data set: way, measure, figure, source.
pub(super) type Published = &'static [(&'static str, &'static str, f64, &'static str)];

/// A measure, and its value of what a model did.
type Measure<F> = (&'static str, fn(&F) -> f64);

/// The measures of a way to find entities.
const ENTITY_MEASURES: [Measure<entities::Found>; 4] = [
    ("Ent F1", |found| found.f1),
    ("sentences a second", |found| found.speed),
    ("seconds of training", |found| found.seconds),
    ("share of training entities out of reach", |found| {
        found.losses.unused()
    }),
];

/// The measures of a way to find relations.
const RELATION_MEASURES: [Measure<relations::Found>; 7] = [
    ("Rel F1, gold entities", |found| found.gold),
    ("Rel F1", |found| found.whole),
    ("Rel+ F1", |found| found.typed),
    ("Rel F1, symmetric once", |found| found.once[0]),
    ("Rel+ F1, symmetric once", |found| found.once[1]),
    ("sentences a second", |found| found.speed),
    ("seconds of training", |found| found.seconds),
];

/// The measures of ways to find relations that the table shows.
const IN_TABLE: [&str; 3] = ["Rel F1, gold entities", "Rel F1", "Rel+ F1"];

/// The value of every run for one way to find entities.
pub(super) fn of_entities(
    runs: &[Run],
    way: entities::Way,
    value: impl Fn(&entities::Found) -> f64,
) -> Vec<f64> {
    runs.iter().map(|run| value(&run.entities[&way])).collect()
}

/// The value of every run for one way to find relations.
pub(super) fn of_relations(
    runs: &[Run],
    way: relations::Way,
    value: impl Fn(&relations::Found) -> f64,
) -> Vec<f64> {
    runs.iter().map(|run| value(&run.relations[&way])).collect()
}

/// The mean; not a number where there are none.
pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Adds rows, tables, samples, plots and remarks about losses of `name`.
pub(super) fn report(
    name: &str,
    runs: &[Run],
    published: Published,
    outcome: &mut Outcome,
) -> Result<()> {
    let mut table = Table {
        title: format!("{name}: mean over seeds"),
        columns: [
            "model",
            "Ent F1",
            "Rel F1, gold",
            "Rel F1",
            "Rel+ F1",
            "sentences/s",
        ]
        .map(str::to_owned)
        .into(),
        rows: Vec::new(),
    };
    for &way in runs[0].entities.keys() {
        let id = format!("entities.{}", way.name());
        let mut cells = vec![id.clone()];
        for (measure, value) in ENTITY_MEASURES {
            let values = of_entities(runs, way, value);
            let row = Row::over_seeds(format!("{name}.{id}"), measure, &values);
            outcome.rows.push(with_published(row, &id, published));
        }
        cells.push(cell(&of_entities(runs, way, |found| found.f1)));
        cells.extend(["", "", ""].map(str::to_owned));
        cells.push(format!(
            "{:.0}",
            mean(&of_entities(runs, way, |found| found.speed))
        ));
        table.rows.push(cells);
    }
    for &way in runs[0].relations.keys() {
        let id = format!("relations.{}", way.name());
        let mut cells = vec![id.clone(), String::new()];
        for (measure, value) in RELATION_MEASURES {
            let values = of_relations(runs, way, value);
            let row = Row::over_seeds(format!("{name}.{id}"), measure, &values);
            outcome.rows.push(with_published(row, &id, published));
            if IN_TABLE.contains(&measure) {
                cells.push(cell(&values));
            }
        }
        let unused = of_relations(runs, way, |found| found.losses.unused());
        if unused.iter().any(|&share| share > 0.0) {
            let measure = "share of training relations out of reach";
            let row = Row::over_seeds(format!("{name}.{id}"), measure, &unused);
            outcome.rows.push(row);
        }
        cells.push(format!(
            "{:.0}",
            mean(&of_relations(runs, way, |found| found.speed))
        ));
        table.rows.push(cells);
    }
    outcome.tables.push(table);
    outcome.notes.extend(losses::notes(name, runs));
    samples::add(name, &runs[0], outcome);
    pictures::draw(name, runs, outcome);
    Ok(())
}

fn with_published(row: Row, id: &str, published: Published) -> Row {
    let found = published
        .iter()
        .find(|(way, measure, ..)| *way == id && *measure == row.metric);
    match found {
        Some(&(.., figure, source)) => row.published(figure, source),
        None => row,
    }
}

fn cell(values: &[f64]) -> String {
    let row = Row::over_seeds("", "", values);
    match row.std {
        Some(std) => format!("{:.3} ± {std:.3}", row.ours),
        None => format!("{:.3}", row.ours),
    }
}

/// What PL-Marker finds of entities beyond the better of the ways without markers that were tried.
fn margin(runs: &[Run]) -> Option<Row> {
    let of = |way| of_entities(runs, way, |found| found.f1);
    let baselines = [entities::Way::TokenConcat, entities::Way::Tagger].into_iter();
    let tried = baselines.filter(|way| runs[0].entities.contains_key(way));
    let best = tried.map(of).max_by(|a, b| mean(a).total_cmp(&mean(b)))?;
    let own = of(entities::Way::PlMarker);
    let more: Vec<f64> = own.iter().zip(best).map(|(own, best)| own - best).collect();
    let metric = "Ent F1 beyond the better of token_concat and tagger";
    Some(Row::over_seeds(
        "generated.entities.plmarker",
        metric,
        &more,
    ))
}

/// Adds the claims of the embedded tier.
pub(super) fn check(runs: &[Run], outcome: &mut Outcome) {
    let f1 = mean(&of_entities(runs, entities::Way::PlMarker, |found| {
        found.f1
    }));
    outcome
        .checks
        .push(Check::new("plmarker_ner_f1", f1, Op::Ge, 0.95));
    outcome.rows.extend(margin(runs));
    let id = "plmarker_re_f1 >= token_concat_re_f1";
    claim_gain(id, runs, outcome);
}

/// Adds the claim that PL-Marker finds relations at least as well as the way without markers, where both
/// were tried.
pub(super) fn claim_gain(id: &str, runs: &[Run], outcome: &mut Outcome) {
    let [own, other] = [relations::Way::PlMarker, relations::Way::TokenConcat];
    let tried = &runs[0].relations;
    if !(tried.contains_key(&own) && tried.contains_key(&other)) {
        return;
    }
    let of = |way| mean(&of_relations(runs, way, |found| found.whole));
    let gain = of(own) - of(other);
    outcome.claim(runs.len(), "gain in F1", Check::new(id, gain, Op::Ge, 0.0));
}
