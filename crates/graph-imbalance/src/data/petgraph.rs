//! Graphs of the crate petgraph.

use petgraph::graph::UnGraph;
use petgraph::visit::{EdgeRef, GraphProp, IntoEdgeReferences, NodeCompactIndexable};

use super::parts::undirected;
use crate::graph::{Adjacency, EdgePolicy, EdgeReport, NodeGraph};
use crate::{Error, Result};

/// The edges of a petgraph, of any kind whose nodes are numbered without gaps (`Graph`,
/// `GraphMap`, `Csr`), and what was changed of them by `policy`.
///
/// Node `i` is the one whose `to_index` is `i`: the order in which nodes were added. `weight` gives an
/// edge's weight from what petgraph keeps at it; `|_| 1.0` takes all as alike. An edge of an undirected
/// petgraph stands for both directions, so that no edge of it is asymmetric.
///
/// # Errors
/// [`Error::Core`] where there are more than 2³¹ − 1 nodes or `policy` refuses an edge.
///
/// ```
/// use petgraph::graph::UnGraph;
/// use plm_graph_imbalance::data::from_petgraph;
/// use plm_graph_imbalance::graph::EdgePolicy;
///
/// let path = UnGraph::<(), i32>::from_edges([(0, 1, 1), (1, 2, 1)]);
/// let (graph, _) = from_petgraph(&path, |&weight| weight as f32, EdgePolicy::default())?;
/// assert_eq!((graph.n_nodes(), graph.n_edges()), (3, 2));
/// # Ok::<(), plm_graph_imbalance::Error>(())
/// ```
pub fn from_petgraph<G>(
    graph: G,
    weight: impl Fn(&G::EdgeWeight) -> f32,
    policy: EdgePolicy,
) -> Result<(Adjacency, EdgeReport)>
where
    G: IntoEdgeReferences + NodeCompactIndexable + GraphProp,
{
    let n_nodes = graph.node_count();
    if u32::try_from(n_nodes).is_err() {
        return Err(Error::invalid("petgraph", format!("{n_nodes} nodes")));
    }
    let edges = graph.edge_references().map(|edge| {
        let [from, to] = [edge.source(), edge.target()].map(|end| graph.to_index(end) as u32);
        (from, to, weight(edge.weight()))
    });
    if graph.is_directed() {
        Adjacency::from_entries(n_nodes, edges, policy)
    } else {
        undirected(n_nodes, edges, policy.weights)
    }
}

/// `graph` as a petgraph: its nodes in order with their classes, each edge once with its weight, edges
/// sorted by their smaller end, then by the larger.
pub fn to_petgraph(graph: &NodeGraph) -> UnGraph<Option<u32>, f32> {
    let mut result = UnGraph::with_capacity(graph.n_nodes(), graph.adjacency.n_edges());
    for &class in graph.labels.classes() {
        result.add_node(class);
    }
    for (from, to, weight) in graph.csr().entries().filter(|(from, to, _)| from < to) {
        result.add_edge(from.into(), to.into(), weight);
    }
    result
}

#[cfg(test)]
mod tests {
    use petgraph::Undirected;
    use petgraph::csr::Csr;
    use petgraph::graph::{DiGraph, NodeIndex};

    use super::*;
    use crate::graph::{Features, Labels, Weights};

    #[test]
    fn an_undirected_graph_comes_back() {
        let policy = EdgePolicy {
            reject_asymmetric: true,
            weights: Weights::Keep,
        };
        let mut path = UnGraph::<&str, f64>::new_undirected();
        let [a, b, c] = ["a", "b", "c"].map(|name| path.add_node(name));
        for (from, to, weight) in [(c, a, 2.0), (b, a, 0.5), (a, a, 1.0), (a, c, 2.0)] {
            path.add_edge(from, to, weight);
        }
        let (edges, report) = from_petgraph(&path, |&weight| weight as f32, policy).unwrap();
        assert_eq!(
            edges.csr().to_dense(),
            [0.0, 0.5, 2.0, 0.5, 0.0, 0.0, 2.0, 0.0, 0.0]
        );
        assert_eq!(
            (report.self_loops, report.one_way, report.weighted),
            (1, 0, 3)
        );

        let features = Features::identity(3).unwrap();
        let labels = Labels::new(vec![Some(1), None, Some(0)], 2).unwrap();
        let graph = NodeGraph::new(edges.clone(), features, labels).unwrap();
        let back = to_petgraph(&graph);
        assert_eq!((back.node_count(), back.edge_count()), (3, 2));
        assert_eq!(back[NodeIndex::new(0)], Some(1));
        assert_eq!(
            from_petgraph(&back, |&weight| weight, policy).unwrap().0,
            edges
        );
    }

    #[test]
    fn directed_edges_follow_the_policy() {
        let graph = DiGraph::<(), ()>::from_edges([(0, 1), (1, 0), (1, 2)]);
        let (edges, report) = from_petgraph(&graph, |()| 1.0, EdgePolicy::default()).unwrap();
        assert_eq!((edges.n_edges(), report.one_way), (2, 1));
        let strict = EdgePolicy {
            reject_asymmetric: true,
            ..EdgePolicy::default()
        };
        let error = from_petgraph(&graph, |()| 1.0, strict).unwrap_err();
        assert!(error.to_string().contains("1 → 2 has no opposite"));
        let error = from_petgraph(&graph, |()| f32::NAN, strict).unwrap_err();
        assert!(error.to_string().contains("must be finite"));
    }

    #[test]
    fn other_kinds_of_petgraphs() {
        let mut rows = Csr::<(), u8, Undirected>::with_nodes(3);
        rows.add_edge(2, 0, 1);
        let (edges, report) =
            from_petgraph(&rows, |&weight| weight.into(), EdgePolicy::default()).unwrap();
        assert_eq!(edges.csr().row(0).0, [2]);
        assert_eq!(report, EdgeReport::default());
    }
}
