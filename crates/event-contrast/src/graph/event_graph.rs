//! The graph of a sentence's aligned spans.

use plm_core::graph::Csr;

/// The undirected graph of the aligned spans of one AMR graph.
///
/// Several AMR nodes aligned with one span are one node. Two spans have one edge however many roles
/// link them, stored in both directions, each with the first role that was given for it.
#[derive(Debug, Clone, PartialEq)]
pub struct EventGraph {
    pub(super) spans: Vec<(usize, usize)>,
    pub(super) adjacency: Csr<f32>,
    pub(super) roles: Vec<u32>,
}

impl EventGraph {
    /// The number of nodes.
    pub fn n_nodes(&self) -> usize {
        self.spans.len()
    }

    /// The tokens of each node, end exclusive, ascending: `[n]`.
    pub fn spans(&self) -> &[(usize, usize)] {
        &self.spans
    }

    /// The edges, all of weight 1, without loops: `[n, n]`, symmetric.
    pub fn adjacency(&self) -> &Csr<f32> {
        &self.adjacency
    }

    /// The role of each entry of the adjacency matrix, from row to column.
    pub fn roles(&self) -> &[u32] {
        &self.roles
    }

    /// The number of neighbors of a node.
    ///
    /// # Panics
    /// If `node` is out of range.
    pub fn degree(&self, node: usize) -> usize {
        self.adjacency.row_len(node)
    }

    /// The node with exactly these tokens.
    pub fn node_at(&self, span: (usize, usize)) -> Option<usize> {
        self.spans.binary_search(&span).ok()
    }

    /// The nodes that share a token with `span`, ascending: those that a mention found by other
    /// means stands for.
    pub fn nodes_in(&self, span: (usize, usize)) -> Vec<usize> {
        let shares = |node: &(usize, usize)| node.0.max(span.0) < node.1.min(span.1);
        (0..self.spans.len())
            .filter(|&node| shares(&self.spans[node]))
            .collect()
    }
}
