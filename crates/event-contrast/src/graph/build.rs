//! From AMR nodes and edges to event graphs.

use std::collections::{BTreeMap, BTreeSet};

use plm_core::graph::Csr;
use serde::{Deserialize, Serialize};

use super::{EventGraph, RoleTypes};
use crate::{Error, Result};

/// Which aligned spans become nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeChoice {
    /// Those with an edge to or from another aligned span.
    #[default]
    Linked,
    /// Those with an edge to another aligned span, as in the released code of CLEVE: arguments
    /// without arguments of their own are left out.
    ReferenceNodes,
}

/// An edge between AMR nodes, `-of` roles turned round already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AmrEdge<'a> {
    /// The node it comes from.
    pub source: usize,
    /// Its role, such as `:ARG0`.
    pub role: &'a str,
    /// The node it goes to.
    pub target: usize,
}

impl EventGraph {
    /// The event graph of AMR nodes with these tokens (end exclusive, none if unaligned).
    ///
    /// New roles get numbers in `roles`, an edge and its opposite in this order. Edges with an
    /// unaligned end and edges within a span are left out. A graph without any edge left has no
    /// nodes.
    ///
    /// # Errors
    /// [`Error::Core`] where a span holds no token or an edge names a node out of range.
    pub fn new(
        spans: &[Option<(usize, usize)>],
        edges: &[AmrEdge<'_>],
        choice: NodeChoice,
        roles: &mut RoleTypes,
    ) -> Result<Self> {
        Self::build(spans, edges, choice, |role| {
            let forward = roles.add(role);
            (forward, roles.add(&RoleTypes::inverse(role)))
        })
    }

    /// As [`EventGraph::new`] with the numbers that roles have already; new roles are
    /// [`RoleTypes::UNKNOWN`].
    ///
    /// # Errors
    /// As [`EventGraph::new`].
    pub fn with_known_roles(
        spans: &[Option<(usize, usize)>],
        edges: &[AmrEdge<'_>],
        choice: NodeChoice,
        roles: &RoleTypes,
    ) -> Result<Self> {
        Self::build(spans, edges, choice, |role| {
            (roles.id(role), roles.id(&RoleTypes::inverse(role)))
        })
    }

    fn build(
        spans: &[Option<(usize, usize)>],
        edges: &[AmrEdge<'_>],
        choice: NodeChoice,
        mut number: impl FnMut(&str) -> (u32, u32),
    ) -> Result<Self> {
        let fail = |reason| Err(Error::invalid("event graph", reason));
        if let Some(at) = spans.iter().position(|s| s.is_some_and(|s| s.0 >= s.1)) {
            return fail(format!(
                "node {at} has tokens {:?}; spans end after they start",
                spans[at]
            ));
        }
        let mut links = Vec::with_capacity(edges.len());
        for edge in edges {
            let (Some(source), Some(target)) = (spans.get(edge.source), spans.get(edge.target))
            else {
                let n = spans.len();
                return fail(format!(
                    "edge from {} to {} of {n} nodes",
                    edge.source, edge.target
                ));
            };
            if let (Some(source), Some(target)) = (*source, *target)
                && source != target
            {
                links.push((source, edge.role, target));
            }
        }
        let chosen: BTreeSet<(usize, usize)> = links
            .iter()
            .flat_map(|&(source, _, target)| match choice {
                NodeChoice::Linked => [source, target],
                NodeChoice::ReferenceNodes => [source, source],
            })
            .collect();
        let spans: Vec<(usize, usize)> = chosen.into_iter().collect();
        let node = |span| spans.binary_search(&span).ok().map(|at| at as u32);
        let mut entries: BTreeMap<(u32, u32), u32> = BTreeMap::new();
        for (source, role, target) in links {
            let (Some(source), Some(target)) = (node(source), node(target)) else {
                continue;
            };
            let (forward, back) = number(role);
            entries.entry((source, target)).or_insert(forward);
            entries.entry((target, source)).or_insert(back);
        }
        let mut indptr = vec![0; spans.len() + 1];
        entries
            .keys()
            .for_each(|&(row, _)| indptr[row as usize + 1] += 1);
        for row in 0..spans.len() {
            indptr[row + 1] += indptr[row];
        }
        let columns = entries.keys().map(|&(_, column)| column).collect();
        let ones = vec![1.0; entries.len()];
        Ok(Self {
            adjacency: Csr::new(spans.len(), spans.len(), indptr, columns, ones)?,
            roles: entries.into_values().collect(),
            spans,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn edge(source: usize, role: &str, target: usize) -> AmrEdge<'_> {
        AmrEdge {
            source,
            role,
            target,
        }
    }

    /// attack (2) of rebels (1) and city (4), killing (7) by rebels of people (9); node 4 has no
    /// tokens and nodes 2 and 5 share some.
    const SPANS: [Option<(usize, usize)>; 7] = [
        Some((2, 3)),
        Some((1, 2)),
        Some((4, 5)),
        Some((7, 8)),
        None,
        Some((4, 5)),
        Some((9, 10)),
    ];
    const EDGES: [AmrEdge<'_>; 7] = [
        edge(0, ":ARG0", 1),
        edge(0, ":ARG1", 2),
        edge(3, ":ARG0", 1),
        edge(3, ":ARG1", 6),
        edge(4, ":op1", 0),
        edge(2, ":name", 5),
        edge(1, ":ARG2", 0),
    ];

    #[test]
    fn spans_become_nodes() {
        let mut roles = RoleTypes::new();
        let graph = EventGraph::new(&SPANS, &EDGES, NodeChoice::Linked, &mut roles).unwrap();
        assert_eq!(graph.spans(), [(1, 2), (2, 3), (4, 5), (7, 8), (9, 10)]);
        let entries: Vec<(u32, u32)> = graph.adjacency().entries().map(|e| (e.0, e.1)).collect();
        let expected = [
            (0, 1),
            (0, 3),
            (1, 0),
            (1, 2),
            (2, 1),
            (3, 0),
            (3, 4),
            (4, 3),
        ];
        assert_eq!(entries, expected);
        let named: Vec<&str> = graph
            .roles()
            .iter()
            .map(|&id| roles.name(id).unwrap())
            .collect();
        // The first role between rebels and attack stays.
        assert_eq!(
            named,
            [
                ":ARG0-of", ":ARG0-of", ":ARG0", ":ARG1", ":ARG1-of", ":ARG0", ":ARG1", ":ARG1-of"
            ]
        );
        assert_eq!((graph.degree(0), graph.degree(4)), (2, 1));
        assert_eq!(
            (graph.node_at((7, 8)), graph.node_at((7, 9))),
            (Some(3), None)
        );
        assert_eq!(graph.nodes_in((2, 8)), [1, 2, 3]);
        assert!(graph.adjacency().is_symmetric(0.0));
    }

    #[test]
    fn the_reference_leaves_leaves_out() {
        let mut roles = RoleTypes::new();
        let choice = NodeChoice::ReferenceNodes;
        let graph = EventGraph::new(&SPANS, &EDGES, choice, &mut roles).unwrap();
        assert_eq!(graph.spans(), [(1, 2), (2, 3), (7, 8)]);
        assert_eq!(graph.adjacency().nnz(), 4);
        // Without the edge from rebels to attack no edge is left.
        let graph = EventGraph::new(&SPANS, &EDGES[..6], choice, &mut roles).unwrap();
        assert_eq!((graph.n_nodes(), graph.adjacency().nnz()), (2, 0));
    }

    #[test]
    fn known_roles_are_not_added_to() {
        let mut roles = RoleTypes::new();
        roles.add(":ARG0");
        let graph =
            EventGraph::with_known_roles(&SPANS, &EDGES, NodeChoice::Linked, &roles).unwrap();
        assert_eq!(graph.roles(), [0, 0, 1, 0, 0, 1, 0, 0]);
    }

    #[test]
    fn odd_graphs() {
        let mut roles = RoleTypes::new();
        let mut build = |spans: &[Option<(usize, usize)>], edges: &[AmrEdge<'_>]| {
            EventGraph::new(spans, edges, NodeChoice::Linked, &mut roles)
        };
        assert_eq!(build(&[], &[]).unwrap().n_nodes(), 0);
        assert_eq!(build(&SPANS, &EDGES[4..6]).unwrap().n_nodes(), 0);
        let error = build(&[Some((3, 3))], &[]).unwrap_err().to_string();
        assert!(error.contains("node 0 has tokens"), "{error}");
        let error = build(&SPANS, &[edge(0, ":ARG0", 7)])
            .unwrap_err()
            .to_string();
        assert!(error.contains("edge from 0 to 7 of 7 nodes"), "{error}");
    }
}
