use proptest::prelude::*;

use super::{named, parse, sorted};
use crate::amr::AlignedGraph;
use crate::penman::*;

/// Text with what PENMAN notation is made of.
fn notation() -> impl Strategy<Value = String> {
    let parts = [
        "(",
        "(",
        "(a",
        "(b / c",
        ")",
        ")",
        ")",
        "/",
        ":r",
        ":r-of",
        ":",
        "a",
        "b",
        "\"",
        "\"x\\\"\"",
        "~e.1",
        "~",
        "\n",
        "\n\n",
        " ",
        " ",
        "#",
        "# ::id 7\n",
        "\\",
        "é",
        "\t",
        "-",
        "~2,",
        "::",
    ];
    prop::collection::vec(prop::sample::select(parts.to_vec()), 0..60).prop_map(|p| p.concat())
}

/// Triples of a connected graph of a few nodes.
fn triples() -> impl Strategy<Value = Vec<(String, String, String)>> {
    let role = prop::sample::select(vec![
        ":ARG0",
        ":ARG1-of",
        ":mod",
        ":domain",
        ":consist-of",
        ":consist",
        ":x-of-of",
        ":",
        ":op1",
    ]);
    let atom = prop::sample::select(vec!["-", "\"a (b) \\\" ~\"", "7", "x/", "é"]);
    let index = any::<prop::sample::Index>;
    let edge = (role.clone(), index(), index(), any::<bool>());
    let edges = prop::collection::vec(edge, 1..25);
    let attributes = prop::collection::vec((role, index(), atom), 0..8);
    (edges, attributes, 1..12_usize, any::<u64>()).prop_map(|(edges, attributes, nodes, seed)| {
        let name = |index: usize| format!("n{index}");
        let mut triples = Vec::new();
        for node in 0..nodes {
            triples.push((name(node), ":instance".to_owned(), format!("c{}", node % 3)));
        }
        for (count, (role, from, to, swap)) in edges.into_iter().enumerate() {
            // The first edges connect the nodes.
            let (mut from, mut to) = if count + 1 < nodes {
                (count + 1, to.index(count + 1))
            } else {
                (from.index(nodes), to.index(nodes))
            };
            if swap {
                std::mem::swap(&mut from, &mut to);
            }
            triples.push((name(from), role.to_owned(), name(to)));
        }
        for (role, node, atom) in attributes {
            let atom = atom.trim_end_matches('/');
            triples.push((name(node.index(nodes)), role.to_owned(), atom.to_owned()));
        }
        // Some order.
        let mut state = seed;
        for end in (1..triples.len()).rev() {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            triples.swap(end, (state >> 33) as usize % (end + 1));
        }
        triples
    })
}

/// How many nodes edges with roles that `joined` allows lead to from the top, in any direction.
fn reached(graph: &Graph, joined: impl Fn(&str) -> bool) -> usize {
    let mut seen = vec![false; graph.variables().len()];
    seen[graph.top_index()] = true;
    for _ in 0..seen.len() {
        for (index, triple) in graph.triples().enumerate() {
            if let (source, Some(target)) = graph.ends(index)
                && joined(triple.role)
                && seen[source] != seen[target]
            {
                (seen[source], seen[target]) = (true, true);
            }
        }
    }
    seen.into_iter().filter(|&seen| seen).count()
}

fn read_all(bytes: &[u8]) -> Result<(), TestCaseError> {
    for strictness in [Strictness::Strict, Strictness::Lenient] {
        for entry in Reader::<_>::new(bytes, "f").with_strictness(strictness) {
            let Ok(entry) = entry else {
                prop_assert_eq!(strictness, Strictness::Strict);
                continue;
            };
            let graph = entry.graph(&RoleModel::amr());
            let again = Graph::parse(&entry.to_penman(Style::AMR), &RoleModel::amr());
            let again = again.unwrap();
            prop_assert_eq!(named(&again), named(&graph));
        }
        let aligned = Reader::<_, AlignedGraph>::new(bytes, "f");
        for graph in aligned.with_strictness(strictness).flatten() {
            let tokens = graph.tokens.len();
            prop_assert!(
                graph
                    .spans
                    .values()
                    .flatten()
                    .all(|span| span.end <= tokens)
            );
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn arbitrary_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        read_all(&bytes)?;
    }

    #[test]
    fn arbitrary_notation(text in notation()) {
        read_all(text.as_bytes())?;
    }

    #[test]
    fn trees_survive_writing(triples in triples(), spaces in 0..9_usize) {
        let model = RoleModel::amr();
        let parts = triples.iter().map(|(s, r, t)| (s.as_str(), r.as_str(), Some(t.as_str())));
        let graph = Graph::from_triples("n0", parts).unwrap();
        // Not from the top: nodes that no edge joins, or that only an edge that is written at its
        // source leads to.
        let Ok(tree) = graph.to_tree(&model) else {
            let joined = |role: &str| {
                model.is_plain(role, true) && model.written_inverse(role).is_some()
            };
            prop_assert!(reached(&graph, joined) < graph.variables().len());
            return Ok(());
        };
        prop_assert_eq!(tree.root().variable(), "n0");
        for style in [Style::OneLine, Style::Indented(spaces)] {
            let text = tree.to_penman(style);
            let read = parse(&text);
            prop_assert_eq!(sorted(&read), sorted(&graph));
            prop_assert_eq!(Tree::parse(&text).unwrap().to_penman(style), text);
        }
        // The layout of a graph read from a tree has its triples again.
        let again = parse(&tree.to_string()).to_tree(&model).unwrap().into_graph(&model);
        prop_assert_eq!(sorted(&again), sorted(&graph));
    }
}
