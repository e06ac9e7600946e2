//! Data sets of hyperbolic networks: readers, splits and generators.

mod expand;
pub mod generate;
pub mod graph;
pub mod hierarchy;
pub mod kg;
mod parallel;

pub use parallel::{ParallelLines, SentencePair, open_text, read_parallel};
