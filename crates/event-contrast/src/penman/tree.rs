use super::piece::Piece;
use super::walk::Walk;
use super::{Alignment, Place, parse};
use crate::Result;

/// No branch.
pub(super) const NIL: u32 = u32::MAX;

#[derive(Debug, Clone)]
pub(super) struct VariableData {
    pub(super) name: Piece,
    /// The node that defines it: the one with its concept, or the first.
    pub(super) node: u32,
}

#[derive(Debug, Clone)]
pub(super) struct NodeData {
    pub(super) variable: u32,
    pub(super) concept: Piece,
    pub(super) alignment: Piece,
    pub(super) first: u32,
    pub(super) last: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TargetData {
    Node(u32),
    Variable(u32),
    Constant(Piece),
}

#[derive(Debug, Clone)]
pub(super) struct BranchData {
    pub(super) role: Piece,
    pub(super) role_alignment: Piece,
    pub(super) target: TargetData,
    pub(super) alignment: Piece,
    pub(super) next: u32,
}

/// A graph as it is written: nodes with branches, in order.
///
/// Nodes lie in one list, so a tree of any depth is read, written and dropped without recursion.
#[derive(Debug, Clone)]
pub struct Tree {
    pub(super) text: String,
    pub(super) variables: Vec<VariableData>,
    pub(super) nodes: Vec<NodeData>,
    pub(super) branches: Vec<BranchData>,
}

impl Tree {
    /// The one graph in `text`; comments around and in it are skipped.
    ///
    /// # Errors
    /// [`Error::Penman`](crate::Error::Penman) with line and column where `text` is not one graph.
    pub fn parse(text: &str) -> Result<Self> {
        parse::parse_one(text).map_err(|bad| Place::text().error(text, None, bad))
    }

    /// The outermost node, whose variable is the top of the graph.
    pub fn root(&self) -> Node<'_> {
        Node {
            tree: self,
            index: 0,
        }
    }

    /// How many nodes are written out: at least one.
    #[expect(clippy::len_without_is_empty, reason = "there is always a root")]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The nodes in the order in which they are written.
    pub fn nodes(&self) -> impl Iterator<Item = Node<'_>> {
        self.walk().filter_map(|step| match step {
            super::Step::Open { node, .. } => Some(Node {
                tree: self,
                index: node,
            }),
            _ => None,
        })
    }

    pub(crate) fn walk(&self) -> Walk<'_> {
        Walk::new(self)
    }

    /// Appends `branch` to the branches of `node` and returns its number.
    pub(super) fn push_branch(&mut self, node: u32, branch: BranchData) -> u32 {
        let index = self.branches.len() as u32;
        self.branches.push(branch);
        let node = &mut self.nodes[node as usize];
        match node.last {
            NIL => node.first = index,
            last => self.branches[last as usize].next = index,
        }
        node.last = index;
        index
    }

    pub(super) fn alignment(&self, piece: Piece) -> Option<Alignment<'_>> {
        (!piece.is_none()).then(|| Alignment::new(piece.of(&self.text)))
    }

    pub(super) fn variable_name(&self, variable: u32) -> &str {
        self.variables[variable as usize].name.of(&self.text)
    }

    /// Number of the variable of node `node`.
    pub(crate) fn variable_of(&self, node: u32) -> usize {
        self.nodes[node as usize].variable as usize
    }

    /// Number of the variable that `branch` leads to without writing it out.
    pub(crate) fn reference(&self, branch: u32) -> Option<usize> {
        match self.branches[branch as usize].target {
            TargetData::Variable(variable) => Some(variable as usize),
            _ => None,
        }
    }

    /// The alignment of the concept of node `node`.
    pub(crate) fn node_alignment(&self, node: u32) -> Option<Alignment<'_>> {
        self.alignment(self.nodes[node as usize].alignment)
    }

    /// The alignment of the atom of `branch`.
    pub(crate) fn atom_alignment(&self, branch: u32) -> Option<Alignment<'_>> {
        self.alignment(self.branches[branch as usize].alignment)
    }
}

