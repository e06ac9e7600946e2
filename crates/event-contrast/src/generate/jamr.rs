//! Writing a sentence and its graph as the JAMR aligner does (Flanigan et al. 2014).

use std::fmt::Write as _;

use super::graph::SentenceGraph;
use super::tree::places;

impl SentenceGraph {
    /// The block of sentence `id`: the tokens, the alignments, one line per node and edge, and the
    /// graph in PENMAN notation. Edges have the direction of the tree, `-of` included. Ends with a
    /// blank line.
    pub fn jamr(&self, id: &str, tokens: &[String]) -> String {
        let places = places(self);
        let sentence = tokens.join(" ");
        let mut text = format!("# ::id {id}\n# ::snt {sentence}\n# ::tok {sentence}\n");
        let mut path = vec![""; self.nodes.len()];
        for place in places.iter().filter(|place| place.first) {
            path[place.node] = &place.path;
        }
        let mut spans: Vec<(usize, usize)> = self.nodes.iter().filter_map(|n| n.span).collect();
        spans.sort_unstable();
        spans.dedup();
        let parts: Vec<String> = spans
            .iter()
            .map(|&(start, end)| {
                let here: Vec<&str> = places
                    .iter()
                    .filter(|place| {
                        place.first && self.nodes[place.node].span == Some((start, end))
                    })
                    .map(|place| place.path.as_str())
                    .collect();
                format!("{start}-{end}|{}", here.join("+"))
            })
            .collect();
        let _ = writeln!(
            text,
            "# ::alignments {} ::annotator generator",
            parts.join(" ")
        );
        for place in places.iter().filter(|place| place.first) {
            let node = &self.nodes[place.node];
            let _ = write!(text, "# ::node\t{}\t{}", place.path, node.concept);
            if let Some((start, end)) = node.span {
                let _ = write!(text, "\t{start}-{end}");
            }
            text.push('\n');
        }
        if let Some(top) = self.nodes.get(self.root) {
            let _ = writeln!(text, "# ::root\t0\t{}", top.concept);
        }
        for place in &places {
            let Some(parent) = place.parent.map(|parent| places[parent].node) else {
                continue;
            };
            let (source, target) = (&self.nodes[parent].concept, &self.nodes[place.node].concept);
            let (from, to) = (path[parent], path[place.node]);
            let role = &place.role;
            let _ = writeln!(text, "# ::edge\t{source}\t{role}\t{target}\t{from}\t{to}");
        }
        text.push_str(&self.penman(false));
        text.push_str("\n\n");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block() {
        let mut graph = SentenceGraph::default();
        let go = graph.add("go-01", Some((1, 2)));
        let boy = graph.add("boy", Some((0, 1)));
        let old = graph.add("old", None);
        graph.link(go, "ARG0", boy);
        graph.link(old, "domain", boy);
        let tokens = ["Boys".to_owned(), "went".to_owned()];
        assert_eq!(
            graph.jamr("x", &tokens),
            "# ::id x\n# ::snt Boys went\n# ::tok Boys went\n\
             # ::alignments 0-1|0.0 1-2|0 ::annotator generator\n\
             # ::node\t0\tgo-01\t1-2\n# ::node\t0.0\tboy\t0-1\n# ::node\t0.0.0\told\n\
             # ::root\t0\tgo-01\n# ::edge\tgo-01\tARG0\tboy\t0\t0.0\n\
             # ::edge\tboy\tdomain-of\told\t0.0\t0.0.0\n\
             (g / go-01\n    :ARG0 (b / boy\n        :domain-of (o / old)))\n\n"
        );
    }
}
