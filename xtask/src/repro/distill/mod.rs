//! `repro distill`: dynamic knowledge distillation (arXiv 2109.11295).
//!
//! A small student learns from labels and from larger teachers; its own uncertainty decides which teacher,
//! which examples and which objective. Embedded: layers of the small model of the repository on generated
//! sentences. Real: layers of MiniLM on SST-2 and TREC. Paper: BERT-base and BERT-large on RTE and MRPC.

mod claims;
mod embedded;
mod exact;
pub(in crate::repro) mod lab;
mod paper;
mod pictures;
mod real;
mod study;
mod ways;

pub(in crate::repro) use embedded::{lab as embedded_lab, sentences};
pub(in crate::repro) use pictures::by_uncertainty;
pub(in crate::repro) use real::{draw, lab as real_lab, shared_texts};

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
