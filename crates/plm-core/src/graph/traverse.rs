//! Searches over graphs: distances, components, induced subgraphs.

use std::collections::HashMap;

use super::csr::Csr;
use super::scalar::Scalar;
use crate::{Error, Result};

/// What a breadth-first search reached, nearest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// The nodes, by distance and then in the order of discovery.
    pub nodes: Vec<u32>,
    /// The distance of each from the nearest start.
    pub distances: Vec<u32>,
}

/// Which connected component each node belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Components {
    /// The component of each node, numbered by their smallest nodes: `[n]`.
    pub labels: Vec<u32>,
    /// The number of components.
    pub count: usize,
}

/// The part of a graph between chosen nodes.
#[derive(Debug, Clone, PartialEq)]
pub struct Subgraph<T: Scalar> {
    /// The graph of the chosen nodes in the order they were given.
    pub graph: Csr<T>,
    /// The old number of each new node.
    pub nodes: Vec<u32>,
    /// Where each entry of `graph` lies among the entries of the old graph.
    pub entries: Vec<usize>,
    /// The new number of each chosen old node.
    pub index_of: HashMap<u32, u32>,
}

impl<T: Scalar> Csr<T> {
    /// The nodes at most `depth` steps from `starts` (their k-hop neighborhood), going from rows to
    /// columns.
    ///
    /// The starts come first, each once; time and memory depend on what is reached, not on the
    /// graph.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the matrix is not square or a start is out of range.
    pub fn reach(&self, starts: &[u32], depth: u32) -> Result<Reached> {
        self.require_square("breadth-first search")?;
        self.require_nodes("breadth-first search", starts)?;
        let mut seen = HashMap::new();
        let mut reached = Reached {
            nodes: Vec::new(),
            distances: Vec::new(),
        };
        let mut visit = |node: u32, distance: u32, reached: &mut Reached| {
            seen.entry(node).or_insert_with(|| {
                reached.nodes.push(node);
                reached.distances.push(distance);
            });
        };
        for &start in starts {
            visit(start, 0, &mut reached);
        }
        let mut at = 0;
        while at < reached.nodes.len() {
            let distance = reached.distances[at];
            if distance == depth {
                break;
            }
            for &next in self.row(reached.nodes[at] as usize).0 {
                visit(next, distance + 1, &mut reached);
            }
            at += 1;
        }
        Ok(reached)
    }

    /// The connected components, entries taken as edges in both directions.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the matrix is not square.
    pub fn components(&self) -> Result<Components> {
        self.require_square("components")?;
        // Union by smaller root, so that each root is the smallest node of its set.
        let mut parent: Vec<u32> = (0..self.n_rows() as u32).collect();
        for (row, col, _) in self.entries() {
            let (a, b) = (root(&mut parent, row), root(&mut parent, col));
            parent[a.max(b) as usize] = a.min(b);
        }
        let mut labels: Vec<u32> = vec![0; self.n_rows()];
        let mut count = 0;
        for node in 0..self.n_rows() as u32 {
            let root = root(&mut parent, node);
            labels[node as usize] = match root == node {
                true => {
                    count += 1;
                    count - 1
                }
                false => labels[root as usize],
            };
        }
        Ok(Components {
            labels,
            count: count as usize,
        })
    }

    /// The graph between `nodes`, which are renumbered in the order given.
    ///
    /// Entries that carry more than a value (edge types, features) are found through
    /// [`Subgraph::entries`].
    ///
    /// # Errors
    /// [`Error::Invalid`] where the matrix is not square, or a node is out of range or given twice.
    pub fn induced(&self, nodes: &[u32]) -> Result<Subgraph<T>> {
        self.require_square("induced subgraph")?;
        self.require_nodes("induced subgraph", nodes)?;
        let mut index_of = HashMap::with_capacity(nodes.len());
        for (new, &old) in nodes.iter().enumerate() {
            if index_of.insert(old, new as u32).is_some() {
                return Err(Error::invalid(
                    "induced subgraph",
                    format!("node {old} is given twice"),
                ));
            }
        }
        let mut indptr = vec![0];
        let mut indices = Vec::new();
        let mut entries = Vec::new();
        for &old in nodes {
            let begin = indices.len();
            let mut kept: Vec<(u32, usize)> = self
                .row_range(old as usize)
                .filter_map(|entry| {
                    let new = index_of.get(&self.indices()[entry])?;
                    Some((*new, entry))
                })
                .collect();
            kept.sort_unstable();
            indices.extend(kept.iter().map(|&(new, _)| new));
            entries.extend(kept.iter().map(|&(_, entry)| entry));
            indptr.push(begin + kept.len());
        }
        let values = entries.iter().map(|&entry| self.values()[entry]).collect();
        Ok(Subgraph {
            graph: Self::from_parts(nodes.len(), nodes.len(), indptr, indices, values),
            nodes: nodes.to_vec(),
            entries,
            index_of,
        })
    }

