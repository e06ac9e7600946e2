//! Marker tokens: which tokens of a vocabulary they are, and what their vectors begin as.

mod init;
mod set;
mod tokens;

pub use init::{MarkerInit, VectorSource, published_entity_init, published_relation_init};
pub use set::MarkerSet;
pub use tokens::{MarkerToken, marker_tokens, resolve_markers};
