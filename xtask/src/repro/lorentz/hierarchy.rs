//! Hierarchies of WordNet: how well they can be read off the places of their nodes.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use plm_core::rng::Seed;

use crate::report::{Plot, Series};
use crate::repro::{Check, Context, Op, Outcome, Row};
use plm_lorentz::data::hierarchy::{Hierarchy, read_hierarchy};
use plm_lorentz::task::hierarchy::{HierarchyConfig, HierarchyFit, embed_hierarchy};
use plm_lorentz::task::nodes::Space;

const SPACES: [(&str, Space); 2] = [("lorentz", Space::LORENTZ), ("euclid", Space::Euclidean)];

/// Settings unless the user gives others.
struct Defaults {
    dims: &'static [usize],
    epochs: u64,
    batch: usize,
}

/// Mammals, and nouns that are drawn with all nouns above them.
pub(super) fn real(context: &Context, outcome: &mut Outcome) -> Result<()> {
    let folder = context.store.dir("wordnet-nouns")?;
    let mammals = read_hierarchy(folder.join("mammal_closure.tsv.gz"))?;
    let defaults = Defaults {
        dims: &[2, 5],
        epochs: 60,
        batch: 64,
    };
    compare(
        context,
        "mammals",
        &defaults,
        |_| Ok(mammals.clone()),
        outcome,
    )?;
    let nouns = read_hierarchy(folder.join("noun_hypernyms.tsv.gz"))?;
    let count = match context.settings.get("nouns", 3000)? {
        0 => nouns.nodes(),
        count => count,
    };
    let defaults = Defaults {
        dims: &[5],
        epochs: 30,
        batch: 128,
    };
    let draw = |seed| Ok(nouns.sample(count, seed)?.closure()?);
    compare(context, "nouns", &defaults, draw, outcome)
}

/// All nouns, in the dimensions of Nickel and Kiela.
pub(super) fn paper(context: &Context, outcome: &mut Outcome) -> Result<()> {
    let folder = context.store.dir("wordnet-nouns")?;
    let nouns = read_hierarchy(folder.join("noun_hypernyms.tsv.gz"))?.closure()?;
    let defaults = Defaults {
        dims: &[2, 5, 10],
        epochs: 200,
        batch: 2048,
    };
    compare(
        context,
        "all-nouns",
        &defaults,
        |_| Ok(nouns.clone()),
        outcome,
    )
}

fn compare(
    context: &Context,
    name: &str,
    defaults: &Defaults,
    hierarchy: impl Fn(Seed) -> Result<Hierarchy>,
    outcome: &mut Outcome,
) -> Result<()> {
    let device = plm_core::device::parse(&context.device)?;
    let dims = context.settings.list("hierarchy_dims", defaults.dims)?;
    let mut figures: BTreeMap<(String, &str), Vec<f64>> = BTreeMap::new();
    let mut series = Vec::new();
    let mut sizes = Vec::new();
    for (index, &number) in context.seeds.iter().enumerate() {
        let seed = Seed::new(number);
        let hierarchy = hierarchy(seed.child("nodes"))?;
        sizes.push(format!(
            "{} nodes, {} pairs",
            hierarchy.nodes(),
            hierarchy.len()
        ));
        for &dimension in &dims {
            for (space_name, space) in SPACES {
                let config = config(context, defaults, dimension, space)?;
                let label = format!("{name} {space_name} {dimension}");
                let bar = context.progress.bar(config.epochs, &label);
                let fit: HierarchyFit =
                    embed_hierarchy(&hierarchy, &config, seed, &device, |epoch, _| {
                        bar.set_position(epoch);
                    })?;
                let id = format!("{space_name}.d{dimension}");
                for (metric, value) in [
                    ("map", fit.ranking.mean_average_precision),
                    ("mean_rank", fit.ranking.mean_rank),
                ] {
                    figures.entry((id.clone(), metric)).or_default().push(value);
                }
                if index == 0 {
                    let points = fit.losses.iter().enumerate();
                    let points = points.map(|(epoch, &loss)| ((epoch + 1) as f64, loss));
                    series.push(Series::new(id, points.collect()));
                }
            }
        }
    }
    sizes.dedup();
    outcome.notes.push(format!(
        "WordNet {name}: {}. Ancestors are to be nearer than all nodes that are not: map is the mean average \
         precision over nodes, mean_rank the mean rank of an ancestor among the others, ties counted against. \
         Both spaces have the same recipe.",
        sizes.join("; ")
    ));
    outcome.plots.push(Plot::lines(
        &format!("hierarchy_{}", name.replace('-', "_")),
        &format!("Loss of WordNet {name}"),
        "epoch",
        "cross-entropy",
        series,
    ));
    report(name, &dims, &figures, context.seeds.len(), outcome)
}

fn config(
    context: &Context,
    defaults: &Defaults,
    dimension: usize,
    space: Space,
) -> Result<HierarchyConfig> {
    let start = HierarchyConfig::new(dimension, space);
    Ok(HierarchyConfig {
        epochs: context.settings.get("hierarchy_epochs", defaults.epochs)?,
        batch: context.settings.get("hierarchy_batch", defaults.batch)?,
        negatives: context
            .settings
            .get("hierarchy_negatives", start.negatives)?,
        lr: context.settings.get("hierarchy_lr", start.lr)?,
        ..start
    })
}

fn report(
    name: &str,
    dims: &[usize],
    figures: &BTreeMap<(String, &str), Vec<f64>>,
    seeds: usize,
    outcome: &mut Outcome,
) -> Result<()> {
    for ((id, metric), values) in figures {
        let row = Row::over_seeds(format!("hierarchy.{name}.{id}"), *metric, values);
        let published = (name == "all-nouns")
            .then(|| published(id, metric))
            .flatten();
        outcome.rows.push(match published {
            Some(figure) => row.published(figure, "arXiv 1705.08039, table 1, from memory"),
            None => row,
        });
    }
    for dimension in dims {
        let mean = |space: &str, metric| {
            let values = figures.get(&(format!("{space}.d{dimension}"), metric));
            let values = values.context("no figure")?;
            Ok::<f64, anyhow::Error>(values.iter().sum::<f64>() / values.len() as f64)
        };
        let gain = mean("lorentz", "map")? - mean("euclid", "map")?;
        let ratio = mean("lorentz", "mean_rank")? / mean("euclid", "mean_rank")?;
        let prefix = format!("{}_{dimension}d", name.replace('-', "_"));
        let check = Check::new(format!("{prefix}_map_gain"), gain, Op::Gt, 0.0);
        outcome.claim(seeds, "map above that of Euclidean space", check);
        let check = Check::new(format!("{prefix}_rank_ratio"), ratio, Op::Lt, 1.0);
        outcome.claim(seeds, "mean_rank over that of Euclidean space", check);
    }
    Ok(())
}

/// Figures of the reconstruction of all nouns, those of hyperbolic space in the Poincaré ball.
fn published(id: &str, metric: &str) -> Option<f64> {
    match (id, metric) {
        ("lorentz.d5", "mean_rank") => Some(4.9),
        ("lorentz.d5", "map") => Some(0.823),
        ("lorentz.d10", "mean_rank") => Some(4.02),
        ("lorentz.d10", "map") => Some(0.851),
        ("euclid.d5", "mean_rank") => Some(3542.3),
        ("euclid.d5", "map") => Some(0.024),
        ("euclid.d10", "mean_rank") => Some(2286.9),
        ("euclid.d10", "map") => Some(0.059),
        _ => None,
    }
}
