//! ReNode: training weights by distance from class borders.
//!
//! Source: Chen et al. 2021, arXiv 2110.04099, section 3.3; its code, victorchen96/ReNode.

mod weights;

pub use weights::{Rank, ReNode, Ties};
