//! Graphs as text: a file of edges, one of labels, one of features.

mod fields;
mod read;
mod write;

use std::path::{Path, PathBuf};

pub use fields::Separator;
pub use read::read_edge_list;
pub use write::write_edge_list;

use crate::graph::EdgePolicy;

/// The text files of a graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EdgeListFiles {
    /// Two nodes a line, and the edge's weight where there are weights.
    pub edges: PathBuf,
    /// A node and its class a line; the class is empty or not there where it is unknown.
    pub labels: Option<PathBuf>,
    /// A node and its numbers a line.
    pub features: Option<PathBuf>,
}

impl EdgeListFiles {
    /// The files `edges`, `labels` and `features` in `directory`, their names ending in `extension`.
    pub fn in_directory(directory: impl AsRef<Path>, extension: &str) -> Self {
        let file = |name: &str| directory.as_ref().join(format!("{name}.{extension}"));
        Self {
            edges: file("edges"),
            labels: Some(file("labels")),
            features: Some(file("features")),
        }
    }
}

/// How the text files of a graph are written down, all of them alike.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EdgeListOptions {
    /// What separates fields.
    pub separator: Separator,
    /// Whether the first line of each file names its columns.
    pub header: bool,
    /// Whether an edge is given once for each direction. If not, a line stands for both, and
    /// [`EdgePolicy::reject_asymmetric`] has nothing to reject.
    pub directed: bool,
    /// What becomes of edges that are not as an undirected, unweighted graph has them.
    pub policy: EdgePolicy,
}
