//! `repro graph-imbalance`: Totoro and ReNode (arXiv 2110.04099).
//!
//! Where labels lie matters as well as how many there are. Totoro measures the conflict of a labeled
//! node with other classes' labels by personalized PageRank; ReNode trains with smaller weights on
//! nodes of much conflict. Embedded: on generated graphs, whose topology imbalance can be dialed. Real:
//! on Cora and other public graphs, with the reference code's splits.

mod borders;
mod embedded;
mod inductive;
mod levels;
mod networks;
mod paired;
mod pictures;
mod problem;
mod published;
mod quantity;
mod real;
mod solvers;

use anyhow::Result;

use super::{Context, Outcome};
use crate::systems::Tier;

pub(crate) use real::dataset;

/// Runs the tier that is asked for.
///
/// # Errors
/// Where a data set cannot be read or a run fails.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    let mut outcome = match context.tier {
        Tier::Embedded => embedded::run(context)?,
        Tier::Real | Tier::Paper => real::run(context)?,
    };
    outcome.notes.push(
        "Gains are paired: the same split, first weights and dropout without and with ReNode. \
         Their standard errors are over splits."
            .to_owned(),
    );
    outcome.notes.push(inductive::DIFFERENCES.to_owned());
    outcome.notes.push(
        "The published figures were not read in the paper itself; its splits are other ones."
            .to_owned(),
    );
    Ok(outcome)
}
