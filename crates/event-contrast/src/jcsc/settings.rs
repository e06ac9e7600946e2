//! Settings of joint constraint clustering.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::cluster::SpectralClustering;
use crate::{Error, Result};

/// Which similarities the objective is taken on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectiveOn {
    /// The similarities without constraints, so that all clusterings are measured alike.
    Base,
    /// Those that the clustering was made from, as ETypeClus does. The constraints raise them, so
    /// that values of different iterations are not quite comparable.
    #[default]
    Updated,
}

/// Joint constraint clustering: numbers of clusters to try and how each clustering is made.
#[derive(Debug, Clone, PartialEq)]
pub struct Jcsc {
    /// The numbers of trigger clusters to try.
    pub trigger_clusters: RangeInclusive<usize>,
    /// The numbers of argument clusters to try.
    pub argument_clusters: RangeInclusive<usize>,
    /// The rounds of constraints, 10 in ETypeClus.
    pub iterations: usize,
    /// Which similarities the objective is taken on.
    pub objective_on: ObjectiveOn,
    /// The clustering of one side.
    pub spectral: SpectralClustering,
}

impl Jcsc {
    /// Ten rounds for each pair of these numbers of clusters.
    pub fn new(
        trigger_clusters: RangeInclusive<usize>,
        argument_clusters: RangeInclusive<usize>,
    ) -> Self {
        Self {
            trigger_clusters,
            argument_clusters,
            iterations: 10,
            objective_on: ObjectiveOn::default(),
            spectral: SpectralClustering::default(),
        }
    }

    pub(super) fn check(&self, triggers: usize, arguments: usize) -> Result<()> {
        for (what, range, items) in [
            (
                "numbers of trigger clusters",
                &self.trigger_clusters,
                triggers,
            ),
            (
                "numbers of argument clusters",
                &self.argument_clusters,
                arguments,
            ),
        ] {
            let (low, high) = (*range.start(), *range.end());
            if low == 0 || low > high || high > items {
                return Err(Error::invalid(
                    what,
                    format!("{low} to {high}; must rise within 1 to {items}, the number of items"),
                ));
            }
        }
        Ok(())
    }
}
