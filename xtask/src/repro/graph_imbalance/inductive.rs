//! The inductive setting: PPRGo, which sees the training nodes and what their PageRank names.

use std::ops::ControlFlow;

use anyhow::{Result, bail};
use plm_core::rng::Seed;
use plm_graph_imbalance::loss::Reduction;
use plm_graph_imbalance::model::{Architecture, Network, NetworkConfig};
use plm_graph_imbalance::ppr::{PprForm, PushPpr};
use plm_graph_imbalance::split::{InductiveIssue, Split, inductive_split};
use plm_graph_imbalance::train::{NodeScores, PprgoData, TrainConfig, train_pprgo};

use super::paired::{Gain, in_threads};
use super::problem::{Method, Problem};
use crate::repro::{Context, Outcome, Row};

/// Residual bound and entries kept of a row of PageRank, as PPRGo has them; the reference keeps all.
const EPSILON: f64 = 1e-4;
const TOP_K: usize = 32;

/// Labels in each class, and epochs: the reference trains 800 on graphs a hundred times as large.
const TRAIN_EACH: usize = 20;
const EPOCHS: usize = 200;

/// What is other here than in the inductive half of the reference code.
pub(super) const DIFFERENCES: &str = "PPRGo minimizes the sum over training nodes, as the inductive half of \
    the authors' code does, for 200 epochs instead of 800, and its weights come from the exact conflict, \
    not from softmaxed push scores. Rows of PageRank keep their 32 largest entries, where that code keeps \
    all; the epoch of the best validation score counts, not the last; nodes are scored with the symmetric \
    propagation matrix. One initialization a split.";

/// PPRGo without and with ReNode, for topology imbalance alone and for both.
pub(super) fn compare(
    context: &Context,
    outcome: &mut Outcome,
    problem: &Problem,
    count: usize,
) -> Result<()> {
    let name = &problem.name;
    for (issue, which) in [
        ("tinl", InductiveIssue::Topology),
        ("qinl", InductiveIssue::Quantity),
    ] {
        let splits: Vec<Split> = draw(problem, which, count)?;
        let bar = context
            .progress
            .bar(2 * splits.len() as u64, &format!("{name} pprgo {issue}"));
        let jobs: Vec<(usize, bool)> = (0..splits.len())
            .flat_map(|at| [(at, false), (at, true)])
            .collect();
        let scores = in_threads(&jobs, |&(at, renode)| {
            let scores = train(problem, &splits[at], renode, Seed::new(at as u64));
            bar.inc(1);
            scores
        })?;
        let side = |side: usize| -> Vec<f64> {
            let own = scores.iter().skip(side).step_by(2);
            own.map(|scores| scores.weighted_f1).collect()
        };
        let (without, with) = (side(0), side(1));
        let id = format!("{name}.inductive.{issue}.pprgo");
        outcome
            .rows
            .push(Row::over_seeds(id.clone(), "weighted F1", &without));
        outcome.rows.push(Row::over_seeds(
            format!("{id}.renode"),
            "weighted F1",
            &with,
        ));
        let gains: Vec<f64> = without
            .iter()
            .zip(&with)
            .map(|(a, b)| 100.0 * (b - a))
            .collect();
        outcome.rows.push(Gain::of(&gains).row(
            format!("{id}.gain"),
            "points of weighted F1 (± standard error)",
        ));
    }
    Ok(())
}

/// Splits in which every class has a training node: few labels by chance leave some without.
fn draw(problem: &Problem, issue: InductiveIssue, count: usize) -> Result<Vec<Split>> {
    let mut splits = Vec::new();
    for seed in 0..20 * count as u64 {
        match inductive_split(&problem.graph.labels, issue, TRAIN_EACH, Seed::new(seed)) {
            Ok(split) => splits.push(split),
            Err(plm_graph_imbalance::Error::EmptyClass { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        if splits.len() == count {
            return Ok(splits);
        }
    }
    bail!(
        "{}: random labels hardly ever reach every class",
        problem.name
    )
}

fn train(problem: &Problem, split: &Split, renode: bool, seed: Seed) -> Result<NodeScores> {
    let device = &problem.device;
    let rows = PushPpr::new(EPSILON)?.rows::<f32>(
        &problem.diffusion,
        &split.train,
        Some(TOP_K),
        PprForm::Symmetric,
    )?;
    let weights = renode.then(|| problem.weights(split)).transpose()?;
    let objective = problem
        .objective(&Method::plain(), split, weights.as_deref())?
        .with_reduction(Reduction::Sum);
    let config = NetworkConfig::new(Architecture::pprgo());
    let width = problem.inputs.features().width();
    let Network::Pprgo(model) = config.init(width, problem.graph.n_classes(), seed, device)? else {
        bail!("settings of PPRGo make a PPRGo");
    };
    let data = PprgoData {
        rows: &rows,
        features: &problem.graph.features,
        batch_size: None,
    };
    let config = TrainConfig {
        max_epochs: EPOCHS,
        ..TrainConfig::inductive(seed)
    };
    let trained = train_pprgo(
        model,
        &data,
        &objective,
        &problem.evaluation(split),
        &config,
        device,
        &mut |_| ControlFlow::Continue(()),
    )?;
    trained.test.ok_or_else(|| anyhow::anyhow!("no test node"))
}
