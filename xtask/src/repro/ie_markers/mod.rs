//! `repro ie-markers`: packed levitated markers, PL-Marker (arXiv 2109.06067).
//!
//! Entities and relations by levitated markers beside the baselines, all on the same sentences and epochs
//! and as many steps. PURE's baselines get the types of entities, so that PL-Marker with typed markers is
//! tried beside them. Embedded: layers of the small model of the repository on generated sentences with nested
//! entities. Real: MiniLM on SciERC, WebNLG, WNUT17, NCBI-disease, BC5CDR and GUM. Paper: SciBERT, or
//! another encoder of the store, on SciERC with the published recipe but for the size of steps.

mod draw;
mod embedded;
mod entities;
mod exact;
mod lab;
mod losses;
mod nouns;
mod packing;
mod paper;
mod pictures;
mod real;
mod relations;
mod report;
mod round_trips;
mod samples;
mod sentences;
mod sets;
mod study;

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
