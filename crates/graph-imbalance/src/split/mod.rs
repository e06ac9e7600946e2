//! Which nodes are trained on, chosen by, and tested on.
//!
//! | imbalance | split |
//! |---|---|
//! | none | [`BalancedSplit`], [`ReferenceSplits`]; a data set's public split passes as it is |
//! | of topology alone | [`BalancedSplit`] again, sorted by conflict: [`sampled_levels`], [`constructed_split`] |
//! | of quantity | [`StepImbalance`], [`StepOfSplit`], [`LongTail`] |
//! | of both, as it falls | [`RandomSplit`] |
//!
//! All sets are in ascending order, and nodes of unknown class are in none of them.

mod balanced;
mod long_tail;
mod parts;
mod random;
mod reference;
mod sample;
mod step;
mod step_of_split;
mod topology;

pub use balanced::BalancedSplit;
pub use long_tail::LongTail;
pub use parts::Split;
pub use random::{InductiveIssue, RandomSplit, inductive_split};
pub use reference::ReferenceSplits;
pub use sample::{Validation, draw_sizes};
pub use step::StepImbalance;
pub use step_of_split::StepOfSplit;
pub use topology::{
    ConflictLevels, LevelOptions, RankedSplit, TopologyLevel, constructed_split, sampled_levels,
};
