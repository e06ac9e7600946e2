//! The tier that needs nothing but the repository: generated graphs.

use anyhow::Result;
use burn::tensor::Device;
use plm_core::rng::Seed;
use plm_graph_imbalance::generate::{Sbm, SbmConfig, WordConfig, generate};
use plm_graph_imbalance::model::{Architecture, NetworkConfig};

use super::levels::Extent;
use super::paired::paired;
use super::problem::{Method, Problem};
use super::{borders, inductive, levels, networks, pictures, quantity, solvers};
use crate::report::{Plot, Series};
use crate::repro::{Check, Context, Op, Outcome, Row};

/// Runs it.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    let device = plm_core::device::parse(&context.device)?;
    let mut outcome = Outcome::default();
    let settings = &context.settings;
    let nodes: usize = settings.get("nodes", 1400)?;
    let gcn_splits: usize = settings.get("gcn_splits", 10)?;
    let splits: usize = settings.get("splits", 3)?;
    let extent = Extent {
        draws: settings.get("draws", 120)?,
        keep: settings.get("keep", 6)?,
        constructed: settings.get("constructed", 3)?,
    };
    let problem = generated(
        nodes,
        settings.get("mixed", 0.3)?,
        settings.get("mixing", 0.4)?,
        &device,
    )?;

    solvers::agree(&mut outcome, &problem.graph.adjacency)?;
    solvers::closed_forms(&mut outcome)?;
    let gcn_splits = networks::balanced(&problem, gcn_splits)?;
    levels::neighbors(&mut outcome, &problem, &problem.totoros(&gcn_splits)?)?;
    let runs = networks::compare(
        context,
        &mut outcome,
        &problem,
        &gcn_splits,
        &gcn_splits[..splits.min(gcn_splits.len())],
    )?;
    let f1 = runs.split_means(|scores| scores.weighted_f1);
    let mean = f1.iter().sum::<f64>() / f1.len() as f64;
    let check = Check::new("pipeline_generated_gcn_wf1_ce", mean, Op::Ge, 0.7);
    outcome.checks.push(check);
    pictures::weights(&mut outcome, &problem, &gcn_splits[0])?;
    pictures::map(&mut outcome, &problem, &gcn_splits[0])?;
    pictures::accuracy_by_conflict(&mut outcome, &problem, &gcn_splits, &runs)?;
    levels::sampled(context, &mut outcome, &problem, extent)?;
    levels::constructed(context, &mut outcome, &problem, extent)?;
    quantity::compare(context, &mut outcome, &problem, splits)?;
    inductive::compare(context, &mut outcome, &problem, splits)?;
    dial(context, &mut outcome, nodes, splits, &device)?;
    borders::compare(context, &mut outcome, nodes, splits, &device)?;
    outcome.notes.push(
        "On generated graphs ReNode does not show the gain that it has on Cora: for a GCN it is about \
         nothing, for some networks a loss. No check asks for its sign here; the tier `real` does."
            .to_owned(),
    );
    outcome.notes.push(
        "Each setting of the generator is one graph: deviations are over splits of it, not over graphs."
            .to_owned(),
    );
    outcome.notes.push(
        "`f1_lost_to_mixed_nodes` is judged on mixed nodes as well, which are harder to tell whatever is \
         trained on."
            .to_owned(),
    );
    outcome.notes.push(borders::WHAT_IS_MIXED.to_owned());
    Ok(outcome)
}

/// A citation-like graph of seven classes. A share of its nodes lies between two of them, and takes
/// `mixing` of its edges and words from the one that is not its label.
pub(super) fn drawn(nodes: usize, mixed_share: f64, mixing: f64) -> Result<Sbm> {
    let config = SbmConfig {
        class_sizes: vec![nodes / 7; 7],
        mixed_share,
        mixing,
        words: Some(WordConfig {
            topic_share: 0.25,
            ..WordConfig::default()
        }),
        ..SbmConfig::default()
    };
    Ok(generate(&config, Seed::new(1))?)
}

fn generated(nodes: usize, mixed_share: f64, mixing: f64, device: &Device) -> Result<Problem> {
    let graph = drawn(nodes, mixed_share, mixing)?.graph;
    Problem::new("generated", graph, true, device)
}

/// The generator's dial: the more nodes lie between classes, the more conflict and the less accuracy,
/// and what ReNode does about it where such a node is rather of its own class and where it is rather of
/// the other. Mixed nodes are tested on as well, and are harder to tell, so that `f1_lost_to_mixed_nodes`
/// is not what training on them costs: that says [`borders`].
fn dial(
    context: &Context,
    outcome: &mut Outcome,
    nodes: usize,
    splits: usize,
    device: &Device,
) -> Result<()> {
    let config = NetworkConfig::new(Architecture::Gcn);
    let mut lines = Vec::new();
    for mixing in [0.4, 0.6] {
        let (mut conflicts, mut without, mut with) = (Vec::new(), Vec::new(), Vec::new());
        for share in [0.0, 0.25, 0.5] {
            let problem = generated(nodes, share, mixing, device)?;
            let own = networks::balanced(&problem, splits)?;
            let mut total = 0.0;
            for split in &own {
                total += problem.totoro(split)?.conflict().total();
            }
            let label = format!("mixed nodes {share}");
            let bar = context.progress.bar(2 * splits as u64, &label);
            let seeds = &context.seeds[..1];
            let runs = paired(&problem, &config, Method::plain(), &own, seeds, &bar)?;
            let id = format!("dial.mixing{mixing}.share{share}");
            let conflict = total / splits as f64;
            let row = Row::new(id.clone(), "overall conflict ΣT", conflict);
            outcome.rows.push(row);
            let rows = runs.rows(&id, "weighted F1", |scores| scores.weighted_f1);
            conflicts.push(conflict);
            without.push((share, rows[0].ours));
            with.push((share, rows[1].ours));
            outcome.rows.extend(rows);
            let gain = runs.gain(|scores| scores.weighted_f1);
            outcome.rows.push(gain.row(
                format!("{id}.gain"),
                "points of weighted F1 (± standard error)",
            ));
        }
        let last = conflicts.len() - 1;
        outcome.checks.push(Check::new(
            format!("conflict_from_mixed_nodes_at_{mixing}"),
            conflicts[last] - conflicts[0],
            Op::Gt,
            0.0,
        ));
        outcome.checks.push(Check::new(
            format!("f1_lost_to_mixed_nodes_at_{mixing}"),
            without[0].1 - without[last].1,
            Op::Gt,
            0.0,
        ));
        lines.push(Series::new(format!("mixing {mixing}"), without));
        lines.push(Series::new(format!("mixing {mixing}, ReNode"), with));
    }
    outcome.plots.push(Plot::lines(
        "dial",
        "Generated graphs: weighted F1 of a GCN by the share of nodes between two classes",
        "share of mixed nodes",
        "weighted F1",
        lines,
    ));
    Ok(())
}
