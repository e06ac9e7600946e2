//! Rows and pictures of pairs of runs.

use anyhow::Result;
use plm_core::metrics::mean_std;

use super::lab::{Budget, Pair, Run};
use super::published::{AUTHORS, PAPER, Published};
use crate::report::{BarGroup, Plot};
use crate::repro::{Outcome, Row};
use plm_lorentz::task::graph::{LinkScores, NodeScores};

/// A score of a run.
pub(super) type Measure<S> = fn(&S) -> f64;

/// One of the two runs of a pair, by the name of its geometry.
type Side<S> = (&'static str, fn(&Pair<S>) -> Run<S>);

/// What else there is to say of a run, by its name.
type Course<S> = (&'static str, fn(&Run<S>) -> f64);

/// What is reported of a task: the name of each figure and how it is taken, the main one first.
pub(super) const LINKS: [(&str, Measure<LinkScores>); 2] = [
    ("ROC AUC", |scores| scores.roc_auc),
    ("average precision", |scores| scores.average_precision),
];

/// As [`LINKS`], of node classification.
pub(super) const NODES: [(&str, Measure<NodeScores>); 2] = [
    ("F1", |scores| scores.f1),
    ("macro F1", |scores| scores.macro_f1),
];

/// The mean of the main figure in each geometry: the Lorentz model, Euclidean space.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Means {
    pub(super) name: String,
    pub(super) lorentz: f64,
    pub(super) euclid: f64,
    pub(super) deviations: [f64; 2],
}

/// Adds the rows of `name`, one pair a seed.
pub(super) fn rows<S: Copy>(
    outcome: &mut Outcome,
    name: &str,
    pairs: &[Pair<S>],
    measures: [(&str, Measure<S>); 2],
    published: Published,
) -> Result<Means> {
    let sides: [Side<S>; 2] = [
        ("lorentz", |pair| pair.lorentz),
        ("euclid", |pair| pair.euclid),
    ];
    let mut summaries = Vec::new();
    for (at, (side, run)) in sides.into_iter().enumerate() {
        let id = format!("graph.{name}.{side}");
        let over = |metric: &str, figure: &dyn Fn(&Run<S>) -> f64| {
            let values: Vec<f64> = pairs.iter().map(|pair| figure(&run(pair))).collect();
            (Row::over_seeds(&id, metric, &values), values)
        };
        for (place, (metric, measure)) in measures.into_iter().enumerate() {
            let (mut row, values) = over(metric, &|run| measure(&run.test));
            if place == 0 {
                summaries.push(mean_std(&values)?);
                if let Some(figure) = published.paper[at] {
                    row = row.published(figure, PAPER);
                }
            }
            outcome.rows.push(row);
            if let (0, Some(figure)) = (at, published.measured[place]) {
                let (row, _) = over(&format!("{metric}, beside the authors' code"), &|run| {
                    measure(&run.test)
                });
                outcome.rows.push(row.published(figure, AUTHORS));
            }
        }
        let rest: [Course<S>; 3] = [
            ("best epoch", |run| run.best_epoch as f64),
            ("epochs", |run| run.epochs as f64),
            ("seconds an epoch", |run| run.seconds_per_epoch),
        ];
        for (metric, figure) in rest {
            outcome.rows.push(over(metric, &figure).0);
        }
    }
    Ok(Means {
        name: name.to_owned(),
        lorentz: summaries[0].mean,
        euclid: summaries[1].mean,
        deviations: [0, 1].map(|at| summaries[at].std.unwrap_or(0.0)),
    })
}

/// The sides of `name` with runs that the limit of epochs ended, in words.
pub(super) fn at_limit<S: Copy>(name: &str, pairs: &[Pair<S>], budget: Budget) -> Vec<String> {
    let sides: [Side<S>; 2] = [
        ("Lorentz", |pair| pair.lorentz),
        ("Euclid", |pair| pair.euclid),
    ];
    let mut found = Vec::new();
    for (side, run) in sides {
        let cut = pairs
            .iter()
            .filter(|pair| run(pair).epochs >= budget.epochs);
        match cut.count() {
            0 => {}
            count => found.push(format!("{name} {side} ({count} of {})", pairs.len())),
        }
    }
    found
}

/// Adds bars of both geometries over all tasks.
pub(super) fn picture(outcome: &mut Outcome, means: &[Means]) {
    let group = |name: &str, at: usize, value: fn(&Means) -> f64| BarGroup {
        name: name.to_owned(),
        values: means.iter().map(value).collect(),
        errors: means.iter().map(|means| means.deviations[at]).collect(),
    };
    outcome.plots.push(Plot::bars(
        "graph_geometries",
        "Graphs: the Lorentz network and its Euclidean twin",
        "ROC AUC of links, F1 of nodes",
        means.iter().map(|means| means.name.clone()).collect(),
        vec![
            group("Lorentz", 0, |means| means.lorentz),
            group("Euclid", 1, |means| means.euclid),
        ],
    ));
}
