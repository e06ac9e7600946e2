//! The meaning of a generated sentence.

/// A node of a [`SentenceGraph`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphNode {
    /// Its variable; empty for constants.
    pub variable: String,
    /// Its concept, such as `buy-01`, or the constant's text with its quotes.
    pub concept: String,
    /// Whether it is a constant, such as a name's string.
    pub constant: bool,
    /// The tokens that it stands for: the first, and the one after the last.
    pub span: Option<(usize, usize)>,
}

/// An edge of a [`SentenceGraph`], never inverted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphEdge {
    /// Index of the node that it leaves.
    pub source: usize,
    /// Its role, without colon.
    pub role: String,
    /// Index of the node that it reaches.
    pub target: usize,
}

/// An abstract meaning representation (Banarescu et al. 2013) with alignments.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SentenceGraph {
    /// The nodes.
    pub nodes: Vec<GraphNode>,
    /// The edges.
    pub edges: Vec<GraphEdge>,
    /// Index of the top node.
    pub root: usize,
}

impl SentenceGraph {
    /// Adds a node for `concept` and returns its index.
    pub(super) fn add(&mut self, concept: &str, span: Option<(usize, usize)>) -> usize {
        let letter = concept
            .chars()
            .next()
            .filter(char::is_ascii_alphabetic)
            .map_or('x', |letter| letter.to_ascii_lowercase());
        let same = self
            .nodes
            .iter()
            .filter(|node| node.variable.starts_with(letter))
            .count();
        let variable = match same {
            0 => letter.to_string(),
            more => format!("{letter}{}", more + 1),
        };
        self.push(variable, concept.to_owned(), false, span)
    }

    /// Adds the constant `text` in quotes and returns its index.
    pub(super) fn add_string(&mut self, text: &str, span: Option<(usize, usize)>) -> usize {
        self.push(String::new(), format!("\"{text}\""), true, span)
    }

    fn push(
        &mut self,
        variable: String,
        concept: String,
        constant: bool,
        span: Option<(usize, usize)>,
    ) -> usize {
        self.nodes.push(GraphNode {
            variable,
            concept,
            constant,
            span,
        });
        self.nodes.len() - 1
    }

    /// Adds an edge.
    pub(super) fn link(&mut self, source: usize, role: &str, target: usize) {
        self.edges.push(GraphEdge {
            source,
            role: role.to_owned(),
            target,
        });
    }
}
