//! RAP, robustness-aware perturbation (Yang et al., EMNLP 2021, arXiv 2110.07831).
//!
//! A rare word's vector is changed until the word, put in front of a clean text of the protected class,
//! takes some probability from that class. A backdoor trigger pushes texts so far from the boundary that
//! the word hardly moves them: an input whose probability does not drop is taken for poisoned.

mod construct;
mod defense;
mod detector;
mod retry;
#[cfg(test)]
mod tests;

pub use construct::{Construction, EpochReport, RapSettings, construct};
pub use defense::{Protection, RapDefense};
pub use detector::{RapDetector, drops, perturbed_probabilities};
pub use retry::construct_with_retry;
