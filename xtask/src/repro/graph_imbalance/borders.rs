//! What labels near borders cost: training nodes between two classes against training nodes of one class.
//! Both are judged by the same nodes, all of one class: what is lost, the training nodes lose.

use anyhow::{Result, ensure};
use burn::tensor::Device;
use plm_core::metrics::roc_auc;
use plm_core::rng::Seed;
use plm_graph_imbalance::graph::Labels;
use plm_graph_imbalance::model::{Architecture, NetworkConfig};
use plm_graph_imbalance::split::Split;
use rand::seq::SliceRandom;

use super::embedded::drawn;
use super::networks::balanced;
use super::paired::{Gain, in_threads};
use super::problem::{Method, Problem};
use crate::repro::{Check, Context, ENOUGH_SEEDS, Op, Outcome, Row};

/// Share of nodes between two classes, and the share of their edges and words that come from the second:
/// they lie on the border.
const SHARE: f64 = 0.5;
const MIXING: f64 = 0.5;

/// Training and validation nodes of each class.
const TRAIN_EACH: usize = 20;
const VALID_EACH: usize = 30;

/// A GCN trained on either set, and whether Totoro's conflict tells the nodes apart.
pub(super) fn compare(
    context: &Context,
    outcome: &mut Outcome,
    nodes: usize,
    count: usize,
    device: &Device,
) -> Result<()> {
    let sbm = drawn(nodes, SHARE, MIXING)?;
    let mixed: Vec<bool> = sbm.second_class.iter().map(Option::is_some).collect();
    let problem = Problem::new("borders", sbm.graph, false, device)?;
    let pairs: Vec<[Split; 2]> = (0..count as u64)
        .map(|at| draw(&problem.graph.labels, &mixed, Seed::new(at)))
        .collect::<Result<_>>()?;
    let jobs: Vec<(usize, usize)> = (0..count).flat_map(|at| [(at, 0), (at, 1)]).collect();
    let bar = context.progress.bar(jobs.len() as u64, "borders");
    let config = NetworkConfig::new(Architecture::Gcn);
    let first = Seed::new(context.seeds[0]);
    let runs = in_threads(&jobs, |&(at, side)| {
        let seed = first.child(&problem.name).at(at as u64);
        let run = problem.train(&config, &Method::plain(), &pairs[at][side], None, seed)?;
        bar.inc(1);
        Ok(run.test.weighted_f1)
    })?;
    let side = |side: usize| -> Vec<f64> { runs.iter().skip(side).step_by(2).copied().collect() };
    let (pure, between) = (side(0), side(1));
    for (at, (name, scores)) in [("pure", &pure), ("mixed", &between)]
        .into_iter()
        .enumerate()
    {
        let id = format!("borders.{name}");
        let conflicts: Vec<f64> = pairs
            .iter()
            .map(|pair| Ok(problem.totoro(&pair[at])?.conflict().total()))
            .collect::<Result<_>>()?;
        outcome.rows.push(Row::over_seeds(
            id.clone(),
            "overall conflict ΣT",
            &conflicts,
        ));
        outcome
            .rows
            .push(Row::over_seeds(id, "weighted F1", scores));
    }
    let lost: Vec<f64> = pure.iter().zip(&between).map(|(a, b)| a - b).collect();
    let points: Vec<f64> = lost.iter().map(|lost| 100.0 * lost).collect();
    outcome
        .rows
        .push(Gain::of(&points).row("borders.lost", "points of weighted F1 (± standard error)"));
    let id = "f1_lost_to_conflicting_training_nodes";
    claim(outcome, id, "weighted F1", &lost, 0.0);
    let separated: Vec<f64> = balanced(&problem, count)?
        .iter()
        .map(|split| separation(&problem, split, &mixed))
        .collect::<Result<_>>()?;
    let metric = "AUROC of T, mixed against pure nodes";
    outcome
        .rows
        .push(Row::over_seeds("borders.conflict", metric, &separated));
    let id = "conflict_separates_mixed_nodes";
    claim(outcome, id, metric, &separated, 0.5);
    Ok(())
}

/// That the mean of `values` is above `bound`; a row where there are too few of them.
fn claim(outcome: &mut Outcome, id: &str, metric: &str, values: &[f64], bound: f64) {
    if values.len() < ENOUGH_SEEDS {
        outcome.rows.push(Row::over_seeds(id, metric, values));
        return;
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    outcome.checks.push(Check::new(id, mean, Op::Gt, bound));
}

/// How well the conflict of all nodes with the training nodes of `split` ranks mixed nodes above pure ones.
fn separation(problem: &Problem, split: &Split, mixed: &[bool]) -> Result<f64> {
    let conflicts = problem.totoro(split)?.of_all(&problem.graph.labels);
    let labeled = conflicts.into_iter().zip(mixed);
    let (scores, gold): (Vec<f64>, Vec<bool>) = labeled
        .filter_map(|(conflict, mixed)| Some((conflict?, *mixed)))
        .unzip();
    Ok(roc_auc(&gold, &scores)?)
}

/// A split with training nodes of one class each, and one with training nodes between two; validation and
/// test nodes are the same, of one class each.
fn draw(labels: &Labels, mixed: &[bool], seed: Seed) -> Result<[Split; 2]> {
    let mut rng = seed.stream("borders");
    let (mut pure, mut between) = (Vec::new(), Vec::new());
    let (mut valid, mut test) = (Vec::new(), Vec::new());
    for (class, members) in labels.members().into_iter().enumerate() {
        let (mut border, mut inside): (Vec<u32>, Vec<u32>) =
            members.into_iter().partition(|&node| mixed[node as usize]);
        ensure!(
            border.len() >= TRAIN_EACH && inside.len() > TRAIN_EACH + VALID_EACH,
            "class {class} has {} nodes between classes and {} others, too few to train on either",
            border.len(),
            inside.len()
        );
        border.shuffle(&mut rng);
        inside.shuffle(&mut rng);
        between.extend_from_slice(&border[..TRAIN_EACH]);
        let mut rest = inside.split_off(TRAIN_EACH);
        test.extend(rest.split_off(VALID_EACH));
        valid.extend(rest);
        pure.extend(inside);
    }
    for nodes in [&mut pure, &mut between, &mut valid, &mut test] {
        nodes.sort_unstable();
    }
    Ok([pure, between].map(|train| Split {
        train,
        valid: valid.clone(),
        test: test.clone(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_splits_are_judged_by_the_same_pure_nodes() {
        // Two classes; every third node of 360 is mixed: 60 mixed and 120 pure nodes a class.
        let classes: Vec<u32> = (0..360).map(|node| node % 2).collect();
        let labels = Labels::complete(&classes).unwrap();
        let mixed: Vec<bool> = (0..360).map(|node| node % 3 == 0).collect();
        let [pure, between] = draw(&labels, &mixed, Seed::new(1)).unwrap();
        pure.check(&labels).unwrap();
        between.check(&labels).unwrap();
        assert_eq!((&pure.valid, &pure.test), (&between.valid, &between.test));
        assert_eq!((pure.train.len(), between.train.len()), (40, 40));
        assert_eq!((pure.valid.len(), pure.test.len()), (60, 140));
        let is_mixed = |node: &u32| mixed[*node as usize];
        assert!(between.train.iter().all(is_mixed));
        let judged = [&pure.train, &pure.valid, &pure.test];
        assert!(!judged.into_iter().flatten().any(is_mixed));
        assert!(draw(&labels, &[false; 360], Seed::new(1)).is_err());
    }
}
