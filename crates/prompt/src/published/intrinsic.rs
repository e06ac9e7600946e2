//! Results of intrinsic prompt tuning on BART-base.

use serde::Serialize;

use super::Evidence;

/// A relative performance: the share of prompt tuning's score that is kept, in percent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct IntrinsicFigure {
    /// What was tuned, on which tasks.
    pub setting: &'static str,
    /// Dimensions of the subspace, where the figure is for one number of them.
    pub dimensions: Option<usize>,
    /// The relative performance.
    pub relative_performance: f64,
    /// Where the figure stands in or about the [paper](super::INTRINSIC_PAPER).
    pub source: &'static str,
    /// How the figure is known.
    pub evidence: Evidence,
}

/// [`IntrinsicFigure::setting`] of tasks that the search saw, with other examples than it had.
pub const INTRINSIC_SEEN: &str = "tuning inside the subspace, seen tasks with other data";

/// [`IntrinsicFigure::setting`] of tasks that the search did not see.
pub const INTRINSIC_UNSEEN: &str = "tuning inside the subspace, unseen tasks";

/// The known figures. 100 tasks found the subspace and 20 others are unseen.
pub fn intrinsic_figures() -> &'static [IntrinsicFigure] {
    &FIGURES
}

static FIGURES: [IntrinsicFigure; 5] = [
    IntrinsicFigure {
        setting: INTRINSIC_SEEN,
        dimensions: Some(250),
        relative_performance: 97.0,
        source: "abstract, version 3",
        evidence: Evidence::Abstract,
    },
    IntrinsicFigure {
        setting: INTRINSIC_UNSEEN,
        dimensions: Some(250),
        relative_performance: 83.0,
        source: "abstract, version 3",
        evidence: Evidence::Abstract,
    },
    IntrinsicFigure {
        setting: INTRINSIC_SEEN,
        dimensions: Some(5),
        relative_performance: 87.0,
        source: "abstract, version 1",
        evidence: Evidence::Abstract,
    },
    IntrinsicFigure {
        setting: INTRINSIC_UNSEEN,
        dimensions: Some(5),
        relative_performance: 65.0,
        source: "abstract, version 1",
        evidence: Evidence::Abstract,
    },
    IntrinsicFigure {
        setting: "prompt tuning that starts from the subspace's result",
        dimensions: None,
        relative_performance: 103.4,
        source: "a reading note of the paper",
        evidence: Evidence::ReadingNote,
    },
];
