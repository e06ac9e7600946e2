use std::collections::BTreeMap;

use super::words::Words;
use crate::amr::{AlignedGraph, NodeRef, TokenSpan};

/// Aligns each name with the tokens that spell it, and with them the named node, the `name` node and
/// the strings.
pub(super) fn align_names(
    aligned: &AlignedGraph,
    words: &mut Words<'_>,
) -> BTreeMap<NodeRef, TokenSpan> {
    let mut strings: BTreeMap<NodeRef, Vec<(usize, NodeRef)>> = BTreeMap::new();
    let mut named = Vec::new();
    for (source, role, target) in aligned.edges() {
        if let Some(number) = role.strip_prefix(":op").and_then(|n| n.parse().ok()) {
            strings.entry(source).or_default().push((number, target));
        } else if role == ":name" {
            named.push((source, target));
        }
    }
    let mut spans = BTreeMap::new();
    for (node, name) in named {
        let Some(parts) = strings.get_mut(&name) else {
            continue;
        };
        parts.sort_unstable();
        let texts = parts.iter().filter_map(|&(_, part)| aligned.concept(part));
        let text: String = texts.map(|text| text.trim_matches('"')).collect();
        let Some(span) = words.take_letters(&text) else {
            continue;
        };
        let parts = parts.iter().map(|&(_, part)| part);
        spans.extend([node, name].into_iter().chain(parts).map(|n| (n, span)));
    }
    spans
}
