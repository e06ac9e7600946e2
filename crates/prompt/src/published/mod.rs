//! Published figures, as data for reports that compare runs with them.
//!
//! Scores are percentages. Each figure says how it is known, in [`Evidence`]. Figures of the
//! papers' tables that were not at hand are missing here, not estimated: the speed-ups and averages
//! of tuning from transferred prompts, and the correlations of the overlap of neurons.

mod cross_model;
mod intrinsic;
mod matrices;
mod scores;
mod similarity;

use serde::Serialize;

pub use cross_model::{CrossModelScore, cross_model_scores};
pub use intrinsic::{INTRINSIC_SEEN, INTRINSIC_UNSEEN, IntrinsicFigure, intrinsic_figures};
pub use matrices::{relative_means, transfer_matrix};
pub use scores::{own_task_scores, random_prompt_scores};
pub use similarity::{PairSimilarity, SimilarityFigures, pair_similarities, similarity_figures};

/// How a figure is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// It stands in a result file of the authors' repository.
    ReleasedFile,
    /// It was computed from the files of the authors' repository.
    ComputedFromRelease,
    /// It stands in the paper's abstract.
    Abstract,
    /// It comes from a third party's reading note of the paper.
    ReadingNote,
}

/// The repository of the transfer study, with the commit that the figures were read at.
pub const TRANSFER_REPOSITORY: &str =
    "github.com/thunlp/Prompt-Transferability at 2d15de5, 1.0/result";

/// The paper of the intrinsic subspace.
pub const INTRINSIC_PAPER: &str = "arXiv 2110.07867";

/// How far a score may lie from a released one without a difference in method, in points. The
/// study's evaluation drops the last batch of a shuffled set, so it scores a random part of it.
pub const EVALUATION_NOISE: f64 = 1.0;
