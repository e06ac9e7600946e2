//! Knowledge graphs: facts "head, relation, tail" in three splits.
//!
//! | layout | reader |
//! |---|---|
//! | `train.txt`, `valid.txt`, `test.txt` with names (WN18RR) | [`read_text_triples`] |
//! | `*2id.txt` with numbers (OpenKE's FB15k-237) | [`read_openke`] |
//! | made from a seed | [`HierarchyConfig`] |

mod graph;
mod hierarchy;
mod known;
mod openke;
mod text;

pub use graph::{KnowledgeGraph, Triple};
pub use hierarchy::HierarchyConfig;
pub use known::KnownTails;
pub use openke::read_openke;
pub use text::read_text_triples;
