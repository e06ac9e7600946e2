//! Tasks: models with their training, and how good they are, hyperbolic and Euclidean.

pub mod graph;
pub mod hierarchy;
pub mod kg;
pub mod nodes;
pub mod probing;
pub mod translation;
pub mod tree;
