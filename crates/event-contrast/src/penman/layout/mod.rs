mod waiting;

use super::graph::{Graph, GraphTarget};
use super::piece::Piece;
use super::tree::{BranchData, NIL, NodeData, TargetData, Tree, VariableData};
use super::{RoleModel, lexer};
use crate::{Error, Result};

/// A tree of `graph`.
///
/// Triples are taken in order. An edge is written at the node in hand where it can be, else at its
/// source, else inverted at its target; a node is written out at the mention right before its own
/// triples, else at its first mention. What has no place yet waits for one of its ends. Every triple
/// is tried at most three times, so the time is linear.
pub(super) fn layout(graph: &Graph, model: &RoleModel) -> Result<Tree> {
    let mut layout = Layout::new(graph, model)?;
    let mut waiting = Vec::new();
    for triple in 0..graph.triples.len() {
        if !layout.place(triple)? {
            waiting.push(triple);
        }
    }
    layout.place_waiting(&waiting)?;
    layout.finish()
}

/// Where a variable stands in the tree.
#[derive(Clone, Copy)]
enum Spot {
    Nowhere,
    /// Only mentioned, first by this branch.
    Mention(u32),
    /// Only mentioned, by this branch, with an alignment, which has no place where a node is written
    /// out.
    AlignedMention(u32),
    Node(u32),
}

struct Layout<'g> {
    graph: &'g Graph,
    model: &'g RoleModel,
    tree: Tree,
    spots: Vec<Spot>,
    /// For each variable, how many of the triples it is the source of are still to come.
    own: Vec<u32>,
    /// The variable of the node in hand.
    current: u32,
    /// Nodes may be written out at aligned mentions.
    last_resort: bool,
}

impl<'g> Layout<'g> {
    fn new(graph: &'g Graph, model: &'g RoleModel) -> Result<Self> {
        let mut tree = Tree {
            text: String::with_capacity(graph.text.len()),
            variables: Vec::with_capacity(graph.variables.len()),
            nodes: Vec::with_capacity(graph.variables.len()),
            branches: Vec::with_capacity(graph.triples.len()),
        };
        for name in graph.variables() {
            if !lexer::is_symbol(name) {
                return Err(unwritable(name, "is no symbol, as a variable has to be"));
            }
            let name = Piece::push(&mut tree.text, name);
            tree.variables.push(VariableData { name, node: NIL });
        }
        let mut own = vec![0; graph.variables.len()];
        for triple in &graph.triples {
            own[triple.source as usize] += 1;
        }
        let mut layout = Self {
            graph,
            model,
            tree,
            spots: vec![Spot::Nowhere; graph.variables.len()],
            own,
            current: graph.top,
            last_resort: false,
        };
        layout.open(graph.top);
        Ok(layout)
    }

    /// Writes triple `index`; false where neither end has a place yet.
    fn place(&mut self, index: usize) -> Result<bool> {
        let source = self.graph.triples[index].source;
        let placed = match self.graph.triples[index].target {
            GraphTarget::Variable(target) => self.place_edge(index, source, target)?,
            _ if !self.has_place(source) => false,
            GraphTarget::Missing => {
                self.node(source);
                true
            }
            GraphTarget::Constant(constant) => {
                self.place_constant(index, source, constant)?;
                true
            }
        };
        if placed {
            self.own[source as usize] -= 1;
        }
        Ok(placed)
    }

    /// Writes a concept or an attribute at its node.
    fn place_constant(&mut self, index: usize, source: u32, constant: Piece) -> Result<()> {
        let data = &self.graph.triples[index];
        let constant = constant.of(&self.graph.text);
        if !lexer::is_constant(constant) {
            return Err(unwritable(
                constant,
                "is neither a symbol nor a string in quotes, as a concept or constant has to be",
            ));
        }
        let node = self.node(source);
        self.current = source;
        let constant = Piece::push(&mut self.tree.text, constant);
        let alignment = self.copy(data.alignment);
        if data.role.is_none() {
            let node = &mut self.tree.nodes[node as usize];
            node.concept = constant;
            node.alignment = alignment;
            return Ok(());
        }
        let role = data.role.of(&self.graph.text);
        self.check_role(role)?;
        if !self.model.is_plain(role, false) {
            return Err(unwritable(role, OTHER_MODEL));
        }
        let role = Piece::push(&mut self.tree.text, role);
        let role_alignment = self.copy(data.role_alignment);
        let branch = BranchData {
            role,
            role_alignment,
            target: TargetData::Constant(constant),
            alignment,
            next: NIL,
        };
        self.tree.push_branch(node, branch);
        Ok(())
    }

