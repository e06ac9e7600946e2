/// What a [`Triple`] says of its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target<'g> {
    /// Another node, by its variable: the triple is an edge.
    Variable(&'g str),
    /// A constant with the quotes of a string: the triple is an attribute, or gives the concept.
    Constant(&'g str),
    /// Nothing: the triple stands for the concept of a node that has none.
    Missing,
}

/// A statement of a graph: an edge, an attribute or the concept of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Triple<'g> {
    /// Variable of the node that it is about.
    pub source: &'g str,
    /// The role with its colon, [`Triple::INSTANCE`] for a concept.
    pub role: &'g str,
    /// The other end.
    pub target: Target<'g>,
}

impl Triple<'_> {
    /// The role of the triples that give concepts.
    pub const INSTANCE: &'static str = ":instance";

    /// The triple gives a node its concept.
    pub fn is_instance(&self) -> bool {
        self.role == Self::INSTANCE
    }

    /// The triple leads to another node.
    pub fn is_edge(&self) -> bool {
        matches!(self.target, Target::Variable(_))
    }

    /// The triple gives a node a constant that is not its concept.
    pub fn is_attribute(&self) -> bool {
        !self.is_instance() && !self.is_edge()
    }
}
