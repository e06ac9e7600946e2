//! `repro lorentz`: fully hyperbolic neural networks (arXiv 2105.14686).
//!
//! What must hold exactly of the Lorentz model and its layers, and what networks in it can do that
//! Euclidean ones of the same size cannot. Embedded: trees and generated data. Real: public graphs,
//! knowledge graphs, texts and WordNet. Paper: the same with the settings of the papers.

mod embedded;
mod exact;
mod graph;
mod hierarchy;
mod kg;
mod paper;
mod parts;
mod pictures;
mod probing;
mod real;
mod translation;
mod tree;

pub(crate) use pictures::distance_errors;

use anyhow::Result;

use super::{Context, Outcome};
use crate::systems::Tier;

/// Runs the tier that is asked for.
///
/// # Errors
/// Where a data set cannot be read or a run fails.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    match context.tier {
        Tier::Embedded => embedded::run(context),
        Tier::Real => real::run(context),
        Tier::Paper => paper::run(context),
    }
}
