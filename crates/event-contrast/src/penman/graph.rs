use std::collections::HashMap;

use super::piece::Piece;
use super::{Alignment, RoleModel, Target, Tree, Triple, interpret, layout};
use crate::{Error, Result};

#[derive(Debug, Clone)]
pub(super) struct GraphVariable {
    pub(super) name: Piece,
    /// The triple with its concept.
    pub(super) instance: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GraphTarget {
    Variable(u32),
    Constant(Piece),
    Missing,
}

#[derive(Debug, Clone)]
pub(super) struct TripleData {
    pub(super) source: u32,
    /// None for a concept.
    pub(super) role: Piece,
    pub(super) role_alignment: Piece,
    pub(super) target: GraphTarget,
    pub(super) alignment: Piece,
}

/// A graph as a list of triples, with its top.
///
/// Every node has exactly one triple with role [`Triple::INSTANCE`], whose target is
/// [`Target::Missing`] where the node has no concept. Variables are numbered in the order in which
/// their nodes are written. Alignments of concepts, constants and roles stay with the triples.
#[derive(Debug, Clone)]
pub struct Graph {
    pub(super) text: String,
    pub(super) variables: Vec<GraphVariable>,
    pub(super) triples: Vec<TripleData>,
    pub(super) top: u32,
}

impl Graph {
    /// The one graph in `text`.
    ///
    /// # Errors
    /// Those of [`Tree::parse`].
    pub fn parse(text: &str, model: &RoleModel) -> Result<Self> {
        Ok(Tree::parse(text)?.into_graph(model))
    }

    /// The graph of `triples` (source, role, target; no target for a node without concept). The
    /// variables are the sources; a target that is one makes an edge, except in a concept.
    ///
    /// # Errors
    /// [`Error::Triples`] where `top` is the source of no triple or a node has two concepts.
    pub fn from_triples<'a>(
        top: &str,
        triples: impl IntoIterator<Item = (&'a str, &'a str, Option<&'a str>)>,
    ) -> Result<Self> {
        let triples: Vec<_> = triples.into_iter().collect();
        let mut numbers = HashMap::new();
        let mut graph = Self {
            text: String::new(),
            variables: Vec::new(),
            triples: Vec::with_capacity(triples.len()),
            top: 0,
        };
        let long = |source: &str, role: &str| source.len() + role.len();
        let bytes: usize = triples
            .iter()
            .map(|(source, role, target)| long(source, role) + target.map_or(0, str::len))
            .sum();
        if bytes > Piece::LIMIT || triples.len() > Piece::LIMIT / 4 {
            return Err(bad_triples(top, "tops more triples than fit into 1 GiB"));
        }
        for &(source, ..) in &triples {
            numbers.entry(source).or_insert_with(|| {
                let name = Piece::push(&mut graph.text, source);
                let instance = u32::MAX;
                graph.variables.push(GraphVariable { name, instance });
                graph.variables.len() as u32 - 1
            });
        }
        graph.top = *numbers
            .get(top)
            .ok_or_else(|| bad_triples(top, "is the top, but the source of no triple"))?;
        for (source, role, target) in triples {
            graph.push(numbers[source], role, target, &numbers)?;
        }
        for variable in 0..graph.variables.len() {
            if graph.variables[variable].instance == u32::MAX {
                graph.push(variable as u32, Triple::INSTANCE, None, &numbers)?;
            }
        }
        Ok(graph)
    }

    fn push(
        &mut self,
        source: u32,
        role: &str,
        target: Option<&str>,
        numbers: &HashMap<&str, u32>,
    ) -> Result<()> {
        let is_instance = role == Triple::INSTANCE;
        if is_instance {
            let index = self.triples.len() as u32;
            let variable = &mut self.variables[source as usize];
            if variable.instance != u32::MAX {
                let name = variable.name.of(&self.text);
                return Err(bad_triples(name, "has two concepts"));
            }
            variable.instance = index;
        }
        let node = |name| numbers.get(name).filter(|_| !is_instance);
        let target = match target {
            Some(name) => match node(name) {
                Some(&number) => GraphTarget::Variable(number),
                None => GraphTarget::Constant(Piece::push(&mut self.text, name)),
            },
            None if is_instance => GraphTarget::Missing,
            None => return Err(bad_triples(role, "has no target")),
        };
        let role = if is_instance {
            Piece::NONE
        } else {
            Piece::push(&mut self.text, role)
        };
        self.triples.push(TripleData {
            source,
            role,
            role_alignment: Piece::NONE,
            target,
            alignment: Piece::NONE,
        });
        Ok(())
    }

    /// The graph that `tree` writes.
    pub fn from_tree(tree: &Tree, model: &RoleModel) -> Self {
        tree.clone().into_graph(model)
    }

