//! How many steps nodes of a graph are apart.

use plm_core::graph::Csr;

use crate::Result;

/// The most nodes of a table of distances: it then takes a quarter of a GiB.
const MOST: usize = 8192;

/// The number of steps between all nodes of a connected graph.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphDistances {
    adjacency: Csr<f32>,
    steps: Vec<u32>,
}

impl GraphDistances {
    /// Breadth-first searches from all nodes of `adjacency`, whose entries are edges of one step in both
    /// directions.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where the matrix is not square, has fewer than 2 or more than
    /// 8192 rows, or a node cannot be reached from another one.
    pub fn of(adjacency: &Csr<f32>) -> Result<Self> {
        let nodes = adjacency.n_rows();
        if !(2..=MOST).contains(&nodes) {
            let reason = format!("has {nodes} nodes, must have between 2 and {MOST}");
            return Err(invalid(reason));
        }
        let adjacency = adjacency
            .without_self_loops()
            .symmetrize(plm_core::graph::Duplicates::Max)?;
        let mut steps = vec![u32::MAX; nodes * nodes];
        for (from, row) in steps.chunks_mut(nodes).enumerate() {
            let reached = adjacency.reach(&[from as u32], u32::MAX)?;
            for (node, distance) in reached.nodes.into_iter().zip(reached.distances) {
                row[node as usize] = distance;
            }
            if let Some(to) = row.iter().position(|&steps| steps == u32::MAX) {
                let reason =
                    format!("no path leads from node {from} to node {to}; embed components apart");
                return Err(invalid(reason));
            }
        }
        Ok(Self { adjacency, steps })
    }

    /// Number of nodes.
    pub fn nodes(&self) -> usize {
        self.adjacency.n_rows()
    }

    /// The edges in both directions, without self-loops.
    pub fn adjacency(&self) -> &Csr<f32> {
        &self.adjacency
    }

    /// The steps from `node` to all nodes, in their order.
    ///
    /// # Panics
    /// If `node` is none.
    pub fn from(&self, node: usize) -> &[u32] {
        let nodes = self.nodes();
        &self.steps[node * nodes..(node + 1) * nodes]
    }
}

fn invalid(reason: String) -> crate::Error {
    plm_core::Error::invalid("graph", reason).into()
}

#[cfg(test)]
mod tests {
    use plm_core::graph::Duplicates;
    use plm_core::rng::Seed;
    use proptest::prelude::*;

    use super::*;
    use crate::data::generate::{balanced_tree, random_tree};

    #[test]
    fn a_binary_tree_and_a_ring() {
        let tree = balanced_tree(2, 2).unwrap().adjacency().unwrap();
        let distances = GraphDistances::of(&tree).unwrap();
        assert_eq!(distances.from(3), [2, 1, 3, 0, 2, 4, 4]);
        let ring = Csr::from_edges(4, &[(0, 1), (1, 2), (2, 3), (3, 0)], Duplicates::First);
        let ring = GraphDistances::of(&ring.unwrap()).unwrap();
        assert_eq!(ring.from(0), [0, 1, 2, 1]);
        assert_eq!(ring.adjacency().nnz(), 8);
    }

    #[test]
    fn graphs_in_pieces_are_refused() {
        let pieces = Csr::from_edges(3, &[(0, 1)], Duplicates::First).unwrap();
        let error = GraphDistances::of(&pieces).unwrap_err().to_string();
        assert!(error.contains("from node 0 to node 2"), "{error}");
        let one = Csr::from_edges(1, &[], Duplicates::First).unwrap();
        assert!(GraphDistances::of(&one).is_err());
    }

    proptest! {
        /// The searches agree with Floyd's and Warshall's algorithm.
        #[test]
        fn searches_find_shortest_paths(
            seed in any::<u64>(),
            extra in proptest::collection::vec((0_u32..9, 0_u32..9), 0..6),
        ) {
            let mut edges = random_tree(9, Seed::new(seed)).unwrap().edges().to_vec();
            edges.extend(extra);
            let mut table = vec![[9_u32; 9]; 9];
            for &(a, b) in &edges {
                table[a as usize][b as usize] = 1;
                table[b as usize][a as usize] = 1;
            }
            for (node, row) in table.iter_mut().enumerate() {
                row[node] = 0;
            }
            for by in 0..9 {
                for from in 0..9 {
                    for to in 0..9 {
                        let way = table[from][by] + table[by][to];
                        table[from][to] = table[from][to].min(way);
                    }
                }
            }
            let graph = Csr::from_edges(9, &edges, Duplicates::First).unwrap();
            let found = GraphDistances::of(&graph).unwrap();
            for (node, row) in table.iter().enumerate() {
                prop_assert_eq!(found.from(node), row);
            }
        }
    }
}
