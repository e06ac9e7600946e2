//! `repro backdoor`: RAP against back doors in text classifiers (arXiv 2110.07831).
//!
//! Victims learn a back door in several ways; RAP and STRIP, and ONION on some texts, are then to tell
//! triggered texts from clean ones. Embedded: layers of the small model of the repository on generated
//! reviews. Real: plm-mini and MiniLM on IMDB, SST-2, OLID and Davidson's tweets, and the sets that
//! ONION's authors poisoned. Paper: BERT-base with the published recipe.

mod attack;
mod checks;
mod defend;
mod embedded;
mod exact;
mod lab;
mod onion;
mod paper;
mod pictures;
mod problem;
mod rap;
mod read;
mod real;
mod report;
mod strip;
mod study;
mod theory;
mod way;

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
