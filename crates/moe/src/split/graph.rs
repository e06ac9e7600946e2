//! A graph with weighted edges.

use crate::error::check_size;
use crate::{Error, Result};

/// An undirected graph whose edges have whole positive weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graph {
    offsets: Vec<usize>,
    neighbors: Vec<u32>,
    weights: Vec<i64>,
}

impl Graph {
    /// A graph of `nodes` nodes, from pairs of nodes with the weight of the edge between them.
    ///
    /// Weights of the same pair add up, whatever its order. Edges of weight 0 and edges from a node
    /// to itself, which no division cuts, are left out.
    ///
    /// # Errors
    /// [`Error::Setting`] for an end that is not below `nodes`.
    pub fn from_edges(nodes: usize, edges: &[(u32, u32, u32)]) -> Result<Self> {
        let counted = || edges.iter().filter(|edge| edge.0 != edge.1 && edge.2 != 0);
        let mut offsets = vec![0; nodes + 1];
        for &(a, b, _) in counted() {
            for end in [a, b] {
                if end as usize >= nodes {
                    return Err(Error::Setting {
                        name: "end of an edge",
                        value: end.to_string(),
                        limit: "must be below the number of nodes",
                    });
                }
                offsets[end as usize + 1] += 1;
            }
        }
        for node in 0..nodes {
            offsets[node + 1] += offsets[node];
        }
        let mut next = offsets.clone();
        let mut entries = vec![(0, 0); offsets[nodes]];
        for &(a, b, weight) in counted() {
            for (node, neighbor) in [(a, b), (b, a)] {
                entries[next[node as usize]] = (neighbor, i64::from(weight));
                next[node as usize] += 1;
            }
        }
        let mut graph = Self::with_capacity(nodes, entries.len());
        for node in 0..nodes {
            let row = &mut entries[offsets[node]..offsets[node + 1]];
            row.sort_unstable_by_key(|entry| entry.0);
            graph.push_node(row.chunk_by(|x, y| x.0 == y.0).map(|same| {
                let weight: i64 = same.iter().map(|entry| entry.1).sum();
                (same[0].0, weight)
            }));
        }
        Ok(graph)
    }

    /// A graph without nodes, with space for `nodes` nodes and `ends` ends of edges.
    pub(super) fn with_capacity(nodes: usize, ends: usize) -> Self {
        let mut offsets = Vec::with_capacity(nodes + 1);
        offsets.push(0);
        Self {
            offsets,
            neighbors: Vec::with_capacity(ends),
            weights: Vec::with_capacity(ends),
        }
    }

    /// Adds a node with its neighbors and the weights of the edges to them; the neighbors must get
    /// the same edges.
    pub(super) fn push_node(&mut self, edges: impl Iterator<Item = (u32, i64)>) {
        for (neighbor, weight) in edges {
            self.neighbors.push(neighbor);
            self.weights.push(weight);
        }
        self.offsets.push(self.neighbors.len());
    }

    /// Number of nodes.
    pub fn nodes(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Number of edges.
    pub fn edges(&self) -> usize {
        self.neighbors.len() / 2
    }

    /// A node's neighbors, with the weights of the edges to them.
    ///
    /// # Panics
    /// If there is no such node.
    pub fn neighbors(&self, node: usize) -> impl ExactSizeIterator<Item = (u32, i64)> + '_ {
        let range = self.offsets[node]..self.offsets[node + 1];
        let neighbors = self.neighbors[range.clone()].iter().copied();
        neighbors.zip(self.weights[range].iter().copied())
    }

    /// The weight of the edge between two nodes, 0 where there is none.
    ///
    /// Neighbors must be in rising order, as they are in graphs from [`Graph::from_edges`].
    pub(super) fn weight(&self, a: u32, b: u32) -> i64 {
        let range = self.offsets[a as usize]..self.offsets[a as usize + 1];
        match self.neighbors[range.clone()].binary_search(&b) {
            Ok(place) => self.weights[range.start + place],
            Err(_) => 0,
        }
    }

    /// The weight of all edges whose ends have different labels.
    ///
    /// # Errors
    /// [`Error::Size`] where there is not one label for each node.
    pub fn cut(&self, labels: &[u32]) -> Result<i64> {
        check_size("labels of a graph", labels.len(), self.nodes())?;
        let mut twice = 0;
        for (node, &label) in labels.iter().enumerate() {
            for (neighbor, weight) in self.neighbors(node) {
                if labels[neighbor as usize] != label {
                    twice += weight;
                }
            }
        }
        Ok(twice / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_symmetric_and_merged() {
        let edges = [(2, 0, 3), (1, 1, 9), (0, 2, 4), (0, 1, 1), (1, 2, 0)];
        let graph = Graph::from_edges(4, &edges).unwrap();
        assert_eq!((graph.nodes(), graph.edges()), (4, 2));
        assert_eq!(graph.neighbors(0).collect::<Vec<_>>(), [(1, 1), (2, 7)]);
        assert_eq!(graph.neighbors(2).collect::<Vec<_>>(), [(0, 7)]);
        assert_eq!(graph.neighbors(3).len(), 0);
        assert_eq!((graph.weight(2, 0), graph.weight(1, 2)), (7, 0));
        assert_eq!(graph.cut(&[0, 0, 1, 1]).unwrap(), 7);
        assert_eq!(graph.cut(&[0, 1, 2, 3]).unwrap(), 8);
        assert_eq!(Graph::from_edges(0, &[]).unwrap().nodes(), 0);
    }

    #[test]
    fn ends_and_labels_are_checked() {
        let error = Graph::from_edges(2, &[(0, 2, 1)]).unwrap_err();
        assert!(matches!(error, Error::Setting { .. }));
        let graph = Graph::from_edges(2, &[(0, 1, 1)]).unwrap();
        assert!(matches!(graph.cut(&[0]), Err(Error::Size { .. })));
    }
}
