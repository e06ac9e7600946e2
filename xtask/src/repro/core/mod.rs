//! `repro core`: the workspace's foundation on real input.
//!
//! Embedded: the small pre-trained model in the repository agrees with transformers, fills masks and
//! helps a classifier. Real: it models reviews it never saw, sentence encoders rank sentence pairs,
//! and MiniLM is fine-tuned on SST-2.

mod cloze;
mod embedded;
mod parity;
mod real;

use anyhow::{Result, bail};

use super::{Context, Outcome};
use crate::systems::Tier;

/// Runs the tier that is asked for.
///
/// # Errors
/// Where a model or data set cannot be read.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    match context.tier {
        Tier::Embedded => embedded::run(context),
        Tier::Real => real::run(context),
        Tier::Paper => bail!("`core` reproduces no paper: its tiers are embedded and real"),
    }
}
