use std::collections::BTreeMap;

use super::{NodeRef, TokenSpan};
use crate::penman::{Alignment, Step, Tree, triples_of_branches};

/// The alignments inside `tree`: those of concepts, of constants and of mentions of nodes, whose
/// tokens add to the node's. Those of roles are not of nodes.
pub(super) fn inline_spans(tree: &Tree) -> BTreeMap<NodeRef, Vec<TokenSpan>> {
    let triples = triples_of_branches(tree);
    let mut indices: BTreeMap<NodeRef, Vec<usize>> = BTreeMap::new();
    let mut add = |node, alignment: Option<Alignment<'_>>| {
        if let Some(alignment) = alignment {
            let tokens: &mut Vec<usize> = indices.entry(node).or_default();
            tokens.extend(alignment.indices());
        }
    };
    for step in tree.walk() {
        match step {
            Step::Open { node, .. } => {
                let variable = NodeRef::Variable(tree.variable_of(node));
                add(variable, tree.node_alignment(node));
            }
            Step::Atom(branch) => {
                let constant = NodeRef::Constant(triples[branch as usize]);
                let reference = tree.reference(branch).map(NodeRef::Variable);
                add(reference.unwrap_or(constant), tree.atom_alignment(branch));
            }
            Step::Close => {}
        }
    }
    indices
        .into_iter()
        .map(|(node, tokens)| (node, TokenSpan::runs(tokens)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn concepts_constants_and_mentions() {
        let tree = Tree::parse(
            "(w / want-01~e.1 :ARG0~e.9 (h / he~e.0) :ARG1 (g / go-02 :ARG0-of h~e.4 :quant 2~e.5,6))",
        )
        .unwrap();
        let spans = inline_spans(&tree);
        let span = |start, end| TokenSpan::new(start, end);
        let expected = [
            (NodeRef::Variable(0), vec![span(1, 2)]),
            (NodeRef::Variable(1), vec![span(0, 1), span(4, 5)]),
            (NodeRef::Constant(6), vec![span(5, 7)]),
        ];
        assert!(spans.into_iter().eq(expected));
    }
}
