//! Splits × routers × shares of one task.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use plm_core::rng::Seed;
use plm_moe::{
    Capture, ContributionRouterConfig, FeedForwards as _, LayerId, Metric, MlpRouterConfig,
    MoeConfig, MoeLayer, Partition, Policy, RouterKind, SplitKind, with_experts,
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
        other => anyhow::bail!("no split `{other}`"),
    })
}

/// Names of routers. That of output norms ranks by another measure than the rest, so that its captured
/// contributions may lie below theirs.
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
    /// Captured contributions at [`PAPER_SHARE`] on held-out tokens, by layer.
    pub(super) capture: Vec<f64>,
    /// Share of the truly best experts that were chosen, likewise.
    pub(super) recall: Vec<f64>,
    /// The layers, at [`PAPER_SHARE`].
    pub(super) layers: BTreeMap<LayerId, MoeLayer>,
}

impl Cell {
    /// Mean capture over layers.
    pub(super) fn mean_capture(&self) -> f64 {
        self.capture.iter().sum::<f64>() / self.capture.len() as f64
    }

    /// Relative accuracy at `percent`.
    pub(super) fn at(&self, percent: u32) -> Option<f64> {
        self.relative
            .iter()
            .find(|(share, _)| *share == percent)
            .map(|(_, value)| *value)
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
        other => anyhow::bail!("no router `{other}`"),
    })
}

/// `layers` with `percent` of the experts.
pub(super) fn at_share(
    layers: &BTreeMap<LayerId, MoeLayer>,
    percent: u32,
) -> Result<BTreeMap<LayerId, MoeLayer>> {
    let config = MoeConfig {
        share: f64::from(percent) / 100.0,
        ..MoeConfig::default()
    };
    let mut layers = layers.clone();
    for layer in layers.values_mut() {
        layer.policy = Policy::TopK(config.k(layer.partition.experts())?);
    }
    Ok(layers)
}

/// Measures every combination of `settings`; `dense` is the dense model's accuracy.
pub(super) fn measure(
    context: &Context,
    task: &Task,
    capture: &Capture,
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
            cells.push(Cell {
                name: format!("{split}.{name}"),
                relative,
                capture: layers.values().map(|layer| layer.report.capture).collect(),
                recall: layers.values().map(|layer| layer.report.recall).collect(),
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
