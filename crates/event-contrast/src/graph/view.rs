//! A part of an event graph.

use plm_core::graph::Csr;

/// A node-induced part of an event graph.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// The number of the event graph.
    pub graph: usize,
    /// The nodes in the event graph, in the order of the rows here: `[n]`.
    pub nodes: Vec<u32>,
    /// Whether the first node is a seed from which the part was drawn.
    pub seeded: bool,
    /// The edges between them: `[n, n]`.
    pub adjacency: Csr<f32>,
    /// The role of each entry of the adjacency matrix.
    pub roles: Vec<u32>,
    /// Laplacian positions within the part: `[n, width]`.
    pub positions: Vec<f32>,
}

impl View {
    /// The number of neighbors of each node within the part, at most `most`: `[n]`.
    pub fn degrees(&self, most: u32) -> Vec<u32> {
        (0..self.nodes.len())
            .map(|node| u32::try_from(self.adjacency.row_len(node)).map_or(most, |d| d.min(most)))
            .collect()
    }
}
