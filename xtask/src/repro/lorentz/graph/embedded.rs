//! A generated disease on a tree.

use anyhow::{Context as _, Result, ensure};
use plm_core::rng::Seed;

use super::depth;
use super::lab::{Budget, Links, Nodes, Twin};
use super::published::Published;
use super::report::{LINKS, NODES, picture, rows};
use crate::repro::{Check, Context, Op, Outcome};
use plm_lorentz::data::generate::SirTreeConfig;
use plm_lorentz::data::graph::{GraphDataset, LinkSplitConfig, NodeSplit};
use plm_lorentz::task::graph::GraphRecipe;

/// Trees that are drawn before one has enough nodes of both classes.
const DRAWS: u64 = 50;
/// The learning rate of both networks.
const LR: f64 = 0.02;

/// Runs it.
pub(in crate::repro::lorentz) fn run(context: &Context, outcome: &mut Outcome) -> Result<()> {
    let device = plm_core::device::parse(&context.device)?;
    let nodes: usize = context.settings.get("graph_nodes", 1000)?;
    let epochs: usize = context.settings.get("graph_epochs", 200)?;
    ensure!(nodes >= 300, "graph_nodes={nodes}: at least 300");
    let budget = Budget {
        epochs,
        patience: epochs,
    };
    let links = GraphRecipe {
        lr: LR,
        ..GraphRecipe::DISEASE_LINKS
    };
    let classes = GraphRecipe {
        lr: LR,
        relu: true,
        dropout: 0.0,
        ..GraphRecipe::DISEASE_NODES
    };
    let twin = Twin {
        lr: LR,
        ..Twin::PLAIN
    };
    let split = |labels: &[u32], seed| Ok(NodeSplit::stratified(labels, 0.15, 0.35, seed)?);
    let (mut link_pairs, mut node_pairs) = (Vec::new(), Vec::new());
    for &number in &context.seeds {
        let seed = Seed::new(number);
        let graph = tree(nodes, seed.child("tree"))?;
        let label = format!("disease tree, seed {number}");
        let bar = context.progress.bar(4 * epochs as u64, &label);
        let problem = Links {
            graph: &graph,
            features: graph.features.clone(),
            degrees: false,
            // A fifth to test on, so that the small tree has enough of them.
            split: LinkSplitConfig {
                test: 0.2,
                ..LinkSplitConfig::default()
            },
            recipe: links,
            twin,
        };
        link_pairs.push(problem.pair(budget, seed.child("links"), &device, &bar)?);
        let problem = Nodes {
            graph: &graph,
            features: graph.features.clone(),
            split: &|seed| split(&graph.labels, seed),
            recipe: classes,
            twin,
        };
        node_pairs.push(problem.pair(budget, seed.child("nodes"), &device, &bar)?);
    }
    let unknown = Published::default();
    let lp = rows(outcome, "generated-lp", &link_pairs, LINKS, unknown)?;
    let nc = rows(outcome, "generated-nc", &node_pairs, NODES, unknown)?;
    let seeds = context.seeds.len();
    let gain = lp.lorentz - lp.euclid;
    let check = Check::new("lorentz_lp_above_euclid", gain, Op::Ge, 0.05);
    outcome.claim(seeds, "ROC AUC above the Euclidean twin's", check);
    let gain = nc.lorentz - nc.euclid;
    let check = Check::new("lorentz_nc_not_below_euclid", gain, Op::Ge, -0.02);
    outcome.claim(seeds, "F1 above the Euclidean twin's", check);
    picture(outcome, &[lp, nc]);

    let seeds = &context.seeds[..1];
    let graph = tree(nodes / 2, Seed::new(seeds[0]).child("depth"))?;
    let problem = Nodes {
        graph: &graph,
        features: graph.features.clone(),
        split: &|seed| split(&graph.labels, seed),
        recipe: classes,
        twin,
    };
    depth::study(
        context,
        outcome,
        &problem,
        &[2, 4, 8],
        budget,
        seeds,
        &device,
    )?;
    outcome.notes.push(format!(
        "Graphs: a disease that spreads over a random tree of {nodes} nodes. Both networks have the same \
         number of layers, 16 components a node and the learning rate {LR}; the twin minimizes HGCN's loss for Euclidean networks \
         on links, with which it is better than with the margin, and cross-entropy on nodes. The study of \
         depth is one run each, on a tree of {} nodes; the twin has no residual connections there.",
        nodes / 2
    ));
    Ok(())
}

/// A tree with at least a fifth of the nodes in each class: others say little about either.
fn tree(nodes: usize, seed: Seed) -> Result<GraphDataset> {
    let config = SirTreeConfig {
        nodes,
        ..SirTreeConfig::default()
    };
    for draw in 0..DRAWS {
        let graph = config.generate(seed.at(draw))?;
        let sick = graph.labels.iter().sum::<u32>() as usize;
        if sick.min(nodes - sick) * 5 >= nodes {
            return Ok(graph);
        }
    }
    None.with_context(|| format!("{DRAWS} trees, all with nearly one class"))
}