    /// A tree of the graph: nodes are written out where the order of the triples says, as far as it
    /// does, and edges are inverted where their source is not yet known. A graph that was read from a
    /// tree gets the same triples again, mostly in the same places. Under another top, a mention with
    /// an alignment may become the place of its node: the tokens then go to the node's concept.
    ///
    /// # Errors
    /// [`Error::Unwritable`] where a node cannot be reached from the top or a name has characters
    /// that PENMAN notation does not allow.
    pub fn to_tree(&self, model: &RoleModel) -> Result<Tree> {
        layout::layout(self, model)
    }

    /// The graph with another top.
    ///
    /// # Errors
    /// [`Error::Triples`] where `top` is none of its variables.
    pub fn with_top(mut self, top: &str) -> Result<Self> {
        let found = self.variables().position(|variable| variable == top);
        self.top = found.ok_or_else(|| bad_triples(top, "is not a variable"))? as u32;
        Ok(self)
    }

    /// The variable of its top.
    pub fn top(&self) -> &str {
        self.variable(self.top as usize)
    }

    /// The number of its top.
    pub fn top_index(&self) -> usize {
        self.top as usize
    }

    /// The variables of its nodes.
    pub fn variables(&self) -> impl ExactSizeIterator<Item = &str> {
        self.variables
            .iter()
            .map(|variable| variable.name.of(&self.text))
    }

    /// The variable of node `index`.
    ///
    /// # Panics
    /// Where there is no such node.
    pub fn variable(&self, index: usize) -> &str {
        self.variables[index].name.of(&self.text)
    }

    /// The concept of node `index`, with the quotes of a string.
    ///
    /// # Panics
    /// Where there is no such node.
    pub fn concept(&self, index: usize) -> Option<&str> {
        match self.triples[self.instance(index)].target {
            GraphTarget::Constant(concept) => Some(concept.of(&self.text)),
            _ => None,
        }
    }

    /// Number of the triple with the concept of node `index`.
    ///
    /// # Panics
    /// Where there is no such node.
    pub fn instance(&self, index: usize) -> usize {
        self.variables[index].instance as usize
    }

    /// Its triples in the order of writing.
    pub fn triples(&self) -> impl ExactSizeIterator<Item = Triple<'_>> {
        (0..self.triples.len()).map(|index| self.triple(index))
    }

    /// Triple `index`.
    ///
    /// # Panics
    /// Where there is no such triple.
    pub fn triple(&self, index: usize) -> Triple<'_> {
        let data = &self.triples[index];
        Triple {
            source: self.variable(data.source as usize),
            role: if data.role.is_none() {
                Triple::INSTANCE
            } else {
                data.role.of(&self.text)
            },
            target: match data.target {
                GraphTarget::Variable(variable) => {
                    Target::Variable(self.variable(variable as usize))
                }
                GraphTarget::Constant(constant) => Target::Constant(constant.of(&self.text)),
                GraphTarget::Missing => Target::Missing,
            },
        }
    }

    /// Numbers of the nodes that triple `index` joins: its source and, where it is an edge, its
    /// target.
    ///
    /// # Panics
    /// Where there is no such triple.
    pub fn ends(&self, index: usize) -> (usize, Option<usize>) {
        let data = &self.triples[index];
        let target = match data.target {
            GraphTarget::Variable(variable) => Some(variable as usize),
            _ => None,
        };
        (data.source as usize, target)
    }

    /// The triples between nodes.
    pub fn edges(&self) -> impl Iterator<Item = Triple<'_>> {
        self.triples().filter(Triple::is_edge)
    }

    /// The triples with constants other than concepts.
    pub fn attributes(&self) -> impl Iterator<Item = Triple<'_>> {
        self.triples().filter(Triple::is_attribute)
    }

    /// The alignment of the concept, constant or variable that triple `index` leads to.
    ///
    /// # Panics
    /// Where there is no such triple.
    pub fn alignment(&self, index: usize) -> Option<Alignment<'_>> {
        self.read_alignment(self.triples[index].alignment)
    }

    /// The alignment of the role of triple `index`.
    ///
    /// # Panics
    /// Where there is no such triple.
    pub fn role_alignment(&self, index: usize) -> Option<Alignment<'_>> {
        self.read_alignment(self.triples[index].role_alignment)
    }

    fn read_alignment(&self, piece: Piece) -> Option<Alignment<'_>> {
        (!piece.is_none()).then(|| Alignment::new(piece.of(&self.text)))
    }
}

impl Tree {
    /// The graph that the tree writes.
    pub fn into_graph(self, model: &RoleModel) -> Graph {
        interpret::interpret(self, model)
    }
}

fn bad_triples(what: &str, reason: &'static str) -> Error {
    Error::Triples {
        what: what.to_owned(),
        reason,
    }
}
