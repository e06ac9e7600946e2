use std::collections::{BTreeMap, BTreeSet};

use crate::amr::{AlignedGraph, NodeRef, TokenSpan};

/// What an edge joins: tokens, whichever nodes stem from them, or a node without tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    Span(TokenSpan),
    Node(NodeRef),
}

/// Source, role without colon, target. The set of them is ordered and holds each once.
pub(super) type Links<'g> = BTreeSet<(End, &'g str, End)>;

/// The edges of `aligned` between different ends.
pub(super) fn links(aligned: &AlignedGraph) -> Links<'_> {
    let end = |node| aligned.span(node).map_or(End::Node(node), End::Span);
    aligned
        .edges()
        .map(|(source, role, target)| (end(source), role.trim_start_matches(':'), end(target)))
        .filter(|(source, _, target)| source != target)
        .collect()
}

/// For each edge from n to m whose role `passes`, each edge that leads to n leads to m as well. Edges
/// added here are not passed on themselves, as released.
pub(super) fn lift(links: &mut Links<'_>, passes: impl Fn(&str) -> bool) {
    let mut leading: BTreeMap<End, Vec<(End, &str)>> = BTreeMap::new();
    for &(source, role, target) in links.iter() {
        leading.entry(target).or_default().push((source, role));
    }
    let mut lifted = Vec::new();
    for &(middle, _, target) in links.iter().filter(|(_, role, _)| passes(role)) {
        let parents = leading.get(&middle).into_iter().flatten();
        lifted.extend(parents.map(|&(parent, role)| (parent, role, target)));
    }
    links.extend(lifted);
}

/// `op1`, `op2` and so on.
pub(super) fn is_operand(role: &str) -> bool {
    let number = role.strip_prefix("op");
    number.is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()))
}
