//! STRIP for text (Gao et al., "Design and Evaluation of a Multi-Domain Trojan Detection Method on
//! Deep Neural Networks"; baseline of arXiv 2110.07831).
//!
//! Copies of an input get words of clean texts of other classes. A clean input's prediction then
//! wavers, a poisoned one's stays with the trigger: inputs whose predictions have a low mean entropy
//! are rejected.
//!
//! Words are scored by TF-IDF over words. The code published with RAP hands its TF-IDF strings, and
//! so counts characters and looks for substrings. OpenBackdoor averages the entropies of copies of
//! different inputs, having laid them out by input and read them by copy, and uses base 2.

mod detector;
mod entropy;
mod perturb;
mod settings;
#[cfg(test)]
mod tests;
mod tf_idf;

pub use detector::{StripDetector, StripVerdict};
pub use entropy::{entropy, mean_by_input};
pub use perturb::Perturber;
pub use settings::StripSettings;
pub use tf_idf::TfIdf;
