//! Writing a graph in PENMAN notation.

use std::fmt::Write as _;

use super::graph::{GraphNode, SentenceGraph};
use super::tree::places;

impl SentenceGraph {
    /// The graph in PENMAN notation, an edge a line. With `alignments`, every aligned node and
    /// constant has its tokens behind it as `~e.3` or `~e.3,4`.
    pub fn penman(&self, alignments: bool) -> String {
        let mut text = String::new();
        // The depths of the brackets that are open.
        let mut open: Vec<usize> = Vec::new();
        for place in places(self) {
            while open.last().is_some_and(|&depth| depth >= place.depth) {
                open.pop();
                text.push(')');
            }
            if place.depth > 0 {
                let _ = write!(text, "\n{}:{} ", "    ".repeat(place.depth), place.role);
            }
            let node = &self.nodes[place.node];
            let mark = match alignments {
                true => alignment(node),
                false => String::new(),
            };
            if node.constant {
                let _ = write!(text, "{}{mark}", node.concept);
            } else if place.first {
                let _ = write!(text, "({} / {}{mark}", node.variable, node.concept);
                open.push(place.depth);
            } else {
                text.push_str(&node.variable);
            }
        }
        text.push_str(&")".repeat(open.len()));
        text
    }
}

fn alignment(node: &GraphNode) -> String {
    let Some((start, end)) = node.span else {
        return String::new();
    };
    let tokens: Vec<String> = (start..end).map(|token| token.to_string()).collect();
    format!("~e.{}", tokens.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inversion_re_entrance_and_constants() {
        let mut graph = SentenceGraph::default();
        let kill = graph.add("kill-01", Some((5, 6)));
        let farmer = graph.add("farmer", Some((1, 2)));
        let save = graph.add("save-02", Some((3, 5)));
        let person = graph.add("person", None);
        let name = graph.add("name", None);
        let string = graph.add_string("Mary", Some((6, 7)));
        graph.link(kill, "ARG0", farmer);
        graph.link(kill, "ARG1", person);
        graph.link(person, "name", name);
        graph.link(name, "op1", string);
        graph.link(save, "ARG0", farmer);
        graph.link(save, "ARG1", person);
        let expected = "(k / kill-01~e.5\n    :ARG0 (f / farmer~e.1\n        :ARG0-of (s / \
                        save-02~e.3,4\n            :ARG1 (p / person\n                :name (n / \
                        name\n                    :op1 \"Mary\"~e.6))))\n    :ARG1 p)";
        assert_eq!(graph.penman(true), expected);
        assert!(!graph.penman(false).contains('~'));
    }
}
