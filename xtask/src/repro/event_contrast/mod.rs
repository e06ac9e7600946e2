//! `repro event-contrast`: contrastive pre-training for event extraction, CLEVE (arXiv 2105.14485).
//!
//! A text encoder learns to bring triggers and their arguments together, a graph encoder to tell parts of
//! AMR graphs apart; both are then fine-tuned for event detection and argument extraction, or their
//! representations clustered without labels. Embedded: plm-mini on generated sentences. Real: plm-mini or
//! MiniLM on Bio-AMR and MASSIVE-AMR, LitBank, BioNLP GE-2013 and ECB+. Paper: ACE 2005 and MAVEN.

mod amr;
mod archive;
mod chart;
mod embedded;
mod exact;
mod lab;
mod liberal;
mod losses;
mod paper;
mod pictures;
mod pretrain;
mod read;
mod real;
mod recipe;
mod report;
mod represent;
mod samples;
mod sentences;
mod study;
mod supervised;

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
