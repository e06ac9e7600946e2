//! Public graphs from the store.

use anyhow::{Context as _, Result};
use plm_core::rng::Seed;

use super::depth;
use super::lab::{Budget, Links, Nodes};
use super::report::{LINKS, Means, NODES, at_limit, picture, rows};
use super::sets::{self, File, Set, Split, Task};
use crate::repro::bounds::lesser;
use crate::repro::{Check, Context, Op, Outcome, Row, Table};
use crate::systems::Tier;
use plm_lorentz::data::graph::{GraphDataset, LinkSplitConfig, read_graph};

/// The graphs whose links are like trees.
const TREE_LIKE: [&str; 2] = ["disease-lp", "airport-lp"];

/// Runs it: the sets of the tier, or those that the user names.
pub(in crate::repro::lorentz) fn run(context: &Context, outcome: &mut Outcome) -> Result<()> {
    let epochs = match context.tier {
        Tier::Paper => 5000,
        Tier::Embedded | Tier::Real => 6000,
    };
    let budget = Budget {
        epochs: context.settings.get("graph_epochs", epochs)?,
        patience: context.settings.get("graph_patience", 500)?,
    };
    let (defaults, missing) = sets::defaults(context.tier, &context.store);
    let names: String = context.settings.get("graph_sets", defaults.clone())?;
    let mut chosen = Vec::new();
    for name in names.split(',').filter(|name| !name.is_empty()) {
        let set = sets::find(name).with_context(|| format!("graph_sets={name}: {defaults}"))?;
        // Files that are not there are told of before hours of training.
        set.file
            .path(&context.store)
            .with_context(|| format!("graph_sets={name}"))?;
        chosen.push((name, set));
    }
    let mut links: Vec<Means> = Vec::new();
    let mut nodes: Vec<Means> = Vec::new();
    let mut cut: Vec<String> = Vec::new();
    for (name, set) in &chosen {
        let (means, found) = match set.task {
            Task::Links(split) => (
                &mut links,
                predict_links(context, outcome, name, set, split, budget)?,
            ),
            Task::Nodes(split) => (
                &mut nodes,
                classify(context, outcome, name, set, split, budget)?,
            ),
            Task::Depth(split) => {
                deepen(context, outcome, set, split, budget.patience)?;
                continue;
            }
        };
        means.push(found.0);
        cut.extend(found.1);
    }
    let gap = |means: &Means| means.lorentz - means.euclid;
    for means in &links {
        let id = format!("graph.{}.gap", means.name);
        let row = Row::new(id, "ROC AUC above the Euclidean twin's", gap(means));
        outcome.rows.push(row);
    }
    let tree_like = links
        .iter()
        .filter(|means| TREE_LIKE.contains(&means.name.as_str()));
    if let Some(least) = tree_like.map(gap).reduce(lesser) {
        let check = Check::new("lorentz_lp_above_euclid", least, Op::Gt, 0.0);
        let metric = "least ROC AUC above the Euclidean twin's";
        outcome.claim(context.seeds.len(), metric, check);
    }
    links.append(&mut nodes);
    if !links.is_empty() {
        picture(outcome, &links);
    }
    let ended = match cut.is_empty() {
        true => {
            "All of these runs ended because their validation scores had stopped rising".to_owned()
        }
        false => format!(
            "Runs end where the validation score stops rising; these were still running after {} epochs, \
             the limit: {}",
            budget.epochs,
            cut.join(", ")
        ),
    };
    outcome.notes.push(format!(
        "Graphs: training negatives are pairs that are held out in no part. The split of `airport-nc` is \
         that of HGCN's code, which tests on many nodes that it trains on; `airport-nc-clean` has none of \
         them. Every seed draws its own split, but for Cora's nodes, which have the public one. {ended}. \
         The Euclidean twin is not the paper's GCN: it is trained as long as the Lorentz network may be, by a \
         loss that suits it, and can come out far above the published figure. That the Lorentz network is \
         above it is asked for on the graphs that are like trees; on Cora the two are close."
    ));
    if chosen.iter().any(|(_, set)| set.is_compat()) {
        outcome.notes.push(
            "Of graphs with `-compat` in their names, training negatives are instead all pairs that are no \
             training edges, as HGCN's code draws them: some epochs train on pairs that are tested on, as \
             negatives, whatever they are. It is the protocol of the figures beside them, and leaks; no bound is \
             asked for."
                .to_owned(),
        );
    }
    if !missing.is_empty() {
        outcome.notes.push(format!(
            "Graphs of the paper that are left out, since their files are no assets and not in the store: {}.",
            missing.join(", ")
        ));
    }
    Ok(())
}

