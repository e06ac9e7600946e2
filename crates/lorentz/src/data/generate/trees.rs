//! Trees: balanced ones, and labeled ones drawn evenly by their Prüfer codes.

use plm_core::graph::{Csr, Duplicates};
use plm_core::rng::Seed;
use rand::RngExt;

use crate::{Error, Result};

/// The most nodes of a tree, so that node numbers fit matrices.
const MOST: usize = i32::MAX as usize;

/// An undirected tree of the nodes 0, 1, ….
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    edges: Vec<(u32, u32)>,
}

impl Tree {
    /// Number of nodes.
    pub fn nodes(&self) -> usize {
        self.edges.len() + 1
    }

    /// The edges, one fewer than nodes.
    pub fn edges(&self) -> &[(u32, u32)] {
        &self.edges
    }

    /// The symmetric adjacency matrix, `[nodes, nodes]`, with ones.
    ///
    /// # Errors
    /// [`Error::Core`] as [`Csr::from_edges`].
    pub fn adjacency(&self) -> Result<Csr<f32>> {
        let directed = Csr::from_edges(self.nodes(), &self.edges, Duplicates::Reject)?;
        Ok(directed.symmetrize(Duplicates::Max)?)
    }
}

/// The tree in which every node above the last level has `branching` children: node i has the children
/// b i + 1 to b i + b. Two branches and depth 5 make a binary tree of 63 nodes.
///
/// # Errors
/// [`Error::Core`] where `branching` is 0 or there would be more than 2³¹ − 1 nodes.
pub fn balanced_tree(branching: usize, depth: usize) -> Result<Tree> {
    if branching == 0 {
        return Err(invalid("branching", "is 0, must be at least 1"));
    }
    let (mut nodes, mut level) = (1_usize, 1_usize);
    for _ in 0..depth {
        level = level.saturating_mul(branching);
        nodes = nodes.saturating_add(level);
        if nodes > MOST {
            let reason = format!(
                "{branching} and depth {depth} make more than {MOST} nodes, the most of a tree"
            );
            return Err(invalid("branching", &reason));
        }
    }
    let edges = (1..nodes)
        .map(|child| (((child - 1) / branching) as u32, child as u32))
        .collect();
    Ok(Tree { edges })
}

/// The labeled tree of a Prüfer code (Prüfer 1918), in linear time: a tree of n nodes for each code of
/// n − 2 of its numbers, and node v has as many neighbors as the code has v's, and one more.
///
/// # Errors
/// [`Error::Core`] where a number is no node, or there would be more than 2³¹ − 1 nodes.
pub fn prufer_tree(code: &[u32]) -> Result<Tree> {
    let nodes = code.len() + 2;
    if nodes > MOST {
        let reason = format!(
            "of {} numbers, at most {} make a tree",
            code.len(),
            MOST - 2
        );
        return Err(invalid("Prüfer code", &reason));
    }
    let mut degree = vec![1_u32; nodes];
    for (at, &node) in code.iter().enumerate() {
        match degree.get_mut(node as usize) {
            Some(degree) => *degree += 1,
            None => {
                let reason = format!("number {at} is {node}, must be below {nodes}");
                return Err(invalid("Prüfer code", &reason));
            }
        }
    }
    // `leaf` is the smallest leaf; leaves below `next` have been used or are `leaf` itself.
    let first_leaf = |degree: &[u32], from: usize| {
        (from..nodes)
            .find(|&node| degree[node] == 1)
            .unwrap_or(nodes - 1)
    };
    let mut next = first_leaf(&degree, 0);
    let mut leaf = next;
    let mut edges = Vec::with_capacity(nodes - 1);
    for &node in code {
        edges.push((leaf as u32, node));
        degree[leaf] = 0;
        degree[node as usize] -= 1;
        if degree[node as usize] == 1 && (node as usize) < next {
            leaf = node as usize;
        } else {
            next = first_leaf(&degree, next + 1);
            leaf = next;
        }
    }
    edges.push((leaf as u32, (nodes - 1) as u32));
    Ok(Tree { edges })
}

