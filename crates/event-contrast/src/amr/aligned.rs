use std::collections::BTreeMap;

use super::TokenSpan;
use crate::penman::{Graph, Target};

/// A node of a graph in the wide sense: a variable, or a constant where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NodeRef {
    /// The variable of that number.
    Variable(usize),
    /// The constant that the triple of that number leads to.
    Constant(usize),
}

/// A sentence with its AMR graph and the tokens that the graph's nodes stem from.
///
/// As a [`Reader`](crate::penman::Reader) item, a graph is read with the roles of AMR, and its
/// alignments from the first notation that its block has: `# ::node` lines, `~e.` inside the graph,
/// an `# ::alignments` line.
#[derive(Debug, Clone)]
pub struct AlignedGraph {
    /// Its `::id`, or nothing.
    pub id: String,
    /// The sentence: `::snt`, or the tokens joined by blanks.
    pub sentence: String,
    /// The tokens: `::tok`, or those of [`tokenize`](super::tokenize).
    pub tokens: Vec<String>,
    /// The graph.
    pub graph: Graph,
    /// The tokens of nodes, as runs in order; unaligned nodes are missing. Nodes may share tokens.
    pub spans: BTreeMap<NodeRef, Vec<TokenSpan>>,
    /// The alignments were found by rules, not read.
    pub auto_aligned: bool,
}

impl AlignedGraph {
    /// The nodes: variables by number, then constants in the order of their triples.
    pub fn nodes(&self) -> impl Iterator<Item = NodeRef> {
        let variables = (0..self.graph.variables().len()).map(NodeRef::Variable);
        let is_attribute = |&index: &usize| self.graph.triple(index).is_attribute();
        let constants = (0..self.graph.triples().len()).filter(is_attribute);
        variables.chain(constants.map(NodeRef::Constant))
    }

    /// The concept of `node`, or the constant itself; nothing for a variable without concept.
    ///
    /// # Panics
    /// Where the graph has no such node.
    pub fn concept(&self, node: NodeRef) -> Option<&str> {
        match node {
            NodeRef::Variable(variable) => self.graph.concept(variable),
            NodeRef::Constant(triple) => match self.graph.triple(triple).target {
                Target::Constant(constant) => Some(constant),
                _ => None,
            },
        }
    }

    /// The edges and attributes between nodes: source, role with its colon, target.
    pub fn edges(&self) -> impl Iterator<Item = (NodeRef, &str, NodeRef)> {
        let triples = self.graph.triples().enumerate();
        let linking = triples.filter(|(_, triple)| !triple.is_instance());
        linking.map(|(index, triple)| {
            let (source, target) = self.graph.ends(index);
            let target = target.map_or(NodeRef::Constant(index), NodeRef::Variable);
            (NodeRef::Variable(source), triple.role, target)
        })
    }

    /// The one span of `node`: the longest of its runs, of equal ones the first.
    pub fn span(&self, node: NodeRef) -> Option<TokenSpan> {
        let runs = self.spans.get(&node)?;
        runs.iter()
            .copied()
            .max_by_key(|run| (run.len(), std::cmp::Reverse(run.start)))
    }

    /// Gives each name the tokens from its first to its last aligned string, and the same to the named
    /// node, the `name` node and the strings, as JAMR does. ISI aligns the strings alone. A named node
    /// or `name` node with an alignment of its own keeps it.
    pub fn spread_names(&mut self) {
        let edges: Vec<_> = self
            .edges()
            .map(|(s, role, t)| (s, role.to_owned(), t))
            .collect();
        let mut strings: BTreeMap<NodeRef, Vec<NodeRef>> = BTreeMap::new();
        for (source, role, target) in &edges {
            if role.starts_with(":op") {
                strings.entry(*source).or_default().push(*target);
            }
        }
        for (named, role, name) in &edges {
            if role != ":name" {
                continue;
            }
            let strings = strings.get(name).map_or(&[][..], Vec::as_slice);
            let runs = || {
                strings
                    .iter()
                    .filter_map(|string| self.spans.get(string))
                    .flatten()
            };
            let (Some(start), Some(end)) = (
                runs().map(|run| run.start).min(),
                runs().map(|run| run.end).max(),
            ) else {
                continue;
            };
            let span = vec![TokenSpan::new(start, end)];
            for string in strings {
                self.spans.insert(*string, span.clone());
            }
            for node in [*named, *name] {
                self.spans.entry(node).or_insert_with(|| span.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::penman::{Reader, RoleModel};

    #[test]
    fn nodes_concepts_and_edges() {
        let model = RoleModel::amr();
        let graph = Graph::parse("(r / run-02 :polarity - :ARG0-of (x :ARG1 r))", &model).unwrap();
        let aligned = AlignedGraph {
            id: String::new(),
            sentence: String::new(),
            tokens: Vec::new(),
            graph,
            spans: BTreeMap::new(),
            auto_aligned: false,
        };
        let nodes: Vec<_> = aligned.nodes().map(|node| aligned.concept(node)).collect();
        assert_eq!(nodes, [Some("run-02"), None, Some("-")]);
        let (run, x) = (NodeRef::Variable(0), NodeRef::Variable(1));
        let edges: Vec<_> = aligned.edges().collect();
        let expected = [
            (run, ":polarity", NodeRef::Constant(1)),
            (x, ":ARG0", run),
            (x, ":ARG1", run),
        ];
        assert_eq!(edges, expected);
    }

    #[test]
    fn names_spread_to_their_nodes() {
        let text = b"# ::tok Ann van Dyk sings\n(s / sing-01~e.3 :ARG0 (p / person \
                     :name (n / name :op1 \"Ann\"~e.0 :op2 \"Dyk\"~e.2)))\n";
        let mut read = Reader::<_, AlignedGraph>::new(&text[..], "f");
        let mut aligned = read.next().unwrap().unwrap();
        let person = NodeRef::Variable(1);
        assert_eq!(aligned.span(person), None);
        aligned.spread_names();
        let with_name = aligned
            .nodes()
            .filter(|&n| aligned.span(n) == Some(TokenSpan::new(0, 3)));
        assert_eq!(with_name.count(), 4);
        assert_eq!(
            aligned.span(NodeRef::Variable(0)),
            Some(TokenSpan::new(3, 4))
        );
    }

    #[test]
    fn the_longest_run_is_the_span() {
        let text = b"# ::tok a b c d e f\n(x / y~e.0,2,3,5,4,1 :r (z / w~e.5,0,1,3,4))\n";
        let mut read = Reader::<_, AlignedGraph>::new(&text[..], "f");
        let aligned = read.next().unwrap().unwrap();
        assert_eq!(
            aligned.span(NodeRef::Variable(0)),
            Some(TokenSpan::new(0, 6))
        );
        assert_eq!(
            aligned.span(NodeRef::Variable(1)),
            Some(TokenSpan::new(3, 6))
        );
        assert_eq!(aligned.spans[&NodeRef::Variable(1)].len(), 2);
    }
}
