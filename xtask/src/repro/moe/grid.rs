//! Splits × routers × shares of one task.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, bail};
use plm_core::rng::Seed;
use plm_moe::quality::Coverage;
use plm_moe::{
    Capture, Contribution, ContributionRouterConfig, ExpertLoad, FeedForwards as _, LayerId,
    Metric, MlpRouterConfig, MoeConfig, MoeLayer, Partition, Policy, RouterKind, SplitKind,
    coverage, expert_selection, with_experts,
};

use super::study::Settings;
use super::task::Task;
use crate::repro::Context;

/// The split called `name`.
fn split(name: &str) -> Result<SplitKind> {
    Ok(match name {
        "random" => SplitKind::Random,
        "coactivation" => SplitKind::Coactivation,
        "cluster" => SplitKind::Cluster,
        other => bail!("no split `{other}`"),
    })
}

/// Names of routers. That of output norms learns another measure than the rest, and is told by both.
pub(super) const ROUTERS: [&str; 6] = [
    "random",
    "representative",
    "similarity",
    "contribution",
    "mlp",
    "groundtruth",
];

/// Which combinations are measured.
#[derive(Clone, Copy)]
pub(super) struct Extent {
    /// Names of splits.
    pub(super) splits: &'static [&'static str],
    /// Names of routers.
    pub(super) routers: &'static [&'static str],
}

impl Extent {
    /// All of them.
    pub(super) const ALL: Self = Self {
        splits: &["random", "coactivation", "cluster"],
        routers: &ROUTERS,
    };
}

/// Shares of the experts in percent.
pub(super) const SHARES: [u32; 5] = [10, 20, 30, 50, 100];

/// The share at which routers are measured: that of the paper.
pub(super) const PAPER_SHARE: f64 = 0.2;

/// What was measured with one split and one router.
pub(super) struct Cell {
    /// `split.router`.
    pub(super) name: String,
    /// Accuracy by share, relative to the dense model's.
    pub(super) relative: Vec<(u32, f64)>,
    /// What the chosen experts cover at [`PAPER_SHARE`] of the contributions to tokens of test texts, by
    /// layer: sums of neuron values for every router.
    pub(super) covered: Vec<Coverage>,
    /// The same of the sizes of the experts' outputs, for the router that predicts those.
    pub(super) norms: Vec<Coverage>,
    /// How often each expert is chosen for the same tokens, by layer.
    pub(super) loads: Vec<ExpertLoad>,
    /// The layers, at [`PAPER_SHARE`].
    pub(super) layers: BTreeMap<LayerId, MoeLayer>,
}

impl Cell {
    /// Mean capture over layers.
    pub(super) fn mean_capture(&self) -> f64 {
        average(&self.covered).capture
    }

    /// Relative accuracy at `percent`.
    pub(super) fn at(&self, percent: u32) -> Option<f64> {
        self.relative
            .iter()
            .find(|(share, _)| *share == percent)
            .map(|(_, value)| *value)
    }
}

/// Means of capture and recall; not a number of nothing.
pub(super) fn average(covered: &[Coverage]) -> Coverage {
    let mean =
        |of: fn(&Coverage) -> f64| covered.iter().map(of).sum::<f64>() / covered.len() as f64;
    Coverage {
        capture: mean(|own| own.capture),
        recall: mean(|own| own.recall),
    }
}

/// The router called `name`.
pub(super) fn router(name: &str, epochs: usize, seed: Seed) -> Result<RouterKind> {
    Ok(match name {
        "random" => RouterKind::Random,
        "similarity" => RouterKind::Similarity(Metric::Cosine),
        "representative" => RouterKind::Representative,
        "contribution" => RouterKind::Contribution(ContributionRouterConfig {
            epochs,
            seed: seed.child("router"),
            ..ContributionRouterConfig::default()
        }),
        "mlp" => RouterKind::Mlp(MlpRouterConfig {
            epochs,
            seed: seed.child("router"),
            ..MlpRouterConfig::default()
        }),
        "groundtruth" => RouterKind::Groundtruth,
        other => bail!("no router `{other}`"),
    })
}

/// The number of experts that `percent` of them come to.
fn chosen(percent: u32, experts: usize) -> Result<usize> {
    let config = MoeConfig {
        share: f64::from(percent) / 100.0,
        ..MoeConfig::default()
    };
    Ok(config.k(experts)?)
}