    /// Writes an edge at its source or, inverted, at its target.
    fn place_edge(&mut self, index: usize, source: u32, target: u32) -> Result<bool> {
        let data = &self.graph.triples[index];
        let role = data.role.of(&self.graph.text);
        self.check_role(role)?;
        let plain = self.model.is_plain(role, true);
        let forward = plain && self.has_place(source);
        let inverse = if (!forward || self.stays(index, source, target)) && self.has_place(target) {
            self.model.written_inverse(role)
        } else {
            None
        };
        if !plain && self.model.written_inverse(role).is_none() {
            return Err(unwritable(role, OTHER_MODEL));
        }
        let (at, other, role) = match &inverse {
            Some(inverse) => (target, source, inverse.as_str()),
            None if forward => (source, target, role),
            None => return Ok(false),
        };
        let node = self.node(at);
        self.current = at;
        let branch = BranchData {
            role: Piece::push(&mut self.tree.text, role),
            role_alignment: self.copy(data.role_alignment),
            target: TargetData::Variable(other),
            alignment: self.copy(data.alignment),
            next: NIL,
        };
        let aligned = !branch.alignment.is_none();
        let branch = self.tree.push_branch(node, branch);
        self.mention(other, branch, aligned);
        if !aligned && !self.is_node(other) && self.is_about(index + 1, other) {
            self.spots[other as usize] = Spot::Mention(branch);
            self.node(other);
            self.current = other;
        }
        Ok(true)
    }

    /// Edge `index` is written at its target because that is in hand and either more of its own
    /// triples come or the next triple tells of the source, which is to be written out here.
    fn stays(&self, index: usize, source: u32, target: u32) -> bool {
        let leads_on = !self.is_node(source) && self.is_about(index + 1, source);
        target == self.current
            && source != self.current
            && (self.own[target as usize] > 0 || leads_on)
    }

    fn is_about(&self, index: usize, variable: u32) -> bool {
        let Some(triple) = self.graph.triples.get(index) else {
            return false;
        };
        triple.source == variable || triple.target == GraphTarget::Variable(variable)
    }

    /// The node of `variable` is written out or can be.
    fn has_place(&self, variable: u32) -> bool {
        match self.spots[variable as usize] {
            Spot::Nowhere => false,
            Spot::AlignedMention(_) => self.last_resort,
            Spot::Mention(_) | Spot::Node(_) => true,
        }
    }

    fn is_node(&self, variable: u32) -> bool {
        matches!(self.spots[variable as usize], Spot::Node(_))
    }

    /// `branch` names `variable`.
    fn mention(&mut self, variable: u32, branch: u32, aligned: bool) {
        let spot = &mut self.spots[variable as usize];
        match (*spot, aligned) {
            (Spot::Nowhere, true) => *spot = Spot::AlignedMention(branch),
            (Spot::Nowhere | Spot::AlignedMention(_), false) => *spot = Spot::Mention(branch),
            _ => {}
        }
    }

    /// The node of `variable`, written out at its mention where it is not yet.
    fn node(&mut self, variable: u32) -> u32 {
        match self.spots[variable as usize] {
            Spot::Node(node) => node,
            Spot::Mention(branch) | Spot::AlignedMention(branch) => {
                let node = self.open(variable);
                self.tree.branches[branch as usize].target = TargetData::Node(node);
                node
            }
            Spot::Nowhere => self.open(variable),
        }
    }

    fn open(&mut self, variable: u32) -> u32 {
        let node = self.tree.nodes.len() as u32;
        self.tree.nodes.push(NodeData {
            variable,
            concept: Piece::NONE,
            alignment: Piece::NONE,
            first: NIL,
            last: NIL,
        });
        self.tree.variables[variable as usize].node = node;
        self.spots[variable as usize] = Spot::Node(node);
        node
    }

    fn check_role(&self, role: &str) -> Result<()> {
        if lexer::is_role(role) {
            return Ok(());
        }
        Err(unwritable(
            role,
            "is no role: a colon and then neither white space nor any of \" ( ) / : ~",
        ))
    }

    /// `piece` of the graph, in the tree.
    fn copy(&mut self, piece: Piece) -> Piece {
        if piece.is_none() {
            return piece;
        }
        Piece::push(&mut self.tree.text, piece.of(&self.graph.text))
    }
}

const OTHER_MODEL: &str = "would be read as another role; use the role model of the graph's origin";

fn unwritable(what: &str, reason: &'static str) -> Error {
    Error::Unwritable {
        what: what.to_owned(),
        reason,
    }
}
