use super::Tree;
use super::tree::{NIL, TargetData};

/// A step of the way through a tree, in the order of writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Into a node, by a branch unless it is the root.
    Open {
        /// Number of the node.
        node: u32,
        /// Number of the branch.
        branch: Option<u32>,
    },
    /// Over a branch to an atom.
    Atom(u32),
    /// Out of the node opened last.
    Close,
}

/// The way through a tree: its stack is on the heap, so depth does not matter.
#[derive(Debug)]
pub(crate) struct Walk<'t> {
    tree: &'t Tree,
    /// Next branch of each open node.
    next: Vec<u32>,
    started: bool,
}

impl<'t> Walk<'t> {
    pub(super) fn new(tree: &'t Tree) -> Self {
        Self {
            tree,
            next: Vec::new(),
            started: false,
        }
    }
}

impl Iterator for Walk<'_> {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        if !self.started {
            self.started = true;
            self.next.push(self.tree.nodes[0].first);
            return Some(Step::Open {
                node: 0,
                branch: None,
            });
        }
        let next = self.next.last_mut()?;
        let index = *next;
        if index == NIL {
            self.next.pop();
            return Some(Step::Close);
        }
        let branch = &self.tree.branches[index as usize];
        *next = branch.next;
        Some(match branch.target {
            TargetData::Node(node) => {
                self.next.push(self.tree.nodes[node as usize].first);
                Step::Open {
                    node,
                    branch: Some(index),
                }
            }
            _ => Step::Atom(index),
        })
    }
}
