//! The tiers on public graphs from the store.

use anyhow::{Result, ensure};
use burn::tensor::Device;
use plm_graph_imbalance::data::{Dataset, read_planetoid, read_safetensors};
use plm_graph_imbalance::graph::{Features, NodeGraph, Weights};
use plm_graph_imbalance::ppr::{CgPpr, DENSE_LIMIT};
use plm_graph_imbalance::split::{ReferenceSplits, Split};
use plm_graph_imbalance::totoro::{ClassInfluence, Seeds, Totoro};

use super::levels::Extent;
use super::problem::Problem;
use super::published::{self, Counts};
use super::{inductive, levels, networks, pictures, quantity, solvers};
use crate::report::number;
use crate::repro::bounds::worse;
use crate::repro::{Check, Context, Op, Outcome, Row, Table};
use crate::systems::Tier;

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
    check_counts(&mut outcome, &cora);
    solvers::agree(&mut outcome, &cora.graph.adjacency)?;
    solvers::closed_forms(&mut outcome)?;
    let reference = reference_splits(context, &cora)?;
    let totoros = cora.totoros(&reference)?;
    conflict_of_reference(&mut outcome, &totoros);
    influence_of_reference(&mut outcome, &cora, &reference[0])?;
    let propagated = table(&mut outcome, &cora, &reference[0], &totoros[0])?;
    let error = (propagated - published::CORA_PROPAGATION).abs();
    let check = Check::new("label_propagation_cora_seed0_error", error, Op::Le, 1e-9);
    outcome.checks.push(check);
    outcome.notes.push(
        "`label_propagation` counts nodes that no label reaches as wrong; the reference code takes them for \
         class 0, as the second figure does."
            .to_owned(),
    );
    levels::neighbors(&mut outcome, &cora, &totoros)?;

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
        outcome
            .checks
            .push(Check::new(id, gain.least(), Op::Gt, 0.0));
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
        check_counts(&mut outcome, &other);
        let own = networks::balanced(&other, splits)?;
        table(&mut outcome, &other, &own[0], &other.totoro(&own[0])?)?;
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

/// Whether the graph has the counts that its data set is known to have.
fn check_counts(outcome: &mut Outcome, problem: &Problem) {
    if let Some(counts) = published::counts(&problem.name) {
        let id = format!("{}_counts_are_exact", problem.name);
        let exact = has_counts(&problem.graph, &counts);
        outcome.checks.push(Check::fact(id, exact));
    }
}

fn has_counts(graph: &NodeGraph, counts: &Counts) -> bool {
    let nonzeros = match &graph.features {
        Features::Sparse(csr) => csr.nnz(),
        Features::Dense { values, .. } => values.iter().filter(|&&value| value != 0.0).count(),
    };
    let sizes = [graph.n_nodes(), graph.csr().nnz(), graph.features.width()];
    sizes == [counts.nodes, counts.entries, counts.features]
        && counts.nonzeros.is_none_or(|known| known == nonzeros)
        && graph.labels.counts() == counts.classes
}

/// Totoro on the reference code's splits.
fn conflict_of_reference(outcome: &mut Outcome, totoros: &[Totoro]) {
    let totals: Vec<f64> = totoros
        .iter()
        .map(|totoro| totoro.conflict().total())
        .collect();
    let errors: Vec<f64> = totals
        .iter()
        .zip(published::CORA_CONFLICTS)
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
}

/// The influence of each class on single nodes, against another implementation.
fn influence_of_reference(outcome: &mut Outcome, cora: &Problem, split: &Split) -> Result<()> {
    // The smallest of these influences are 1e-5 of the largest.
    let influence = ClassInfluence::solve(
        &cora.diffusion,
        &cora.graph.labels,
        &split.train,
        Seeds::ClassMean,
        &CgPpr::new(1e-13, 1000)?,
    )?;
    let mut largest = 0.0_f64;
    for (node, expected) in published::CORA_INFLUENCE {
        for (found, expected) in influence.row(node).iter().zip(expected) {
            let error = (found - expected).abs();
            // What cannot arrive must be exactly zero.
            let relative = if expected == 0.0 && error == 0.0 {
                0.0
            } else {
                error / expected
            };
            largest = worse(largest, relative);
        }
    }
    let id = "class_influence_cora_seed0_relative_error";
    outcome.checks.push(Check::new(id, largest, Op::Le, 1e-6));
    Ok(())
}

/// What a data set is like, `totoro` by the labels of `split`. Gives the accuracy of label propagation as
/// the reference code counts it.
fn table(outcome: &mut Outcome, problem: &Problem, split: &Split, totoro: &Totoro) -> Result<f64> {
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
    let accuracy = |unreached: Option<u32>| {
        let right = split.test.iter().filter(|&&node| {
            let predicted = predictions[node as usize].or(unreached);
            predicted.is_some() && predicted == labels.get(node)
        });
        right.count() as f64 / split.test.len() as f64
    };
    let as_reference = accuracy(Some(0));
    for (metric, accuracy) in [
        ("accuracy", accuracy(None)),
        ("accuracy, unreached nodes as class 0", as_reference),
    ] {
        let id = format!("{}.label_propagation", problem.name);
        outcome.rows.push(Row::new(id, metric, accuracy));
    }
    let cells = vec![
        problem.name.clone(),
        graph.n_nodes().to_string(),
        graph.adjacency.n_edges().to_string(),
        graph.adjacency.n_isolated().to_string(),
        graph.features.width().to_string(),
        graph.n_classes().to_string(),
        number(graph.edge_homophily().unwrap_or(f64::NAN)),
        number(totoro.conflict().total()),
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
    Ok(as_reference)
}

#[cfg(test)]
mod tests {
    use plm_graph_imbalance::graph::{Adjacency, Labels};

    use super::*;

    #[test]
    fn each_count_matters() {
        let graph = NodeGraph::new(
            Adjacency::from_edges(3, &[(0, 1)]).unwrap(),
            Features::identity(3).unwrap(),
            Labels::complete(&[0, 1, 1]).unwrap(),
        )
        .unwrap();
        let right = || Counts {
            nodes: 3,
            entries: 2,
            features: 3,
            nonzeros: Some(3),
            classes: &[1, 2],
        };
        assert!(has_counts(&graph, &right()));
        let unknown = Counts {
            nonzeros: None,
            ..right()
        };
        assert!(has_counts(&graph, &unknown));
        let changes: [fn(&mut Counts); 5] = [
            |counts| counts.nodes = 4,
            |counts| counts.entries = 1,
            |counts| counts.features = 2,
            |counts| counts.nonzeros = Some(2),
            |counts| counts.classes = &[2, 1],
        ];
        for change in changes {
            let mut wrong = right();
            change(&mut wrong);
            assert!(!has_counts(&graph, &wrong));
        }
    }
}
