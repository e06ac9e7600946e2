//! Generated event sentences: event types with several trigger words each, typed arguments from
//! shared pools of words, gold events, and the AMR graph of each sentence with its alignments.
//!
//! Labeled sentences use only some trigger words of a type and only some fillers of its object;
//! test sentences use the others, which the unlabeled sentences show with the same kinds of
//! arguments. What contrastive pre-training learns from the unlabeled part is thus what the test
//! part asks for.

mod aligned;
mod config;
mod corpus;
mod draft;
mod event_kinds;
mod event_types;
mod graph;
mod hold_out;
mod jamr;
mod lexicon;
mod penman;
mod sentence;
mod shape;
#[cfg(test)]
mod tests;
mod tree;

pub use config::GeneratorConfig;
pub use corpus::{GeneratedCorpus, GeneratedSentence, HeldOut, generate};
pub use graph::{GraphEdge, GraphNode, SentenceGraph};