    pub(super) fn require_nodes(&self, what: &str, nodes: &[u32]) -> Result<()> {
        match nodes.iter().find(|&&node| node as usize >= self.n_rows()) {
            Some(node) => Err(Error::invalid(
                what,
                format!("node {node} of {}", self.n_rows()),
            )),
            None => Ok(()),
        }
    }
}

/// The representative of a node's set; halves the path to it on the way.
fn root(parent: &mut [u32], mut node: u32) -> u32 {
    while parent[node as usize] != node {
        let above = parent[parent[node as usize] as usize];
        parent[node as usize] = above;
        node = above;
    }
    node
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Duplicates;
    use super::super::testing::arb_graph;
    use super::*;

    /// 0 - 1 - 2 - 3 and 4 - 5, node 6 alone.
    fn graph() -> Csr<f32> {
        Csr::from_edges(7, &[(0, 1), (1, 2), (2, 3), (5, 4)], Duplicates::First)
            .unwrap()
            .symmetrize(Duplicates::Max)
            .unwrap()
    }

    #[test]
    fn hand_worked_searches() {
        let reached = graph().reach(&[1, 1, 5], 1).unwrap();
        assert_eq!(reached.nodes, [1, 5, 0, 2, 4]);
        assert_eq!(reached.distances, [0, 0, 1, 1, 1]);
        assert_eq!(graph().reach(&[0], u32::MAX).unwrap().nodes, [0, 1, 2, 3]);
        assert_eq!(graph().reach(&[6], 0).unwrap().nodes, [6]);

        let components = graph().components().unwrap();
        assert_eq!(components.labels, [0, 0, 0, 0, 1, 1, 2]);
        assert_eq!(components.count, 3);
        // Direction does not matter.
        let directed = Csr::<f32>::from_edges(3, &[(2, 1), (2, 0)], Duplicates::First).unwrap();
        assert_eq!(directed.components().unwrap().labels, [0, 0, 0]);
    }

    #[test]
    fn induced_subgraphs_keep_order_and_entries() {
        let whole = graph();
        let values: Vec<f32> = (0..whole.nnz()).map(|entry| entry as f32).collect();
        let whole = whole.with_values(values).unwrap();
        let part = whole.induced(&[2, 6, 1]).unwrap();
        assert_eq!(part.index_of[&1], 2);
        assert_eq!(part.graph.row(0).0, [2]);
        assert_eq!(part.graph.row_len(1), 0);
        for (at, (row, col, value)) in part.graph.entries().enumerate() {
            assert_eq!(value, whole.values()[part.entries[at]]);
            let (row, col) = (part.nodes[row as usize], part.nodes[col as usize]);
            assert_eq!(whole.get(row as usize, col), Some(value));
        }
    }

    #[test]
    fn bad_nodes_are_errors() {
        let error = graph().reach(&[7], 1).unwrap_err().to_string();
        assert!(error.contains("node 7 of 7"), "{error}");
        let error = graph().induced(&[1, 1]).unwrap_err().to_string();
        assert!(error.contains("node 1 is given twice"), "{error}");
        assert!(graph().induced(&[9]).is_err());
        let wide = Csr::from_dense(1, 2, &[1.0_f32, 0.0]).unwrap();
        assert!(wide.components().is_err() && wide.reach(&[0], 1).is_err());
        assert!(wide.induced(&[0]).is_err());
    }

    proptest! {
        #[test]
        fn components_are_what_a_search_reaches(graph in arb_graph(12)) {
            let components = graph.components().unwrap();
            for start in 0..graph.n_rows() as u32 {
                let mut reached = graph.reach(&[start], u32::MAX).unwrap().nodes;
                reached.sort_unstable();
                let same: Vec<u32> = (0..graph.n_rows() as u32)
                    .filter(|&node| components.labels[node as usize] == components.labels[start as usize])
                    .collect();
                prop_assert_eq!(reached, same);
            }
        }

        #[test]
        fn inducing_on_all_nodes_is_a_permutation(graph in arb_graph(10), shift in 0_u32..10) {
            let n = graph.n_rows() as u32;
            let order: Vec<u32> = (0..n).map(|i| (i + shift) % n).collect();
            let part = graph.induced(&order).unwrap();
            prop_assert_eq!(part.graph.nnz(), graph.nnz());
            for (row, col, _) in part.graph.entries() {
                prop_assert!(graph.get(order[row as usize] as usize, order[col as usize]).is_some());
            }
        }
    }
}
