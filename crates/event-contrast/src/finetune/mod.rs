//! Supervised event extraction: event detection and event argument extraction by dynamic
//! multi-pooling over marked text (Chen et al., ACL 2015; Wang et al., NAACL 2019), by event graphs,
//! or by both.
//!
//! [`EventCorpus`] turns documents into [`Candidate`]s, [`EventClassifier`] is the model of both
//! tasks, [`fine_tune`] trains it, [`predict`] asks it, and [`EventCorpus::instances`] gives
//! [`argument_scores`](crate::score::argument_scores) what they need.

mod batch;
mod candidate;
mod corpus;
mod encode;
mod labels;
mod losses;
mod markers;
mod model;
mod predict;
mod settings;
mod submission;
mod train;

pub use batch::ClassifierBatch;
pub use candidate::{Candidate, CandidateSet, Task};
pub use corpus::{ArgumentCandidates, EventCorpus};
pub use encode::{EncodedCandidate, encode_candidate};
pub use labels::EventLabels;
pub use losses::CorpusLosses;
pub use markers::Markers;
pub use model::{ClassifierConfig, EventClassifier};
pub use predict::predict;
pub use settings::FineTuning;
pub use train::fine_tune;
