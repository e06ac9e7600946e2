//! What labels near borders cost: training nodes between two classes against training nodes of one class.
//! Both are judged by the same nodes, all of one class: what is lost, the training nodes lose.

use anyhow::{Result, ensure};
use burn::tensor::Device;
use plm_core::metrics::roc_auc;
use plm_core::rng::Seed;
use plm_graph_imbalance::generate::Sbm;
use plm_graph_imbalance::graph::{Labels, NodeGraph};
use plm_graph_imbalance::model::{Architecture, NetworkConfig};
use plm_graph_imbalance::split::Split;
use rand::seq::SliceRandom;

use super::embedded::drawn;
use super::networks::balanced;
use super::paired::{Gain, claim, in_threads};
use super::problem::{Method, Problem};
use crate::repro::{Context, Outcome, Row};

/// Share of nodes between two classes, and the share of their edges and words that come from the second:
/// they lie on the border.
const SHARE: f64 = 0.5;
const MIXING: f64 = 0.5;

/// Training and validation nodes of each class.
const TRAIN_EACH: usize = 20;
const VALID_EACH: usize = 30;

/// What is other about training nodes between two classes.
pub(super) const WHAT_IS_MIXED: &str = "The mixed training nodes of `borders` take half of their edges and \
    half of their words from another class, so that `borders.lost` is not the cost of their place in the \
    graph alone; in `borders.edges` their words are all of their own class. The checks on `borders` are \
    means over splits less twice their standard errors.";

/// A GCN trained on either set, and whether Totoro's conflict tells the nodes apart.
pub(super) fn compare(
    context: &Context,
    outcome: &mut Outcome,
    nodes: usize,
    count: usize,
    device: &Device,
) -> Result<()> {
    let sbm = drawn(nodes, SHARE, MIXING)?;
    let edges_alone = with_own_words(&sbm, nodes)?;
    let mixed: Vec<bool> = sbm.second_class.iter().map(Option::is_some).collect();
    let problem = Problem::new("borders", sbm.graph, false, device)?;
    let pairs: Vec<[Split; 2]> = (0..count as u64)
        .map(|at| draw(&problem.graph.labels, &mixed, Seed::new(at)))
        .collect::<Result<_>>()?;
    for (at, side) in ["pure", "mixed"].into_iter().enumerate() {
        let conflicts: Vec<f64> = pairs
            .iter()
            .map(|pair| Ok(problem.totoro(&pair[at])?.conflict().total()))
            .collect::<Result<_>>()?;
        let id = format!("borders.{side}");
        outcome
            .rows
            .push(Row::over_seeds(id, "overall conflict ΣT", &conflicts));
    }
    let lost = cost(context, outcome, &problem, &pairs, "borders")?;
    let id = "f1_lost_to_conflicting_training_nodes";
    claim(outcome, id, "weighted F1", &lost, 0.0);
    // The same name, so that weights and dropout begin alike.
    let edges_alone = Problem::new("borders", edges_alone, false, device)?;
    cost(context, outcome, &edges_alone, &pairs, "borders.edges")?;
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

/// The graph of `sbm` in which every node has the words of its own class alone.
fn with_own_words(sbm: &Sbm, nodes: usize) -> Result<NodeGraph> {
    // Words are drawn apart from edges, and memberships before both.
    let unmixed = drawn(nodes, SHARE, 0.0)?;
    ensure!(
        unmixed.graph.labels == sbm.graph.labels && unmixed.second_class == sbm.second_class,
        "the same seed gave other nodes"
    );
    Ok(NodeGraph::new(
        sbm.graph.adjacency.clone(),
        unmixed.graph.features,
        sbm.graph.labels.clone(),
    )?)
}

/// Trains on both splits of every pair and gives what the second loses in weighted F1; rows under `id`.
fn cost(
    context: &Context,
    outcome: &mut Outcome,
    problem: &Problem,
    pairs: &[[Split; 2]],
    id: &str,
) -> Result<Vec<f64>> {
    let jobs: Vec<(usize, usize)> = (0..pairs.len()).flat_map(|at| [(at, 0), (at, 1)]).collect();
    let bar = context.progress.bar(jobs.len() as u64, id);
    let config = NetworkConfig::new(Architecture::Gcn);
    let first = Seed::new(context.seeds[0]);
    let runs = in_threads(&jobs, |&(at, side)| {
        let seed = first.child(&problem.name).at(at as u64);
        let run = problem.train(&config, &Method::plain(), &pairs[at][side], None, seed)?;
        bar.inc(1);
        Ok(run.test.weighted_f1)
    })?;
    let side = |side: usize| -> Vec<f64> { runs.iter().skip(side).step_by(2).copied().collect() };
    let (pure, mixed) = (side(0), side(1));
    for (name, scores) in [("pure", &pure), ("mixed", &mixed)] {
        let id = format!("{id}.{name}");
        outcome
            .rows
            .push(Row::over_seeds(id, "weighted F1", scores));
    }
    let lost: Vec<f64> = pure.iter().zip(&mixed).map(|(a, b)| a - b).collect();
    let points: Vec<f64> = lost.iter().map(|lost| 100.0 * lost).collect();
    outcome.rows.push(Gain::of(&points).row(
        format!("{id}.lost"),
        "points of weighted F1 (± standard error)",
    ));
    Ok(lost)
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
    use plm_graph_imbalance::generate::WordConfig;
    use plm_graph_imbalance::graph::Features;

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

    #[test]
    fn own_words_change_no_edge() {
        let sbm = drawn(350, SHARE, MIXING).unwrap();
        let graph = with_own_words(&sbm, 350).unwrap();
        assert_eq!(graph.adjacency, sbm.graph.adjacency);
        // No node has words of another class's topic.
        let Features::Sparse(words) = &graph.features else {
            panic!("words are sparse");
        };
        let topic_words = WordConfig::default().topic_words as u32;
        for (node, word, _) in words.entries() {
            let topic = word / topic_words;
            assert!(topic >= 7 || Some(topic) == graph.labels.get(node));
        }
        let Features::Sparse(mixed) = &sbm.graph.features else {
            panic!("words are sparse");
        };
        assert_ne!(words, mixed);
    }
}
