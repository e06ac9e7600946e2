use std::collections::BTreeMap;

use super::address::{Addresses, Notation};
use super::span::parse_span;
use super::{NodeRef, TokenSpan};
use crate::penman::Tree;

/// The alignments of an `::alignments` line for `tree`: items `start-end|address+address` with the
/// addresses of JAMR, or `token-address` with those of ISI, where `.r` at the end means the role and
/// gives no node.
pub(super) fn separate_spans(
    tree: &Tree,
    line: &str,
) -> Result<BTreeMap<NodeRef, Vec<TokenSpan>>, String> {
    let notation = if line.contains('|') {
        Notation::Jamr
    } else {
        Notation::Isi
    };
    let addresses = Addresses::new(tree, notation);
    let node = |address: &str| {
        let found = addresses.resolve(address);
        found.ok_or_else(|| format!("`::alignments`: the graph has no node at `{address}`"))
    };
    let mut indices: BTreeMap<NodeRef, Vec<usize>> = BTreeMap::new();
    let mut spans: BTreeMap<NodeRef, Vec<TokenSpan>> = BTreeMap::new();
    for item in line.split_ascii_whitespace() {
        let bad = || format!("`::alignments`: `{item}` is neither `2-3|0.1+0.2` nor `2-1.1`");
        match notation {
            Notation::Jamr => {
                let (span, list) = item.split_once('|').ok_or_else(bad)?;
                let span = parse_span(span).ok_or_else(bad)?;
                for address in list.split('+') {
                    let spans = spans.entry(node(address)?).or_default();
                    if !spans.contains(&span) {
                        spans.push(span);
                    }
                }
            }
            Notation::Isi => {
                let (token, address) = item.split_once('-').ok_or_else(bad)?;
                let token: usize = token.parse().map_err(|_| bad())?;
                if token == usize::MAX {
                    return Err(bad());
                }
                let of_role = address.strip_suffix(".r");
                let node = node(of_role.unwrap_or(address))?;
                if of_role.is_none() {
                    indices.entry(node).or_default().push(token);
                }
            }
        }
    }
    for (node, tokens) in indices {
        spans.insert(node, TokenSpan::runs(tokens));
    }
    for runs in spans.values_mut() {
        runs.sort_unstable();
    }
    Ok(spans)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> Tree {
        Tree::parse("(w / want-01 :ARG0 (h / he) :ARG1 (g / go-02 :ARG0 h :polarity -))").unwrap()
    }

    #[test]
    fn both_notations_say_the_same() {
        let span = |start, end| TokenSpan::new(start, end);
        let expected = [
            (NodeRef::Variable(0), vec![span(1, 2)]),
            (NodeRef::Variable(2), vec![span(3, 5)]),
            (NodeRef::Constant(6), vec![span(2, 3)]),
        ];
        for line in ["1-2|0 3-5|0.1 2-3|0.1.0", "3-1.2 1-1 0-1.1.r 4-1.2 2-1.2.2"] {
            let spans = separate_spans(&tree(), line).unwrap();
            assert!(spans.into_iter().eq(expected.clone()), "{line}");
        }
    }

    #[test]
    fn what_cannot_be_read() {
        let error = |line| separate_spans(&tree(), line).unwrap_err();
        assert!(error("1-2|0.7").contains("no node at `0.7`"));
        assert!(error("1-1.9").contains("no node at `1.9`"));
        for line in ["1-2|0 3", "2-2|0", "x-1.1", "3", "18446744073709551615-1"] {
            assert!(error(line).contains("is neither"), "{line}");
        }
    }
}
