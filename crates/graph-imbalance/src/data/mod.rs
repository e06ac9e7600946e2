//! Readers and writers of graphs.
//!
//! | format | read | write |
//! |---|---|---|
//! | Planetoid's pickles `ind.NAME.*` | [`read_planetoid`] | |
//! | npz archives of gnn-benchmark and of the heterophilous graphs | [`read_npz`] | |
//! | safetensors, plain or gzipped | [`read_safetensors`] | [`write_safetensors`] |
//! | text: an edge list, labels, features | [`read_edge_list`] | [`write_edge_list`] |
//! | graphs of the crate petgraph | [`from_petgraph`] | [`to_petgraph`] |
//!
//! All readers of files return a [`Dataset`] and treat every file as if a stranger had made it: a
//! mistake is an error that names file and place, nothing is executed, and no memory is asked for that
//! the size of the file does not back. Compressed files may expand to 256 times their size and one
//! MiB more.

mod dataset;
mod edge_list;
mod expand;
mod npz;
mod parts;
mod petgraph;
mod pickle;
mod planetoid;
mod safetensors;
mod sparse;

pub use self::petgraph::{from_petgraph, to_petgraph};
pub use self::safetensors::{read_safetensors, write_safetensors};
pub use dataset::Dataset;
pub use edge_list::{EdgeListFiles, EdgeListOptions, Separator, read_edge_list, write_edge_list};
pub use npz::read_npz;
pub use planetoid::read_planetoid;
