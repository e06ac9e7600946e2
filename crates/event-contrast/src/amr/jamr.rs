use std::collections::{BTreeMap, HashMap};

use super::span::parse_span;
use super::{NodeRef, TokenSpan};
use crate::penman::{Graph, Metadata, RoleModel, Triple};

type Spans = BTreeMap<NodeRef, Vec<TokenSpan>>;

/// The graph of a block of JAMR: its `::node`, `::root` and `::edge` lines, whose fields tabs part.
/// The ids of JAMR become the variables; strings and numbers are nodes like any other. The graph in
/// PENMAN notation below the lines is not needed.
pub(super) fn jamr_graph(metadata: &Metadata, model: &RoleModel) -> Result<(Graph, Spans), String> {
    let mut triples: Vec<(&str, String, &str)> = Vec::new();
    let mut spans: HashMap<&str, TokenSpan> = HashMap::new();
    let mut ids: HashMap<&str, usize> = HashMap::new();
    for line in metadata.all("node") {
        let mut fields = line.split('\t');
        let (Some(id), Some(concept)) = (fields.next(), fields.next()) else {
            return Err(format!(
                "`::node {line}` has no id and concept parted by a tab"
            ));
        };
        if ids.insert(id, ids.len()).is_some() {
            return Err(format!("`::node`: two nodes have the id `{id}`"));
        }
        triples.push((id, Triple::INSTANCE.to_owned(), concept));
        if let Some(span) = fields.next().map(str::trim).filter(|span| !span.is_empty()) {
            let read = parse_span(span);
            let span = read.ok_or_else(|| {
                format!(
                    "`::node`: the span `{span}` of node `{id}` is not `start-end` with start < end"
                )
            })?;
            spans.insert(id, span);
        }
    }
    for line in metadata.all("edge") {
        let fields: Vec<&str> = line.split('\t').map(str::trim).collect();
        let [_, role, _, source, target, ..] = fields[..] else {
            return Err(format!(
                "`::edge {line}` has fewer than 5 fields parted by tabs"
            ));
        };
        for id in [source, target] {
            if !ids.contains_key(id) {
                return Err(format!("`::edge`: there is no node `{id}`"));
            }
        }
        let role = format!(":{}", role.trim_start_matches(':'));
        if model.is_inverted(&role) {
            triples.push((target, model.invert(&role), source));
        } else {
            triples.push((source, role, target));
        }
    }
    let root = metadata
        .get("root")
        .and_then(|line| line.split('\t').next());
    let root = root.unwrap_or("0").trim();
    let parts = triples
        .iter()
        .map(|(source, role, target)| (*source, role.as_str(), Some(*target)));
    let graph = Graph::from_triples(root, parts).map_err(|error| format!("`::root`: {error}"))?;
    let spans = ids
        .into_iter()
        .filter_map(|(id, index)| Some((NodeRef::Variable(index), vec![*spans.get(id)?])))
        .collect();
    Ok((graph, spans))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Result<(Graph, Spans), String> {
        let mut metadata = Metadata::default();
        for line in lines {
            metadata.push_comment(line);
        }
        jamr_graph(&metadata, &RoleModel::amr())
    }

    const NODES: [&str; 4] = [
        "# ::node\t0\tmeet-03\t1-2",
        "# ::node\t0.0\tperson\t0-1",
        "# ::node\t0.0.0\tconsult-01\t",
        "# ::root\t0\tmeet-03",
    ];

    #[test]
    fn nodes_edges_and_spans() {
        let mut lines = NODES.to_vec();
        lines.push("# ::edge\tmeet-03\tARG0\tperson\t0\t0.0\t");
        lines.push("# ::edge\tperson\tARG0-of\tconsult-01\t0.0\t0.0.0\t");
        let (graph, spans) = read(&lines).unwrap();
        let edges: Vec<_> = graph.edges().map(|e| (e.source, e.role)).collect();
        assert_eq!(edges, [("0", ":ARG0"), ("0.0.0", ":ARG0")]);
        assert_eq!(graph.top(), "0");
        assert_eq!(spans.len(), 2);
        assert_eq!(spans[&NodeRef::Variable(1)], [TokenSpan::new(0, 1)]);
    }

    #[test]
    fn contradictions_are_errors() {
        let error = |line: &str| {
            let mut lines = NODES.to_vec();
            lines.push(line);
            read(&lines).unwrap_err()
        };
        assert!(error("# ::edge\ta\tb\tc\t0\t0.9").contains("no node `0.9`"));
        assert!(error("# ::edge\ta\tb\tc").contains("fewer than 5"));
        assert!(error("# ::node\t0\tagain\t").contains("two nodes"));
        assert!(error("# ::node\t1").contains("no id and concept"));
        assert!(error("# ::node\t1\tx\t3-2").contains("the span `3-2` of node `1`"));
        let root = read(&["# ::node\t0\tx", "# ::root\t7\tx"]).unwrap_err();
        assert!(root.contains("7 is the top"), "{root}");
    }
}
