//! `repro prompt-subspace`: the intrinsic subspace of prompt tuning (arXiv 2110.07867).
//!
//! Prompts of many tasks are compressed into a space of few dimensions; a new task is then learnt by a
//! point of that space. On the small model of the repository; embedded: generated tasks, real: real ones.

mod embedded;
mod parts;
mod real;
mod report;
mod search;
mod study;

use anyhow::{Result, bail};

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
        tier => bail!("tier {tier:?} is not there yet"),
    }
}
