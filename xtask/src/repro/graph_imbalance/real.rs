//! The tiers on public graphs from the store.

use anyhow::{Result, ensure};
use burn::tensor::Device;
use plm_graph_imbalance::data::{Dataset, read_planetoid, read_safetensors};
use plm_graph_imbalance::graph::{Features, NodeGraph, Weights};
use plm_graph_imbalance::ppr::{CgPpr, DENSE_LIMIT};
use plm_graph_imbalance::split::{ReferenceSplits, Split};
use plm_graph_imbalance::totoro::{ClassInfluence, Seeds};

use super::levels::Extent;
use super::problem::Problem;
use super::{inductive, levels, networks, pictures, quantity, solvers};
use crate::report::number;
use crate::repro::{Check, Context, Op, Outcome, Row, Table};
use crate::systems::Tier;

/// Overall conflict of the reference code's splits of seeds 0 to 4 of Cora.
const CORA_CONFLICTS: [f64; 5] = [
    0.104_151_45,
    0.097_076_22,
    0.099_802_15,
    0.141_533_45,
    0.122_285_56,
];

/// Nodes, entries of the adjacency matrix, features and ones among them, and nodes of each class of Cora.
const CORA_COUNTS: [usize; 4] = [2_708, 10_556, 1_433, 49_216];
const CORA_CLASSES: [usize; 7] = [351, 217, 418, 818, 426, 298, 180];

/// Where a data set lies.
enum Place {
    /// An asset with Planetoid's pickles, and the name in them.
    Planetoid(&'static str, &'static str),
    /// A folder of Planetoid's pickles under the store's root that no asset describes.
    Unlisted(&'static str, &'static str),
    /// A file of an asset of converted graphs.
    Converted(&'static str),
}

/// Runs the tier of `context`.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    let device = plm_core::device::parse(&context.device)?;
    let mut outcome = Outcome::default();
    let settings = &context.settings;
    let gcn_splits: usize = settings.get("gcn_splits", 10)?;
    let splits: usize = settings.get("splits", 5)?;
    let extent = Extent {
        draws: settings.get("draws", 600)?,
        keep: settings.get("keep", 20)?,
        constructed: settings.get("constructed", 6)?,
    };

    let cora = problem("cora", &device, context)?;
    let complete = Check::fact("cora_counts_are_exact", is_cora(&cora.graph));
    outcome.checks.push(complete);
    solvers::agree(&mut outcome, &cora.graph.adjacency)?;
    solvers::closed_forms(&mut outcome)?;
    let reference = reference_splits(context, &cora)?;
    conflict_of_reference(&mut outcome, &cora, &reference)?;
    table(&mut outcome, &cora, &reference[0])?;

    // The first five are the reference code's, which the published figures belong to.
    let mut own = reference;
    own.extend(networks::balanced(
        &cora,
        gcn_splits.saturating_sub(own.len()),
    )?);
    own.truncate(gcn_splits);
    let few = &own[..splits.min(own.len())];
    let runs = networks::compare(context, &mut outcome, &cora, &own, few)?;
    let f1 = runs.split_means(|scores| scores.weighted_f1);
    let five = &f1[..5.min(f1.len())];
    let mean = five.iter().sum::<f64>() / five.len() as f64;
    let check = Check::new("pipeline_cora_gcn_wf1_ce", mean, Op::Ge, 0.785);
    outcome.checks.push(check);
    let gain = runs.gain(|scores| scores.weighted_f1);
    let id = "renode_minus_ce_mean";
    // One split has no standard error to be compared with.
    if gain.standard_error.is_finite() {
        let least = gain.mean - 2.0 * gain.standard_error;
        outcome.checks.push(Check::new(id, least, Op::Gt, 0.0));
        outcome.notes.push(format!(
            "`{id}` is the mean gain in points of weighted F1 minus twice its standard error over splits."
        ));
    } else {
        let row = Row::new(id, "points of weighted F1", gain.mean);
        outcome.rows.push(row);
    }

    pictures::weights(&mut outcome, &cora, &own[0])?;
    pictures::map(&mut outcome, &cora, &own[0])?;
    pictures::accuracy_by_conflict(&mut outcome, &cora, &own, &runs)?;
    levels::sampled(context, &mut outcome, &cora, extent)?;
    levels::constructed(context, &mut outcome, &cora, extent)?;
    quantity::compare(context, &mut outcome, &cora, gcn_splits)?;

    let others: String = settings.get("datasets", others(context.tier).join(","))?;
    for name in others.split(',').filter(|name| !name.is_empty()) {
        let other = problem(name, &device, context)?;
        let own = networks::balanced(&other, splits)?;
        table(&mut outcome, &other, &own[0])?;
        networks::compare(context, &mut outcome, &other, &own, &own)?;
        if name == INDUCTIVE {
            inductive::compare(context, &mut outcome, &other, splits)?;
        }
    }
    Ok(outcome)
}

/// The data set that stands in for the large graphs of the inductive experiments.
const INDUCTIVE: &str = "coauthor-cs";

/// The data sets beside Cora.
fn others(tier: Tier) -> &'static [&'static str] {
    match tier {
        Tier::Paper => &[
            "citeseer",
            "pubmed",
            "amazon-photo",
            "amazon-computers",
            INDUCTIVE,
        ],
        Tier::Embedded | Tier::Real => &["amazon-photo", INDUCTIVE],
    }
}

