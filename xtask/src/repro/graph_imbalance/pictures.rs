//! Pictures: where conflict lies, what weights come of it, where accuracy goes.

use anyhow::{Result, ensure};
use plm_core::graph::{Which, eigen_dense};
use plm_graph_imbalance::renode::ReNode;
use plm_graph_imbalance::split::Split;

use super::paired::Paired;
use super::problem::{Problem, Run};
use crate::report::{Plot, Series};
use crate::repro::Outcome;

/// Points of the conflict map; more would only cover each other and swell the file.
const MAP_NODES: usize = 1500;

/// Intervals of equal size that test nodes are put into by conflict.
const BINS: usize = 10;

/// The weights of training nodes by rank and by conflict, for the three grids of the paper.
pub(super) fn weights(outcome: &mut Outcome, problem: &Problem, split: &Split) -> Result<()> {
    let totoro = problem.totoro(split)?;
    let conflict = totoro.conflict().values();
    let (mut by_rank, mut by_conflict) = (Vec::new(), Vec::new());
    for (w_min, w_max) in [(0.25, 1.75), (0.5, 1.5), (0.75, 1.25)] {
        let weights = ReNode::new(w_min, w_max)?.weights(&split.train, conflict)?;
        let mut points: Vec<(f64, f64)> = conflict.iter().copied().zip(weights).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.total_cmp(&a.1)));
        let name = format!("{w_min} to {w_max}");
        let ranks = points.iter().enumerate();
        let ranks = ranks
            .map(|(rank, (_, weight))| (rank as f64, *weight))
            .collect();
        by_rank.push(Series::new(name.clone(), ranks));
        by_conflict.push(Series::new(name, points));
    }
    let name = problem.name.replace('-', "_");
    outcome.plots.push(Plot::lines(
        &format!("weights_{name}"),
        &format!(
            "{}: weight of a training node by the rank of its conflict",
            problem.name
        ),
        "rank of T, ascending",
        "weight",
        by_rank,
    ));
    outcome.plots.push(Plot::scatter(
        &format!("weights_by_conflict_{name}"),
        &format!(
            "{}: weight of a training node by its conflict",
            problem.name
        ),
        "conflict T",
        "weight",
        by_conflict,
    ));
    Ok(())
}

/// Nodes by the first two principal components of the class influence that arrives at them: classes
/// are the corners, borders the way between them.
pub(super) fn map(outcome: &mut Outcome, problem: &Problem, split: &Split) -> Result<()> {
    let totoro = problem.totoro(split)?;
    let influence = totoro.influence();
    let classes = influence.n_classes();
    let conflict = totoro.of_all(&problem.graph.labels);
    let step = problem.graph.n_nodes().div_ceil(MAP_NODES).max(1);
    let mut rows: Vec<(Vec<f64>, f64, bool)> = Vec::new();
    for node in 0..problem.graph.n_nodes() as u32 {
        let trained = split.train.binary_search(&node).is_ok();
        let row = influence.row(node);
        let sum: f64 = row.iter().sum();
        let Some(conflict) = conflict[node as usize] else {
            continue;
        };
        // What cannot be reached has no place, and of the others not all are drawn.
        if sum > 0.0 && (trained || (node as usize).is_multiple_of(step)) {
            let share = row.iter().map(|value| value / sum).collect();
            rows.push((share, conflict, trained));
        }
    }
    ensure!(!rows.is_empty(), "{}: no node is reached", problem.name);
    let mean: Vec<f64> = (0..classes)
        .map(|class| rows.iter().map(|row| row.0[class]).sum::<f64>() / rows.len() as f64)
        .collect();
    let mut covariance = vec![0.0; classes * classes];
    for (row, ..) in &rows {
        for a in 0..classes {
            for b in 0..classes {
                covariance[a * classes + b] += (row[a] - mean[a]) * (row[b] - mean[b]);
            }
        }
    }
    let axes = eigen_dense(&covariance, classes, 2.min(classes), Which::Largest)?.vectors;
    let place = |row: &[f64], axis: usize| -> f64 {
        let Some(axis) = axes.get(axis) else {
            return 0.0;
        };
        let centered = row.iter().zip(&mean).map(|(value, mean)| value - mean);
        centered
            .zip(axis)
            .map(|(value, weight)| value * weight)
            .sum()
    };
    let mut sorted: Vec<f64> = rows.iter().map(|row| row.1).collect();
    sorted.sort_by(f64::total_cmp);
    let third = |part: usize| sorted[(sorted.len() * part / 3).min(sorted.len() - 1)];
    let bounds = [third(1), third(2)];
    let mut series = ["low conflict", "middle", "high conflict", "training nodes"]
        .map(|name| Series::new(name, Vec::new()));
    for (row, conflict, trained) in &rows {
        let level = match trained {
            true => 3,
            false => bounds.iter().filter(|bound| conflict >= bound).count(),
        };
        series[level].points.push((place(row, 0), place(row, 1)));
    }
    outcome.plots.push(Plot::scatter(
        &format!("map_{}", problem.name.replace('-', "_")),
        &format!(
            "{}: nodes by the class influence that reaches them",
            problem.name
        ),
        "first principal component",
        "second principal component",
        series.into(),
    ));
    Ok(())
}

/// Accuracy of test nodes by how strong the conflict is where they lie, without and with ReNode.
pub(super) fn accuracy_by_conflict(
    outcome: &mut Outcome,
    problem: &Problem,
    splits: &[Split],
    runs: &Paired,
) -> Result<()> {
    let labels = &problem.graph.labels;
    let mut hits = [[0.0; BINS]; 2];
    let mut counts = [0.0; BINS];
    for (at, split) in splits.iter().enumerate() {
        let conflict = problem.totoro(split)?.of_all(labels);
        let mut nodes = split.test.clone();
        let value = |node: &u32| conflict[*node as usize].unwrap_or(0.0);
        nodes.sort_by(|a, b| value(a).total_cmp(&value(b)).then(a.cmp(b)));
        for (rank, &node) in nodes.iter().enumerate() {
            let bin = rank * BINS / nodes.len();
            counts[bin] += 1.0;
            for (hits, side) in hits.iter_mut().zip([&runs.without, &runs.with]) {
                hits[bin] += share_right(&side[at], node, labels.get(node));
            }
        }
    }
    let line = |name: &str, hits: &[f64; BINS]| {
        let points = hits.iter().zip(&counts).enumerate();
        let points = points.map(|(bin, (hits, count))| ((bin + 1) as f64, hits / count));
        Series::new(name, points.collect())
    };
    outcome.plots.push(Plot::lines(
        &format!("accuracy_by_conflict_{}", problem.name.replace('-', "_")),
        &format!(
            "{}: accuracy of a GCN on test nodes by their conflict",
            problem.name
        ),
        "tenth of the test nodes, by ascending conflict",
        "accuracy",
        vec![
            line("without ReNode", &hits[0]),
            line("with ReNode", &hits[1]),
        ],
    ));
    Ok(())
}

fn share_right(runs: &[Run], node: u32, class: Option<u32>) -> f64 {
    let right = runs
        .iter()
        .filter(|run| Some(run.predictions[node as usize]) == class)
        .count();
    right as f64 / runs.len() as f64
}