/// Means and the runs that the limit of epochs ended.
type Found = (Means, Vec<String>);

fn predict_links(
    context: &Context,
    outcome: &mut Outcome,
    name: &str,
    set: &Set,
    split: LinkSplitConfig,
    budget: Budget,
) -> Result<Found> {
    let device = plm_core::device::parse(&context.device)?;
    let graph = read_graph(set.file.path(&context.store)?)?;
    let problem = Links {
        features: set.file.link_features(&graph)?,
        degrees: set.file == File::Airport,
        split,
        recipe: set.recipe,
        twin: set.twin,
        graph: &graph,
    };
    let bar = bar(context, name, budget);
    let pairs = context
        .seeds
        .iter()
        .map(|&seed| problem.pair(budget, Seed::new(seed), &device, &bar))
        .collect::<Result<Vec<_>>>()?;
    let means = rows(outcome, name, &pairs, LINKS, set.figures)?;
    reaches(outcome, set, &means, ("roc", "mean ROC AUC"), pairs.len());
    Ok((means, at_limit(name, &pairs, budget)))
}

fn classify(
    context: &Context,
    outcome: &mut Outcome,
    name: &str,
    set: &Set,
    split: Split,
    budget: Budget,
) -> Result<Found> {
    let device = plm_core::device::parse(&context.device)?;
    let graph = read_graph(set.file.path(&context.store)?)?;
    if set.file == File::Airport {
        overlap(context, outcome, name, split, &graph)?;
    }
    let problem = Nodes {
        features: set.file.node_features(&graph)?,
        graph: &graph,
        split: &|seed| split.draw(&graph, seed),
        recipe: set.recipe,
        twin: set.twin,
    };
    let bar = bar(context, name, budget);
    let pairs = context
        .seeds
        .iter()
        .map(|&seed| problem.pair(budget, Seed::new(seed), &device, &bar))
        .collect::<Result<Vec<_>>>()?;
    let means = rows(outcome, name, &pairs, NODES, set.figures)?;
    reaches(outcome, set, &means, ("f1", "mean F1"), pairs.len());
    Ok((means, at_limit(name, &pairs, budget)))
}

/// Adds the claim that the Lorentz network reaches its bound, where it has one.
fn reaches(
    outcome: &mut Outcome,
    set: &Set,
    means: &Means,
    (short, metric): (&str, &str),
    seeds: usize,
) {
    if let Some(bound) = set.bound {
        let id = format!("{}_{short}", means.name.replace('-', "_"));
        let check = Check::new(id, means.lorentz, Op::Ge, bound);
        outcome.claim(seeds, metric, check);
    }
}

/// Shows how far the parts of a split share nodes.
fn overlap(
    context: &Context,
    outcome: &mut Outcome,
    name: &str,
    split: Split,
    graph: &GraphDataset,
) -> Result<()> {
    let split = split.draw(graph, Seed::new(context.seeds[0]).child("split"))?;
    let [test, train, valid] = split.overlap();
    outcome.tables.push(Table {
        title: format!("{name}: nodes that are tested on, first seed"),
        columns: [
            "different nodes",
            "of them trained on",
            "of them validated on",
        ]
        .map(str::to_owned)
        .into(),
        rows: vec![[test, train, valid].map(|count| count.to_string()).into()],
    });
    Ok(())
}

/// Node classification of the airport graph by networks of 2 to 12 layers.
fn deepen(
    context: &Context,
    outcome: &mut Outcome,
    set: &Set,
    split: Split,
    patience: usize,
) -> Result<()> {
    let device = plm_core::device::parse(&context.device)?;
    let epochs: usize = context.settings.get("depth_epochs", 500)?;
    let graph = read_graph(set.file.path(&context.store)?)?;
    let problem = Nodes {
        features: set.file.node_features(&graph)?,
        graph: &graph,
        split: &|seed| split.draw(&graph, seed),
        recipe: set.recipe,
        twin: set.twin,
    };
    let budget = Budget { epochs, patience };
    let layers = [2, 4, 6, 8, 12];
    let seeds = &context.seeds;
    let [plain, residual] =
        depth::study(context, outcome, &problem, &layers, budget, seeds, &device)?;
    let gain = residual - plain;
    let check = Check::new("residual_gain_at_12_layers", gain, Op::Gt, 0.0);
    let metric = "F1 with residual connections above that without";
    outcome.claim(seeds.len(), metric, check);
    Ok(())
}

fn bar(context: &Context, name: &str, budget: Budget) -> indicatif::ProgressBar {
    let total = 2 * context.seeds.len() * budget.epochs;
    context.progress.bar(total as u64, name)
}
