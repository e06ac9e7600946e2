//! Hierarchies such as WordNet's nouns: which node stands above which.

mod closure;
mod read;
mod sample;

pub use closure::Hierarchy;
pub use read::read_hierarchy;
