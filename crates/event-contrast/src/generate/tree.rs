//! The tree in which a graph is written down.

use super::graph::SentenceGraph;

/// A place in the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Which child of which child … of the top: `0.1.0`.
    pub(super) path: String,
    pub(super) depth: usize,
    /// The role from its parent, with `-of` where the edge is inverted; empty at the top.
    pub(super) role: String,
    pub(super) node: usize,
    /// The place of its parent.
    pub(super) parent: Option<usize>,
    /// Whether the node stands here for the first time.
    pub(super) first: bool,
}

/// The places of `graph` in the order of writing. Edges are inverted only to nodes that no path
/// from the top reaches.
pub(super) fn places(graph: &SentenceGraph) -> Vec<Place> {
    let mut writing = Writing {
        graph,
        reached: reached(graph),
        seen: vec![false; graph.nodes.len()],
        used: vec![false; graph.edges.len()],
        places: Vec::new(),
    };
    if graph.root < graph.nodes.len() {
        writing.visit(graph.root, String::new(), "0".to_owned(), None);
    }
    writing.places
}

/// Which nodes paths from the top reach.
fn reached(graph: &SentenceGraph) -> Vec<bool> {
    let mut reached = vec![false; graph.nodes.len()];
    let mut open = vec![graph.root];
    while let Some(node) = open.pop() {
        if let Some(mark) = reached.get_mut(node).filter(|mark| !**mark) {
            *mark = true;
            let leaving = graph.edges.iter().filter(|edge| edge.source == node);
            open.extend(leaving.map(|edge| edge.target));
        }
    }
    reached
}

struct Writing<'a> {
    graph: &'a SentenceGraph,
    reached: Vec<bool>,
    seen: Vec<bool>,
    used: Vec<bool>,
    places: Vec<Place>,
}

impl Writing<'_> {
    fn visit(&mut self, node: usize, role: String, path: String, parent: Option<usize>) {
        let first = !std::mem::replace(&mut self.seen[node], true);
        let here = self.places.len();
        self.places.push(Place {
            depth: parent.map_or(0, |parent| self.places[parent].depth + 1),
            path: path.clone(),
            role,
            node,
            parent,
            first,
        });
        if !first {
            return;
        }
        let mut children = 0;
        for inverted in [false, true] {
            for index in 0..self.graph.edges.len() {
                let edge = &self.graph.edges[index];
                let (near, far) = match inverted {
                    false => (edge.source, edge.target),
                    true => (edge.target, edge.source),
                };
                if near != node || self.used[index] || (inverted && self.reached[far]) {
                    continue;
                }
                self.used[index] = true;
                let mut role = edge.role.clone();
                if inverted {
                    role.push_str("-of");
                }
                self.visit(far, role, format!("{path}.{children}"), Some(here));
                children += 1;
            }
        }
    }
}
