//! Conflict against accuracy: sampled and constructed levels of topology imbalance.

use anyhow::{Context as _, Result};
use plm_core::metrics::{pearson, spearman};
use plm_core::rng::Seed;
use plm_graph_imbalance::graph::NodeGraph;
use plm_graph_imbalance::model::{Architecture, NetworkConfig};
use plm_graph_imbalance::ppr::CgPpr;
use plm_graph_imbalance::split::{
    BalancedSplit, ConflictLevels, LevelOptions, RankedSplit, Split, TopologyLevel,
    constructed_split, sampled_levels,
};
use plm_graph_imbalance::totoro::Totoro;

use super::networks::architectures;
use super::paired::{Gain, claim, paired};
use super::problem::{Method, Problem};
use super::published;
use crate::report::{BarGroup, Plot, Series};
use crate::repro::{Context, Outcome, Row};

/// How much of the study is run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    /// Random splits that are drawn and ranked.
    pub(super) draws: usize,
    /// Splits that each sampled level keeps.
    pub(super) keep: usize,
    /// Constructed splits of each level.
    pub(super) constructed: usize,
}

/// Splits of little and of much conflict among random ones: what the paper's levels are.
pub(super) fn sampled(
    context: &Context,
    outcome: &mut Outcome,
    problem: &Problem,
    extent: Extent,
) -> Result<()> {
    let options = LevelOptions {
        split: BalancedSplit::default(),
        draws: extent.draws,
        keep: extent.keep,
    };
    let ConflictLevels { low, middle, high } = sampled_levels(
        &problem.diffusion,
        &problem.graph.labels,
        &options,
        &CgPpr::default(),
        Seed::new(11),
    )?;
    let name = &problem.name;
    let config = NetworkConfig::new(Architecture::Gcn);
    // One initialization a split: splits are what conflict is a property of.
    let seeds = &context.seeds[..1];
    let (mut conflicts, mut scores, mut gains) = (Vec::new(), Vec::new(), Vec::new());
    let mut series = Vec::new();
    for (level, ranked) in [("low", low), ("middle", middle), ("high", high)] {
        let bar = context
            .progress
            .bar(2 * ranked.len() as u64, &format!("{name} {level}"));
        let splits: Vec<Split> = ranked.iter().map(|ranked| ranked.split.clone()).collect();
        let runs = paired(problem, &config, Method::plain(), &splits, seeds, &bar)?;
        let own: Vec<f64> = ranked
            .iter()
            .map(|RankedSplit { conflict, .. }| *conflict)
            .collect();
        let means = runs.split_means(|scores| scores.weighted_f1);
        let id = format!("{name}.sampled.{level}");
        let mean = own.iter().sum::<f64>() / own.len() as f64;
        outcome
            .rows
            .push(Row::new(id.clone(), "overall conflict ΣT", mean));
        let rows = runs.rows(&id, "weighted F1", |scores| scores.weighted_f1);
        outcome.rows.extend(published::level(&id, rows));
        let gain = runs.gain(|scores| scores.weighted_f1);
        outcome.rows.push(gain.row(
            format!("{id}.gain"),
            "points of weighted F1 (± standard error)",
        ));
        gains.push(gain);
        series.push(Series::new(
            level,
            own.iter().copied().zip(means.iter().copied()).collect(),
        ));
        conflicts.extend(own);
        scores.extend(means);
    }
    let correlation = pearson(&conflicts, &scores)?;
    let row = Row::new(
        format!("{name}.conflict_and_f1"),
        format!("Pearson correlation over {} splits", scores.len()),
        correlation,
    );
    outcome.rows.push(published::correlation(name, row));
    let (low, high) = (gains[0], gains[2]);
    outcome.rows.push(difference(
        format!("{name}.renode_gain_high_minus_low"),
        low,
        high,
    ));
    outcome.plots.push(Plot::scatter(
        &format!("conflict_{}", name.replace('-', "_")),
        &format!(
            "{name}: conflict of random splits and weighted F1 of a GCN, r = {correlation:.2}"
        ),
        "overall conflict ΣT of the training nodes",
        "weighted F1",
        series,
    ));
    Ok(())
}

