//! Plots.

use std::collections::BTreeMap;

use anyhow::Result;
use plm_core::metrics::mean_std;
use plm_event_contrast::text::SpanVectors;

use super::chart::plane;
use super::study::{Plan, Run, Scene, percent};
use crate::report::{BarGroup, Plot, Series};
use crate::repro::Outcome;

/// Types that are told apart in a scatter plot.
const COLORS: usize = 6;

/// Adds low-data curves, clusters' scores and the picture of triggers.
pub(super) fn draw(name: &str, runs: &[Run], plan: &Plan, outcome: &mut Outcome) -> Result<()> {
    if plan.supervised {
        let systems = [("none", "not pre-trained"), ("both", "pre-trained")];
        curve(name, runs, &plan.shares, systems, outcome);
    }
    if plan.liberal {
        bars(name, runs, outcome)?;
    }
    if let Some(scene) = runs.first().and_then(|run| run.scene.as_ref()) {
        let before = ("before", "before pre-training", &scene.before);
        let after = ("after", "after pre-training", &scene.after);
        for (id, when, vectors) in [before, after] {
            outcome.plots.push(scatter(
                &format!("{name}_triggers_{id}"),
                &format!("{name}: triggers {when}, by event type"),
                scene,
                vectors,
            )?);
        }
        outcome.plots.push(heat(name, scene));
    }
    Ok(())
}

/// Adds F1 by the share of labels for two systems, of the tasks that were measured.
pub(super) fn curve(
    name: &str,
    runs: &[Run],
    shares: &[f64],
    systems: [(&str, &str); 2],
    outcome: &mut Outcome,
) {
    let tasks = [
        ("detection", "F1", "event detection"),
        ("arguments", "F1 (strict)", "argument extraction"),
    ];
    let mut series = Vec::new();
    for (task, metric, title) in tasks {
        for (system, label) in systems {
            let points = shares.iter().filter_map(|&share| {
                let id = format!("{task}.{system}.{}", percent(share));
                Some((100.0 * share, mean(runs, &id, metric)?))
            });
            let points: Vec<_> = points.collect();
            if !points.is_empty() {
                series.push(Series::new(format!("{title}, {label}"), points));
            }
        }
    }
    outcome.plots.push(Plot::lines(
        &format!("{name}_low_data"),
        &format!("{name}: F1 by the share of labels"),
        "labels (%)",
        "F1",
        series,
    ));
}

/// The mean over the runs; nothing where one has no such figure.
fn mean(runs: &[Run], id: &str, metric: &'static str) -> Option<f64> {
    let values: Option<Vec<f64>> = runs.iter().map(|run| run.get(id, metric)).collect();
    Some(mean_std(&values?).ok()?.mean)
}

fn bars(name: &str, runs: &[Run], outcome: &mut Outcome) -> Result<()> {
    let sides = ["triggers", "arguments"];
    let ways = [
        "none.text",
        "none.graph",
        "none.both",
        "text",
        "graph",
        "both",
        "far",
        "mlm",
    ];
    let mut groups = Vec::new();
    for way in ways {
        // Not every encoder can predict masked words.
        if mean(runs, &format!("liberal.{way}.triggers"), "B-cubed F1").is_none() {
            continue;
        }
        let (mut values, mut errors) = (Vec::new(), Vec::new());
        for side in sides {
            let id = format!("liberal.{way}.{side}");
            let found: Vec<f64> = runs
                .iter()
                .filter_map(|run| run.get(&id, "B-cubed F1"))
                .collect();
            let summary = mean_std(&found)?;
            values.push(summary.mean);
            errors.push(summary.std.unwrap_or(0.0));
        }
        groups.push(BarGroup {
            name: way.to_owned(),
            values,
            errors,
        });
    }
    outcome.plots.push(Plot::bars(
        &format!("{name}_b_cubed"),
        &format!("{name}: B-cubed F1 of clusters"),
        "B-cubed F1",
        sides.map(str::to_owned).into(),
        groups,
    ));
    Ok(())
}

fn scatter(id: &str, title: &str, scene: &Scene, vectors: &SpanVectors) -> Result<Plot> {
    let mut of_types: BTreeMap<usize, Vec<(f64, f64)>> = BTreeMap::new();
    for (point, class) in plane(vectors)?.into_iter().zip(&scene.types) {
        if let Some(class) = class {
            of_types.entry(*class).or_default().push(point);
        }
    }
    let mut types: Vec<(usize, Vec<(f64, f64)>)> = of_types.into_iter().collect();
    types.sort_by_key(|(class, points)| (std::cmp::Reverse(points.len()), *class));
    let title = match types.len() {
        count if count > COLORS => format!("{title}: {COLORS} most frequent of {count}"),
        _ => title.to_owned(),
    };
    let series = types
        .into_iter()
        .take(COLORS)
        .map(|(class, points)| Series::new(scene.names[class - 1].clone(), points));
    Ok(Plot::scatter(
        id,
        &title,
        "first principal component",
        "second",
        series.collect(),
    ))
}

fn heat(name: &str, scene: &Scene) -> Plot {
    let clusters = scene.clusters.iter().max().map_or(0, |last| last + 1);
    let mut counts = vec![vec![0.0; clusters]; scene.names.len()];
    for (cluster, class) in scene.clusters.iter().zip(&scene.types) {
        if let Some(class) = class {
            counts[class - 1][*cluster] += 1.0;
        }
    }
    Plot::heat(
        &format!("{name}_clusters"),
        &format!("{name}: triggers of each type in each cluster (pre-trained text encoder)"),
        (
            "cluster",
            (1..=clusters).map(|cluster| cluster.to_string()).collect(),
        ),
        ("event type", scene.names.clone()),
        counts,
    )
}
