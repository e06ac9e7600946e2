//! Settings.

use plm_core::check::{at_least, positive};
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::optim::{ManifoldOptimizerConfig, RiemannianAdamConfig, RiemannianConfig, StepLimits};
use crate::task::nodes::Space;

/// What the softmax over an ancestor and sampled nodes is taken of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HierarchyScore {
    /// −d, as in the papers.
    #[default]
    Distance,
    /// −d², in hyperbolic space with the squared Lorentzian distance.
    SquaredDistance,
}

/// Settings of [`embed_hierarchy`](super::embed_hierarchy).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HierarchyConfig {
    /// Dimensions of the space.
    pub dimension: usize,
    /// The space.
    pub space: Space,
    /// The score.
    pub score: HierarchyScore,
    /// Distance of all nodes from the origin before training.
    pub distance: f64,
    /// Passes over all pairs.
    pub epochs: u64,
    /// First passes, at a tenth of the learning rate, in which nodes find their directions.
    pub burn_in: u64,
    /// Pairs of an update.
    pub batch: usize,
    /// Sampled nodes for each pair.
    pub negatives: usize,
    /// Learning rate.
    pub lr: f64,
    /// The optimizer.
    pub optimizer: ManifoldOptimizerConfig,
}

impl HierarchyConfig {
    /// 10 sampled nodes as in the first paper, and Riemannian Adam on the rows that a batch touches.
    pub fn new(dimension: usize, space: Space) -> Self {
        let points = RiemannianAdamConfig {
            limits: StepLimits {
                sparse: true,
                ..StepLimits::default()
            },
            ..RiemannianAdamConfig::default()
        };
        Self {
            dimension,
            space,
            score: HierarchyScore::default(),
            distance: 1e-3,
            epochs: 100,
            burn_in: 5,
            batch: 64,
            negatives: 10,
            lr: 0.05,
            optimizer: ManifoldOptimizerConfig {
                points: RiemannianConfig::Adam(points),
                ..ManifoldOptimizerConfig::default()
            },
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        const ORIGIN: &str = "HierarchyConfig";
        for (key, value) in [("batch", self.batch), ("negatives", self.negatives)] {
            at_least(ORIGIN, key, value, 1)?;
        }
        positive(ORIGIN, "lr", self.lr)?;
        Ok(())
    }
}
