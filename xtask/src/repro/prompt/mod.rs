//! `repro prompt`: transferability of soft prompts (arXiv 2111.06719).
//!
//! A masked language model stays frozen; a task is learnt by a few vectors before its texts. Embedded:
//! the small model of the repository on generated tasks of several kinds. Real: the authors' released
//! prompts, real tasks, and a second model. Paper: the authors' prompts on their own models.

mod embedded;
mod exact;
pub(in crate::repro) mod lab;
mod likeness;
mod paper;
mod pictures;
mod projection;
mod real;
mod released;
mod study;
mod tables;
mod transfer;

pub(in crate::repro) use embedded::{lab as embedded_lab, of_each_kind, shots as embedded_shots};

pub(in crate::repro) use real::{lab as real_lab, tasks as real_tasks};

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
