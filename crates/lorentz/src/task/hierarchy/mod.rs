//! Embedding of hierarchies (Nickel and Kiela 2017, arXiv:1705.08039, and 2018, arXiv:1806.03417): each node
//! is to be nearer to its ancestors than to all other nodes.

mod config;
mod embed;
mod negatives;

pub use config::{HierarchyConfig, HierarchyScore};
pub use embed::{HierarchyFit, embed_hierarchy};