/// Training nodes from the third of each class with the least, the middle or the most conflict, for
/// each network: how sensitive it is to where labels lie.
pub(super) fn constructed(
    context: &Context,
    outcome: &mut Outcome,
    problem: &Problem,
    extent: Extent,
) -> Result<()> {
    let (name, labels) = (&problem.name, &problem.graph.labels);
    let all: Vec<u32> = labels.members().into_iter().flatten().collect();
    let totoro = Totoro::solve(&problem.diffusion, labels, &all, &CgPpr::default())?;
    let conflict = totoro.of_all(labels);
    let levels = [
        ("low", TopologyLevel::Low),
        ("middle", TopologyLevel::Middle),
        ("high", TopologyLevel::High),
    ];
    let mut splits = Vec::new();
    for (level, which) in levels {
        let own: Vec<Split> = (0..extent.constructed as u64)
            .map(|at| {
                let draw = BalancedSplit::default();
                Ok(constructed_split(
                    labels,
                    &conflict,
                    which,
                    &draw,
                    Seed::new(at),
                )?)
            })
            .collect::<Result<_>>()
            .with_context(|| format!("{name}, constructed level {level}"))?;
        let mut sum = 0.0;
        for split in &own {
            sum += problem.totoro(split)?.conflict().total();
        }
        outcome.rows.push(Row::new(
            format!("{name}.constructed.{level}"),
            "overall conflict ΣT",
            sum / own.len() as f64,
        ));
        splits.push(own);
    }
    let mut groups: Vec<BarGroup> = levels
        .iter()
        .map(|(level, _)| BarGroup {
            name: (*level).to_owned(),
            values: Vec::new(),
            errors: Vec::new(),
        })
        .collect();
    let seeds = &context.seeds[..1];
    for (network, architecture) in architectures() {
        let config = NetworkConfig::new(architecture);
        let total = 2 * 3 * extent.constructed;
        let bar = context
            .progress
            .bar(total as u64, &format!("{name} {network} by level"));
        let mut gains = Vec::new();
        for (at, (level, _)) in levels.iter().enumerate() {
            let runs = paired(problem, &config, Method::plain(), &splits[at], seeds, &bar)?;
            let id = format!("{name}.constructed.{level}.{network}");
            let rows = runs.rows(&id, "weighted F1", |scores| scores.weighted_f1);
            groups[at].values.push(rows[0].ours);
            groups[at].errors.push(rows[0].std.unwrap_or(0.0));
            outcome.rows.extend(rows);
            let gain = runs.gain(|scores| scores.weighted_f1);
            outcome.rows.push(gain.row(
                format!("{id}.gain"),
                "points of weighted F1 (± standard error)",
            ));
            gains.push(gain);
        }
        outcome.rows.push(difference(
            format!("{name}.constructed.{network}.renode_gain_high_minus_low"),
            gains[0],
            gains[2],
        ));
    }
    outcome.plots.push(Plot::bars(
        &format!("levels_{}", name.replace('-', "_")),
        &format!("{name}: weighted F1 by where the labels of a class lie, without ReNode"),
        "weighted F1",
        architectures()
            .iter()
            .map(|(network, _)| (*network).to_owned())
            .collect(),
        groups,
    ));
    Ok(())
}

/// Whether conflict says where borders are: the larger a node's, the more of its neighbors are of other
/// classes. Over all nodes with neighbors, of which `totoros` know no labels but those of their splits.
pub(super) fn neighbors(
    outcome: &mut Outcome,
    problem: &Problem,
    totoros: &[Totoro],
) -> Result<()> {
    let foreign = foreign_shares(&problem.graph);
    let correlations: Vec<f64> = totoros
        .iter()
        .map(|totoro| {
            let conflicts = totoro.of_all(&problem.graph.labels);
            let both = conflicts.into_iter().zip(&foreign);
            let (conflicts, shares): (Vec<f64>, Vec<f64>) = both
                .filter_map(|(conflict, share)| Some((conflict?, (*share)?)))
                .unzip();
            Ok(spearman(&conflicts, &shares)?)
        })
        .collect::<Result<_>>()?;
    let metric = "rank correlation of T with the share of neighbors of other classes";
    let id = format!("{}.conflict_and_neighbors", problem.name);
    outcome
        .rows
        .push(Row::over_seeds(id, metric, &correlations));
    let id = "conflict_follows_neighbors";
    claim(outcome, id, metric, &correlations, 0.0);
    Ok(())
}

/// The share of each node's neighbors that are of another class; none where it has no neighbor.
fn foreign_shares(graph: &NodeGraph) -> Vec<Option<f64>> {
    let share = |node: u32| {
        let (neighbors, _) = graph.csr().row(node as usize);
        let own = graph.labels.get(node);
        let foreign = neighbors
            .iter()
            .filter(|&&neighbor| graph.labels.get(neighbor) != own);
        let foreign = foreign.count() as f64;
        (!neighbors.is_empty()).then(|| foreign / neighbors.len() as f64)
    };
    (0..graph.n_nodes() as u32).map(share).collect()
}

fn difference(id: String, low: Gain, high: Gain) -> Row {
    let error = low.standard_error.hypot(high.standard_error);
    let mut row = Row::new(
        id,
        "points of weighted F1 (± standard error)",
        high.mean - low.mean,
    );
    row.std = error.is_finite().then_some(error);
    row
}

#[cfg(test)]
mod tests {
    use plm_graph_imbalance::graph::{Adjacency, Features, Labels};

    use super::*;

    #[test]
    fn foreign_neighbors_are_counted() {
        // A path of three with classes 0, 0, 1, and a node alone.
        let graph = NodeGraph::new(
            Adjacency::from_edges(4, &[(0, 1), (1, 2)]).unwrap(),
            Features::identity(4).unwrap(),
            Labels::complete(&[0, 0, 1, 1]).unwrap(),
        )
        .unwrap();
        let expected = [Some(0.0), Some(0.5), Some(1.0), None];
        assert_eq!(foreign_shares(&graph), expected);
    }
}
