//! Scores of event extraction.
//!
//! | task | scores |
//! |---|---|
//! | event detection | [`detection_scores`] |
//! | event argument extraction | [`argument_scores`] in four [modes](ArgumentMode) |
//! | event extraction without labels | [`LiberalScoring`]: coverage and [`ClusterScores`] |
//! | low-data curves | [`stratified_subset`] |

mod align;
mod arguments;
mod clusters;
mod detection;
mod hungarian;
mod liberal;
mod mention;
mod mode;
mod subset;

pub use align::{MentionMatch, align};
pub use arguments::{ArgumentInstance, ArgumentScores, TriggerInstance, argument_scores};
pub use clusters::ClusterScores;
pub use detection::detection_scores;
pub use hungarian::hungarian_accuracy;
pub use liberal::{Coverage, LiberalScores, LiberalScoring};
pub use mention::Mention;
pub use mode::ArgumentMode;
pub use subset::stratified_subset;
