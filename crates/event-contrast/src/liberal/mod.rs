//! Event extraction without labels ("liberal", Huang et al., ACL 2016): triggers and arguments that
//! AMR names are represented by pre-trained encoders and clustered jointly.
//!
//! [`LiberalCandidates`] are the mentions and links of [`extract_any`](crate::pairs::extract_any); their
//! vectors come from text ([`LiberalCandidates::text_vectors`]), graphs
//! ([`LiberalCandidates::graph_vectors`]) or both ([`join`]); [`LiberalCandidates::cluster`] runs
//! [`Jcsc`](crate::jcsc::Jcsc), and [`LiberalCandidates::score`] compares with gold events.

mod candidates;
mod cluster;
mod represent;

pub use candidates::LiberalCandidates;
pub use cluster::{GoldClasses, LiberalReport};
pub use represent::{CandidateVectors, join};
