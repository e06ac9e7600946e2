//! Event graphs of aligned AMR graphs.

use std::collections::HashMap;

use super::{AmrEdge, EventGraph, NodeChoice, RoleTypes};
use crate::Result;
use crate::amr::{AlignedGraph, NodeRef};

impl EventGraph {
    /// The event graph of `aligned`. New roles get numbers in `roles`.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where a span of the graph holds no token.
    pub fn from_amr(
        aligned: &AlignedGraph,
        choice: NodeChoice,
        roles: &mut RoleTypes,
    ) -> Result<Self> {
        let (spans, edges) = parts(aligned);
        Self::new(&spans, &edges, choice, roles)
    }

    /// As [`EventGraph::from_amr`] with the numbers that roles have already; new roles are
    /// [`RoleTypes::UNKNOWN`].
    ///
    /// # Errors
    /// As [`EventGraph::from_amr`].
    pub fn from_amr_with_known_roles(
        aligned: &AlignedGraph,
        choice: NodeChoice,
        roles: &RoleTypes,
    ) -> Result<Self> {
        let (spans, edges) = parts(aligned);
        Self::with_known_roles(&spans, &edges, choice, roles)
    }
}

type Spans = Vec<Option<(usize, usize)>>;

/// The tokens of each node and the edges between the nodes' numbers.
fn parts(aligned: &AlignedGraph) -> (Spans, Vec<AmrEdge<'_>>) {
    let nodes: Vec<NodeRef> = aligned.nodes().collect();
    let numbers: HashMap<NodeRef, usize> = nodes.iter().copied().zip(0..).collect();
    let spans = nodes
        .iter()
        .map(|&node| aligned.span(node).map(|span| (span.start, span.end)))
        .collect();
    let edges = aligned.edges().filter_map(|(source, role, target)| {
        Some(AmrEdge {
            source: *numbers.get(&source)?,
            role,
            target: *numbers.get(&target)?,
        })
    });
    (spans, edges.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::penman::Reader;

    #[test]
    fn inverse_roles_and_constants() {
        let text = "# ::tok dogs that never bark sleep\n(s / sleep-01~e.4 :ARG0 (d / dog~e.0 \
                    :ARG0-of (b / bark-01~e.3 :polarity -~e.2)) :time (t / thing))\n";
        let mut reader = Reader::<_, AlignedGraph>::new(text.as_bytes(), "f");
        let aligned = reader.next().unwrap().unwrap();
        let mut roles = RoleTypes::new();
        let graph = EventGraph::from_amr(&aligned, NodeChoice::Linked, &mut roles).unwrap();
        assert_eq!(graph.spans(), [(0, 1), (2, 3), (3, 4), (4, 5)]);
        let edges: Vec<(u32, u32)> = graph
            .adjacency()
            .entries()
            .map(|(row, column, _)| (row, column))
            .collect();
        assert_eq!(edges, [(0, 2), (0, 3), (1, 2), (2, 0), (2, 1), (3, 0)]);
        let names: Vec<_> = graph.roles().iter().map(|&id| roles.name(id)).collect();
        let expected = [
            ":ARG0-of",
            ":ARG0-of",
            ":polarity-of",
            ":ARG0",
            ":polarity",
            ":ARG0",
        ];
        assert_eq!(names, expected.map(Some));
        let known = EventGraph::from_amr_with_known_roles(
            &aligned,
            NodeChoice::ReferenceNodes,
            &RoleTypes::new(),
        )
        .unwrap();
        assert_eq!(known.spans(), [(3, 4), (4, 5)]);
        assert!(known.roles().is_empty());
    }
}