/// A tree drawn evenly from all labeled trees of `nodes` nodes.
///
/// # Errors
/// [`Error::Core`] where there is no node, or more than 2³¹ − 1.
pub fn random_tree(nodes: usize, seed: Seed) -> Result<Tree> {
    if nodes == 0 || nodes > MOST {
        let reason = format!("is {nodes}, must lie between 1 and {MOST}");
        return Err(invalid("nodes", &reason));
    }
    if nodes == 1 {
        return Ok(Tree { edges: Vec::new() });
    }
    let mut rng = seed.stream("prufer");
    let code: Vec<u32> = (2..nodes)
        .map(|_| rng.random_range(0..nodes as u32))
        .collect();
    prufer_tree(&code)
}

fn invalid(what: &str, reason: &str) -> Error {
    plm_core::Error::invalid(what, reason).into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn balanced_trees_count_their_nodes() {
        let tree = balanced_tree(2, 5).unwrap();
        assert_eq!(tree.nodes(), 63);
        assert_eq!(tree.edges()[..3], [(0, 1), (0, 2), (1, 3)]);
        assert_eq!(balanced_tree(3, 2).unwrap().nodes(), 13);
        assert_eq!(balanced_tree(1, 4).unwrap().edges().last(), Some(&(3, 4)));
        assert_eq!(balanced_tree(7, 0).unwrap().nodes(), 1);
        let adjacency = tree.adjacency().unwrap();
        assert_eq!(adjacency.row(1).0, [0, 3, 4]);
        assert!(balanced_tree(0, 2).is_err() && balanced_tree(2, 40).is_err());
    }

    /// The code 3 3 3 4 is that of the star 0, 1, 2 around 3 with 4 and 5 at its end.
    #[test]
    fn a_code_worked_by_hand() {
        let tree = prufer_tree(&[3, 3, 3, 4]).unwrap();
        assert_eq!(tree.edges(), [(0, 3), (1, 3), (2, 3), (3, 4), (4, 5)]);
        assert_eq!(prufer_tree(&[]).unwrap().edges(), [(0, 1)]);
        let error = prufer_tree(&[0, 4]).unwrap_err().to_string();
        assert!(error.contains("number 1 is 4"), "{error}");
    }

    /// Cayley: there are n^(n − 2) labeled trees, and each code gives another one.
    #[test]
    fn codes_give_all_trees() {
        let mut trees = BTreeSet::new();
        for code in 0..125_u32 {
            let tree = prufer_tree(&[code / 25, code / 5 % 5, code % 5]).unwrap();
            let edges: BTreeSet<(u32, u32)> = tree
                .edges()
                .iter()
                .map(|&(a, b)| (a.min(b), a.max(b)))
                .collect();
            trees.insert(edges);
        }
        assert_eq!(trees.len(), 125);
    }

    #[test]
    fn random_trees_depend_on_their_seed_only() {
        let tree = |seed| random_tree(40, Seed::new(seed)).unwrap();
        assert_eq!(tree(1), tree(1));
        assert_ne!(tree(1), tree(2));
        assert_eq!(random_tree(1, Seed::new(1)).unwrap().nodes(), 1);
        assert_eq!(random_tree(2, Seed::new(1)).unwrap().edges(), [(0, 1)]);
        assert!(random_tree(0, Seed::new(1)).is_err());
    }

    proptest! {
        #[test]
        fn random_trees_are_connected_and_have_the_degrees_of_their_codes(
            code in proptest::collection::vec(0_u32..12, 10),
        ) {
            let tree = prufer_tree(&code).unwrap();
            prop_assert_eq!(tree.nodes(), 12);
            let adjacency = tree.adjacency().unwrap();
            prop_assert_eq!(adjacency.components().unwrap().count, 1);
            for node in 0..12_u32 {
                let expected = code.iter().filter(|other| **other == node).count() + 1;
                prop_assert_eq!(adjacency.row_len(node as usize), expected);
            }
        }
    }
}
