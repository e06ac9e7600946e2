//! RAP, robustness-aware perturbation (Yang et al., EMNLP 2021, arXiv 2110.07831).
//!
//! A rare word's vector is changed until the word, put in front of a clean text of the protected class,
//! takes some probability from that class. A text with a backdoor trigger hardly loses any: an input whose
//! probability does not drop is taken for poisoned.
//!
//! The paper explains it by the distance of such texts from the boundary, where the probability is flat. In the
//! kept runs of the reproduction their margin itself hardly moves: the trigger outweighs the word. Where the margin
//! of triggered texts moves as that of clean ones does, RAP does not tell them apart.

mod acceptance;
mod construct;
mod defense;
mod detector;
mod retry;
#[cfg(test)]
mod tests;

pub use acceptance::Acceptance;
pub use construct::{Construction, EpochReport, RapSettings, construct, construct_scored};
pub use defense::{Protection, RapDefense};
pub use detector::{RapDetector, drops, perturbed_probabilities};
pub use retry::construct_with_retry;
