//! Trigger-argument pairs from AMR (CLEVE, arXiv 2105.14485, section 3.2; rules of the released
//! `load_AMR.py`).
//!
//! Nodes with the same tokens count as one. Coordinations (`and` with `:op1`, `:op2`) and names hand
//! the edges that lead to them on to what they hold. A node with tokens is a trigger where arguments
//! hang on it: `:ARG` roles, and times and places. The arguments of the other triggers of the sentence
//! are its negatives, so a sentence needs two triggers, unless it is only to be clustered
//! ([`extract_any`]).
//!
//! The released rules take every node whose tokens are those of a quoted string out, and with that all
//! named entities; [`PairSettings::keep_named`] keeps them. Unlike the released code we give no span
//! twice and no trigger as its own argument.

mod extract;
mod gold;
mod links;
mod settings;
mod source;
#[cfg(test)]
mod tests;
mod types;

pub use extract::{extract, extract_any};
pub use gold::gold_pairs;
pub use settings::PairSettings;
pub use source::PairSource;
pub use types::{PairExample, SentencePairs, Trigger};
