//! Every network with and without ReNode: the paper's first table.

use anyhow::Result;
use plm_core::rng::Seed;
use plm_graph_imbalance::model::{Architecture, NetworkConfig};
use plm_graph_imbalance::split::{BalancedSplit, Split};

use super::paired::{Gain, Paired, paired};
use super::problem::{Method, Problem};
use super::published;
use crate::report::{BarGroup, Plot};
use crate::repro::{Context, Outcome, Row};

/// The networks of the comparison, by name.
pub(super) fn architectures() -> [(&'static str, Architecture); 7] {
    [
        ("gcn", Architecture::Gcn),
        ("gat", Architecture::gat()),
        ("sage", Architecture::Sage),
        ("cheb", Architecture::cheb()),
        ("sgc", Architecture::Sgc),
        ("ppnp", Architecture::Ppnp),
        ("appnp", Architecture::appnp()),
    ]
}

/// `count` splits with as many labels in every class.
pub(super) fn balanced(problem: &Problem, count: usize) -> Result<Vec<Split>> {
    let draw = BalancedSplit::default();
    (0..count as u64)
        .map(|at| Ok(draw.draw(&problem.graph.labels, Seed::new(at))?))
        .collect()
}

/// Runs every network with cross-entropy on `splits`, first GCN, and gives the runs of GCN.
pub(super) fn compare(
    context: &Context,
    outcome: &mut Outcome,
    problem: &Problem,
    gcn_splits: &[Split],
    splits: &[Split],
) -> Result<Paired> {
    let name = &problem.name;
    let mut gcn = None;
    let (mut names, mut gains) = (Vec::new(), Vec::new());
    for (network, architecture) in architectures() {
        let splits = if network == "gcn" { gcn_splits } else { splits };
        let total = splits.len() * context.seeds.len() * 2;
        let bar = context
            .progress
            .bar(total as u64, &format!("{name} {network}"));
        let config = NetworkConfig::new(architecture);
        let runs = paired(
            problem,
            &config,
            Method::plain(),
            splits,
            &context.seeds,
            &bar,
        )?;
        let id = format!("{name}.{network}");
        let gain = report(outcome, &id, &runs);
        names.push(network.to_owned());
        gains.push(gain);
        if network == "gcn" {
            gcn = Some(runs);
        }
    }
    let bars = BarGroup {
        name: "gain".to_owned(),
        values: gains.iter().map(|gain| gain.mean).collect(),
        errors: gains
            .iter()
            .map(|gain| {
                if gain.standard_error.is_finite() {
                    gain.standard_error
                } else {
                    0.0
                }
            })
            .collect(),
    };
    outcome.plots.push(Plot::bars(
        &format!("gain_{}", name.replace('-', "_")),
        &format!("{name}: what ReNode adds to each network, with standard errors"),
        "points of weighted F1",
        names,
        vec![bars],
    ));
    gcn.ok_or_else(|| anyhow::anyhow!("GCN is among the networks"))
}

/// The rows of one network on one data set; gives its gain in weighted F1.
pub(super) fn report(outcome: &mut Outcome, id: &str, runs: &Paired) -> Gain {
    let weighted = runs.rows(id, "weighted F1", |scores| scores.weighted_f1);
    outcome.rows.extend(published::weighted_f1(id, weighted));
    outcome
        .rows
        .extend(runs.rows(id, "macro F1", |scores| scores.macro_f1));
    outcome
        .rows
        .extend(runs.rows(id, "accuracy", |scores| scores.accuracy));
    let gain = runs.gain(|scores| scores.weighted_f1);
    outcome.rows.push(gain.row(
        format!("{id}.gain"),
        "points of weighted F1 (± standard error)",
    ));
    outcome
        .rows
        .push(Row::new(format!("{id}.wins"), "share of splits", gain.wins));
    outcome.rows.push(Row::new(
        format!("{id}.epochs"),
        "mean epochs",
        runs.epochs(),
    ));
    gain
}
