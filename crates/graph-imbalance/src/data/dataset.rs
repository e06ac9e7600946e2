//! What a reader returns.

use crate::graph::{EdgeReport, NodeGraph};
use crate::split::Split;

/// A graph from a file, and what else the file said.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// The graph. A table of features that is stored dense but is at least three quarters zeros comes
    /// as a sparse one.
    pub graph: NodeGraph,
    /// The splits that come with the file, in its order; none where it has none. Their nodes are
    /// labeled and in one set each, but a class may lack training nodes: see [`Split::check`].
    pub splits: Vec<Split>,
    /// What was changed of the edges as the file lists them.
    pub report: EdgeReport,
    /// Nodes of which the files say nothing, ascending. They have an empty row of features and class 0,
    /// as other readers of Planetoid's files have it: CiteSeer has 15.
    pub placeholders: Vec<u32>,
    /// The name of each node in the file, `[n_nodes]`; empty where nodes have only numbers.
    pub node_names: Vec<String>,
    /// The name of each class in the file, `[n_classes]`; empty where classes have only numbers.
    pub class_names: Vec<String>,
    /// What is in the file and was not read, in alphabetical order.
    pub unused: Vec<String>,
}

impl Dataset {
    /// A graph with nothing else said.
    pub fn new(graph: NodeGraph) -> Self {
        Self {
            graph,
            splits: Vec::new(),
            report: EdgeReport::default(),
            placeholders: Vec::new(),
            node_names: Vec::new(),
            class_names: Vec::new(),
            unused: Vec::new(),
        }
    }
}
