//! One place for each node of a graph, in hyperbolic or in Euclidean space, and how well near places are
//! related nodes.

mod embedding;
mod host;
mod ranking;
mod space;

pub use embedding::{NodeEmbedding, NodeEmbeddingConfig};
pub use host::Places;
pub use ranking::{Ranking, rank_related};
pub use space::Space;