fn place(name: &str) -> Option<Place> {
    Some(match name {
        "cora" => Place::Planetoid("cora-planetoid", "cora"),
        "citeseer" => Place::Unlisted("citeseer-planetoid", "citeseer"),
        "pubmed" => Place::Unlisted("pubmed-planetoid", "pubmed"),
        "amazon-photo" => Place::Converted("amazon_photo.safetensors.gz"),
        "amazon-computers" => Place::Converted("amazon_computers.safetensors.gz"),
        "coauthor-cs" => Place::Converted("coauthor_cs.safetensors.gz"),
        _ => return None,
    })
}

/// The graph of the data set `name`, from the store.
pub(crate) fn dataset(store: &crate::store::Store, name: &str) -> Result<Dataset> {
    let Some(place) = place(name) else {
        anyhow::bail!("no data set is called `{name}`");
    };
    Ok(match place {
        Place::Planetoid(asset, prefix) => read_planetoid(store.dir(asset)?, prefix)?,
        Place::Unlisted(folder, prefix) => {
            let folder = store.root().join(folder);
            ensure!(
                folder.is_dir(),
                "data set `{name}` is not in the store: put its eight files `ind.{prefix}.*` of \
                 github.com/kimiyoung/planetoid into {}",
                folder.display()
            );
            read_planetoid(folder, prefix)?
        }
        Place::Converted(file) => {
            let path = store.dir("gnn-benchmark")?.join(file);
            read_safetensors(path, Weights::default())?
        }
    })
}

fn problem(name: &str, device: &Device, context: &Context) -> Result<Problem> {
    Problem::new(name, dataset(&context.store, name)?.graph, true, device)
}

fn reference_splits(context: &Context, cora: &Problem) -> Result<Vec<Split>> {
    let path = context
        .root
        .join("xtask/fixtures/graph-imbalance/splits_cora.json");
    let file = ReferenceSplits::read(&path)?;
    let seeds: Vec<&str> = file.seeds().collect();
    ensure!(
        seeds.len() >= 5,
        "{}: {} splits",
        path.display(),
        seeds.len()
    );
    seeds
        .iter()
        .map(|seed| Ok(file.get(seed, &cora.graph.labels)?))
        .collect()
}

/// Whether the graph has the counts of Cora.
fn is_cora(graph: &NodeGraph) -> bool {
    let ones = match &graph.features {
        Features::Sparse(csr) => csr.nnz(),
        Features::Dense { values, .. } => values.iter().filter(|&&value| value != 0.0).count(),
    };
    let counts = [
        graph.n_nodes(),
        graph.csr().nnz(),
        graph.features.width(),
        ones,
    ];
    counts == CORA_COUNTS && graph.labels.counts() == CORA_CLASSES
}

/// Totoro on the reference code's splits.
fn conflict_of_reference(outcome: &mut Outcome, cora: &Problem, splits: &[Split]) -> Result<()> {
    let totals: Vec<f64> = splits
        .iter()
        .map(|split| Ok(cora.totoro(split)?.conflict().total()))
        .collect::<Result<_>>()?;
    let errors: Vec<f64> = totals
        .iter()
        .zip(CORA_CONFLICTS)
        .map(|(total, expected)| (total / expected - 1.0).abs())
        .collect();
    for (id, error) in [
        ("totoro_cora_seed0_sum_relative_error", errors[0]),
        (
            "totoro_cora_sums_relative_error",
            errors.iter().copied().fold(0.0, f64::max),
        ),
    ] {
        outcome.checks.push(Check::new(id, error, Op::Le, 1e-6));
    }
    for (seed, total) in totals.into_iter().enumerate() {
        let row = Row::new(
            format!("cora.totoro.seed{seed}"),
            "overall conflict ΣT",
            total,
        );
        outcome.rows.push(row);
    }
    Ok(())
}

/// What a data set is like.
fn table(outcome: &mut Outcome, problem: &Problem, split: &Split) -> Result<()> {
    let graph = &problem.graph;
    let labels = &graph.labels;
    let solver = CgPpr::default();
    let propagated = ClassInfluence::solve(
        &problem.diffusion,
        labels,
        &split.train,
        Seeds::OneHot,
        &solver,
    )?;
    let predictions = propagated.predictions();
    let right = split.test.iter().filter(|&&node| {
        let predicted = predictions[node as usize];
        predicted.is_some() && predicted == labels.get(node)
    });
    let accuracy = right.count() as f64 / split.test.len() as f64;
    outcome.rows.push(Row::new(
        format!("{}.label_propagation", problem.name),
        "accuracy",
        accuracy,
    ));
    let cells = vec![
        problem.name.clone(),
        graph.n_nodes().to_string(),
        graph.adjacency.n_edges().to_string(),
        graph.adjacency.n_isolated().to_string(),
        graph.features.width().to_string(),
        graph.n_classes().to_string(),
        number(graph.edge_homophily().unwrap_or(f64::NAN)),
        number(problem.totoro(split)?.conflict().total()),
        propagated.n_unreached().to_string(),
        if graph.n_nodes() <= DENSE_LIMIT {
            "whole"
        } else {
            "largest entries"
        }
        .to_owned(),
    ];
    let title = "Data sets, with the conflict and the nodes that labels do not reach in one split";
    match outcome.tables.iter_mut().find(|table| table.title == title) {
        Some(table) => table.rows.push(cells),
        None => outcome.tables.push(Table {
            title: title.to_owned(),
            columns: [
                "data set",
                "nodes",
                "edges",
                "isolated",
                "features",
                "classes",
                "homophily",
                "ΣT",
                "unreached",
                "PageRank of PPNP",
            ]
            .map(str::to_owned)
            .into(),
            rows: vec![cells],
        }),
    }
    Ok(())
}
