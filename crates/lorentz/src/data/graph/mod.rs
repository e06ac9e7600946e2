//! Graphs with node features and classes, and how their nodes and edges are split.
//!
//! [`read_graph`] treats every file as if a stranger had made it: a mistake is an error that names file
//! and tensor, and no memory is asked for that the size of the file does not back. Gzipped files may
//! expand to 256 times their size and one MiB more.

mod dataset;
mod features;
mod link_split;
mod negatives;
mod node_split;
mod read;
pub(crate) mod tensors;

pub use dataset::GraphDataset;
pub use features::{row_normalized, with_degrees};
pub use link_split::{LinkSet, LinkSplit, LinkSplitConfig};
pub use negatives::NegativePairs;
pub use node_split::NodeSplit;
pub use read::read_graph;