/// A node of a [`Tree`].
#[derive(Debug, Clone, Copy)]
pub struct Node<'t> {
    tree: &'t Tree,
    index: u32,
}

impl<'t> Node<'t> {
    fn data(self) -> &'t NodeData {
        &self.tree.nodes[self.index as usize]
    }

    /// Its variable.
    pub fn variable(self) -> &'t str {
        self.tree.variable_name(self.data().variable)
    }

    /// Its concept, with the quotes of a string.
    pub fn concept(self) -> Option<&'t str> {
        let concept = self.data().concept;
        (!concept.is_none()).then(|| concept.of(&self.tree.text))
    }

    /// The alignment of its concept.
    pub fn alignment(self) -> Option<Alignment<'t>> {
        self.tree.alignment(self.data().alignment)
    }

    /// Its branches, in order.
    pub fn branches(self) -> impl Iterator<Item = Branch<'t>> {
        let tree = self.tree;
        let at = |index: u32| (index != NIL).then_some(index);
        let next = move |&index: &u32| at(tree.branches[index as usize].next);
        let indices = std::iter::successors(at(self.data().first), next);
        indices.map(move |index| Branch { tree, index })
    }
}

/// A branch of a [`Node`].
#[derive(Debug, Clone, Copy)]
pub struct Branch<'t> {
    tree: &'t Tree,
    index: u32,
}

/// What a [`Branch`] leads to.
#[derive(Debug, Clone, Copy)]
pub enum BranchTarget<'t> {
    /// A node written out here.
    Node(Node<'t>),
    /// The variable of a node written out elsewhere.
    Variable(&'t str),
    /// A constant, with the quotes of a string.
    Constant(&'t str),
}

impl<'t> Branch<'t> {
    fn data(self) -> &'t BranchData {
        &self.tree.branches[self.index as usize]
    }

    /// Its role as written, `:ARG0-of` for example.
    pub fn role(self) -> &'t str {
        self.data().role.of(&self.tree.text)
    }

    /// The alignment of its role.
    pub fn role_alignment(self) -> Option<Alignment<'t>> {
        self.tree.alignment(self.data().role_alignment)
    }

    /// What it leads to.
    pub fn target(self) -> BranchTarget<'t> {
        let tree = self.tree;
        match self.data().target {
            TargetData::Node(index) => BranchTarget::Node(Node { tree, index }),
            TargetData::Variable(index) => BranchTarget::Variable(tree.variable_name(index)),
            TargetData::Constant(piece) => BranchTarget::Constant(piece.of(&tree.text)),
        }
    }

    /// The alignment of its atom.
    pub fn alignment(self) -> Option<Alignment<'t>> {
        self.tree.alignment(self.data().alignment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_and_branches() {
        let tree = Tree::parse(
            "(s / see-01~e.1 :ARG0~e.0 i~e.2 :ARG1 (d / dog :poss i) :time \"now\" :x (i))",
        )
        .unwrap();
        let root = tree.root();
        assert_eq!((root.variable(), root.concept()), ("s", Some("see-01")));
        assert_eq!(root.alignment().unwrap().as_str(), "~e.1");
        let roles: Vec<_> = root.branches().map(Branch::role).collect();
        assert_eq!(roles, [":ARG0", ":ARG1", ":time", ":x"]);
        let branches: Vec<_> = root.branches().collect();
        assert!(matches!(branches[0].target(), BranchTarget::Variable("i")));
        assert_eq!(branches[0].role_alignment().unwrap().as_str(), "~e.0");
        assert_eq!(branches[0].alignment().unwrap().as_str(), "~e.2");
        assert!(matches!(
            branches[2].target(),
            BranchTarget::Constant("\"now\"")
        ));
        let BranchTarget::Node(dog) = branches[1].target() else {
            panic!("no node")
        };
        assert_eq!((dog.concept(), dog.branches().count()), (Some("dog"), 1));
        let variables: Vec<_> = tree.nodes().map(Node::variable).collect();
        assert_eq!(variables, ["s", "d", "i"]);
        assert_eq!(tree.nodes().last().unwrap().concept(), None);
    }
}
