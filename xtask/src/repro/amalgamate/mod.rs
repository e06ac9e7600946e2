//! `repro amalgamate`: knowledge amalgamation (arXiv 2112.07327, 2210.05230).
//!
//! Several teachers, each for a part of the labels, teach one student for all of them from texts without
//! labels. Embedded: layers of the small model of the repository on generated sentences, and a study with
//! small networks on Gaussian classes. Real: MiniLM teachers on public data sets, with two and four
//! teachers, of different kinds, and from different data sets. Paper: BERT-base on AG News.

mod embedded;
mod paper;
mod pictures;
mod real;
mod size;
mod study;
mod toy;

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
