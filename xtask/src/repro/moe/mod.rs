//! `repro moe`: MoEfication (arXiv 2110.01786).
//!
//! A dense feed-forward layer is divided into experts without training, a router chooses a few for each
//! token. Embedded: the small model of the repository, fine-tuned on generated sentences, over splits, routers
//! and shares. Real: SST-2 and TREC, and MiniLM with its GELU replaced by ReLU.
//! Paper: T5 on SST-2.

mod dynamic;
mod embedded;
mod exact;
mod grid;
mod paper;
mod pictures;
mod published;
mod real;
mod speed;
mod study;
mod tables;
mod task;

use anyhow::Result;

use super::{Context, Outcome};
use crate::systems::Tier;

/// Runs the tier that is asked for.
///
/// # Errors
/// Where a model or data set cannot be read or a run fails.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    match context.tier {
        Tier::Embedded => embedded::run(context),
        Tier::Real => real::run(context),
        Tier::Paper => paper::run(context),
    }
}