/// `layers` with `percent` of the experts.
pub(super) fn at_share(
    layers: &BTreeMap<LayerId, MoeLayer>,
    percent: u32,
) -> Result<BTreeMap<LayerId, MoeLayer>> {
    let mut layers = layers.clone();
    for layer in layers.values_mut() {
        layer.policy = Policy::TopK(chosen(percent, layer.partition.experts())?);
    }
    Ok(layers)
}

/// The share of the experts that a token of `layer` gets.
///
/// # Errors
/// Where it is not the same for all tokens.
pub(super) fn share(layer: &MoeLayer) -> Result<f64> {
    match layer.policy {
        Policy::TopK(k) => Ok(k as f64 / layer.partition.experts() as f64),
        other => bail!("{other:?} does not say how many experts a token gets"),
    }
}

/// Which numbers of experts the shares come to: they are rounded.
pub(super) fn numbers(layers: &BTreeMap<LayerId, MoeLayer>) -> Result<String> {
    let mut texts = BTreeSet::new();
    for layer in layers.values() {
        let experts = layer.partition.experts();
        let mut parts = Vec::new();
        for percent in SHARES {
            let k = chosen(percent, experts)?;
            let own = 100.0 * k as f64 / experts as f64;
            parts.push(format!("r{percent} is {k} ({own:.2} %)"));
        }
        texts.insert(format!("of {experts} experts, {}", parts.join(", ")));
    }
    Ok(texts.into_iter().collect::<Vec<_>>().join("; "))
}

/// Measures every combination of `settings`: layers are made by the rows of `capture`, and what they
/// cover is measured on those of `fresh`. `dense` is the dense model's accuracy.
pub(super) fn measure(
    context: &Context,
    task: &Task,
    [capture, fresh]: [&Capture; 2],
    dense: f64,
    settings: &Settings,
    seed: Seed,
) -> Result<Vec<Cell>> {
    let extent = settings.extent;
    let label = format!("experts, seed {}", seed.value());
    // With all experts, routers choose alike: measured once for each split.
    let shares = SHARES.iter().filter(|&&percent| percent < 100);
    let steps = extent.splits.len() * (extent.routers.len() * shares.count() + 1);
    let bar = context.progress.bar(steps as u64, &label);
    let mut cells = Vec::new();
    for &split in extent.splits {
        let mut partitions: BTreeMap<LayerId, Partition> = BTreeMap::new();
        let mut whole = None;
        for &name in extent.routers {
            let config = MoeConfig {
                split: self::split(split)?,
                router: router(name, settings.epochs, seed)?,
                share: PAPER_SHARE,
                seed,
                ..MoeConfig::default()
            };
            let mut layers = BTreeMap::new();
            for (id, ffn) in task.model.model.ffns() {
                let inputs = capture.layer(id)?;
                let own = seed.child(&id.to_string());
                // All routers of a split share its partition.
                let layer = match partitions.get(&id) {
                    Some(known) => {
                        MoeLayer::with_partition(&ffn, known.clone(), inputs, &config, own)?
                    }
                    None => MoeLayer::convert(&ffn, inputs, &config, own)?,
                };
                partitions.insert(id, layer.partition.clone());
                layers.insert(id, layer);
            }
            let mut relative = Vec::new();
            for percent in SHARES {
                let known = whole.filter(|_| percent == 100);
                let accuracy = match known {
                    Some(accuracy) => accuracy,
                    None => {
                        let layers = at_share(&layers, percent)?;
                        let experts = with_experts(task.model.model.clone(), &layers);
                        bar.inc(1);
                        task.accuracy(&experts)?
                    }
                };
                if percent == 100 {
                    whole = Some(accuracy);
                }
                relative.push((percent, accuracy / dense));
            }
            let (mut covered, mut norms, mut loads) = (Vec::new(), Vec::new(), Vec::new());
            for (id, layer) in &layers {
                let inputs = fresh.layer(*id)?;
                let selection = expert_selection(layer, inputs)?;
                covered.push(coverage(layer, &selection, layer.measure(), inputs)?);
                if layer.contribution == Contribution::OutputNorm {
                    norms.push(coverage(layer, &selection, layer.contribution, inputs)?);
                }
                loads.push(ExpertLoad::of(&selection));
            }
            cells.push(Cell {
                name: format!("{split}.{name}"),
                relative,
                covered,
                norms,
                loads,
                layers,
            });
        }
    }
    Ok(cells)
}

/// The cell called `name`.
pub(super) fn find<'a>(cells: &'a [Cell], name: &str) -> Result<&'a Cell> {
    cells
        .iter()
        .find(|cell| cell.name == name)
        .with_context(|| format!("no cell `{name}`"))
}
