//! Undirected graphs with node features and class labels.

mod adjacency;
mod features;
mod labels;

use plm_core::graph::Csr;

pub use adjacency::{Adjacency, EdgePolicy, EdgeReport, Weights};
pub use features::Features;
pub use labels::Labels;
pub(crate) use labels::{MAX_CLASSES, count_every_class, refuse_repeats};

use crate::{Error, Result};

/// A node classification problem: a graph, what is known of its nodes, and their classes.
#[derive(Debug, Clone)]
pub struct NodeGraph {
    /// The edges: symmetric, without self-loops.
    pub adjacency: Adjacency,
    /// A row of features for each node.
    pub features: Features,
    /// The class of each node, where known.
    pub labels: Labels,
}

impl NodeGraph {
    /// The parts as one graph.
    ///
    /// # Errors
    /// [`Error::Core`] where features or labels are not those of as many nodes as the edges have.
    pub fn new(adjacency: Adjacency, features: Features, labels: Labels) -> Result<Self> {
        let nodes = adjacency.n_nodes();
        for (what, count) in [
            ("features", features.n_nodes()),
            ("labels", labels.n_nodes()),
        ] {
            if count != nodes {
                return Err(Error::invalid(
                    what,
                    format!("of {count} nodes for a graph of {nodes}"),
                ));
            }
        }
        Ok(Self {
            adjacency,
            features,
            labels,
        })
    }

    /// Number of nodes.
    pub fn n_nodes(&self) -> usize {
        self.adjacency.n_nodes()
    }

    /// Number of classes.
    pub fn n_classes(&self) -> usize {
        self.labels.n_classes()
    }

    /// The share of edges between nodes of one class, over edges whose two ends are labeled; `None`
    /// where there is none.
    pub fn edge_homophily(&self) -> Option<f64> {
        let (mut same, mut all) = (0_usize, 0_usize);
        for (row, col, _) in self.csr().entries() {
            if let (Some(a), Some(b)) = (self.labels.get(row), self.labels.get(col)) {
                same += usize::from(a == b);
                all += 1;
            }
        }
        (all > 0).then(|| same as f64 / all as f64)
    }

    /// The adjacency matrix.
    pub fn csr(&self) -> &Csr<f32> {
        self.adjacency.csr()
    }
}
