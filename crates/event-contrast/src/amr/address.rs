use super::NodeRef;
use crate::penman::{Step, Tree, triples_of_branches};

/// How nodes are addressed by their way from the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notation {
    /// `0.1.0`: children count from 0, mentions of nodes written out elsewhere do not count.
    Jamr,
    /// `1.2.1`: every branch counts, from 1.
    Isi,
}

/// The nodes of a tree by address.
pub(super) struct Addresses {
    /// For each node what its branches lead to.
    children: Vec<Vec<Child>>,
    root: NodeRef,
    notation: Notation,
}

#[derive(Clone, Copy)]
struct Child {
    /// Number of the node in the tree, where it is written out here.
    node: Option<u32>,
    target: NodeRef,
}

impl Addresses {
    pub(super) fn new(tree: &Tree, notation: Notation) -> Self {
        let triples = triples_of_branches(tree);
        let mut children = vec![Vec::new(); tree.len()];
        let mut open: Vec<u32> = Vec::new();
        for step in tree.walk() {
            let (branch, node) = match step {
                Step::Close => {
                    open.pop();
                    continue;
                }
                Step::Atom(branch) => (Some(branch), None),
                Step::Open { node, branch } => (branch, Some(node)),
            };
            if let (Some(branch), Some(&parent)) = (branch, open.last()) {
                let reference = tree.reference(branch);
                if reference.is_none() || notation == Notation::Isi {
                    let variable = reference.or(node.map(|node| tree.variable_of(node)));
                    let constant = NodeRef::Constant(triples[branch as usize]);
                    let target = variable.map_or(constant, NodeRef::Variable);
                    children[parent as usize].push(Child { node, target });
                }
            }
            open.extend(node);
        }
        Self {
            children,
            root: NodeRef::Variable(tree.variable_of(0)),
            notation,
        }
    }

    /// The node at `address`.
    pub(super) fn resolve(&self, address: &str) -> Option<NodeRef> {
        let first = match self.notation {
            Notation::Jamr => 0,
            Notation::Isi => 1,
        };
        let mut numbers = address.split('.').map(str::parse::<usize>);
        if numbers.next() != Some(Ok(first)) {
            return None;
        }
        let (mut node, mut found) = (Some(0), self.root);
        for number in numbers {
            let index = number.ok()?.checked_sub(first)?;
            let child = self.children[node? as usize].get(index)?;
            (node, found) = (child.node, child.target);
        }
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_notations() {
        let tree = Tree::parse(
            "(w / want-01 :ARG0 (h / he) :ARG1 (g / go-02 :ARG0 h :polarity - :ARG4 (t / town)))",
        )
        .unwrap();
        let jamr = Addresses::new(&tree, Notation::Jamr);
        let isi = Addresses::new(&tree, Notation::Isi);
        let (variable, minus) = (NodeRef::Variable, NodeRef::Constant(6));
        let cases = [
            (&jamr, "0", Some(variable(0))),
            (&jamr, "0.1", Some(variable(2))),
            (&jamr, "0.1.0", Some(minus)),
            (&jamr, "0.1.1", Some(variable(3))),
            (&jamr, "0.1.2", None),
            (&jamr, "1", None),
            (&isi, "1", Some(variable(0))),
            (&isi, "1.2.1", Some(variable(1))),
            (&isi, "1.2.2", Some(minus)),
            (&isi, "1.2.3", Some(variable(3))),
            (&isi, "1.2.1.1", None),
            (&isi, "1.0", None),
            (&isi, "1.x", None),
            (&isi, "", None),
        ];
        for (addresses, address, expected) in cases {
            assert_eq!(addresses.resolve(address), expected, "{address}");
        }
    }
}
