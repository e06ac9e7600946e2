use std::collections::BTreeMap;

use super::inline::inline_spans;
use super::jamr::jamr_graph;
use super::separate::separate_spans;
use super::{AlignedGraph, tokenize};
use crate::Result;
use crate::penman::{Block, Entry, Metadata, Place, ReadBlock, RoleModel};

impl ReadBlock for AlignedGraph {
    fn read_block(block: &Block, place: Place<'_>, out: &mut Vec<Result<Self>>) {
        if block.text.contains("::node") {
            let metadata = block.metadata();
            if metadata.get("node").is_some() {
                let read = from_jamr(&metadata);
                out.push(read.map_err(|reason| place.annotation(metadata.get("id"), reason)));
                return;
            }
        }
        let mut entries = Vec::new();
        Entry::read_block(block, place, &mut entries);
        out.extend(
            entries
                .into_iter()
                .map(|entry| Self::from_entry(entry?, place)),
        );
    }
}

impl AlignedGraph {
    /// The graph of `entry` with the alignments inside it, or else those of its `::alignments` line.
    ///
    /// # Errors
    /// [`Error::Annotation`](crate::Error::Annotation) where the alignments do not fit the graph or
    /// the tokens, or tokens are missing.
    pub fn from_entry(entry: Entry, place: Place<'_>) -> Result<Self> {
        let line = entry.line;
        let place = Place { line, ..place };
        let error = |reason| place.annotation(entry.metadata.get("id"), reason);
        let mut spans = inline_spans(&entry.tree);
        if let (true, Some(line)) = (spans.is_empty(), entry.metadata.get("alignments")) {
            spans = separate_spans(&entry.tree, line).map_err(error)?;
        }
        let graph = entry.tree.into_graph(&RoleModel::amr());
        let aligned = Self {
            spans,
            ..unaligned(graph, &entry.metadata)
        };
        check(&aligned, &entry.metadata).map_err(error)?;
        Ok(aligned)
    }
}

fn from_jamr(metadata: &Metadata) -> Result<AlignedGraph, String> {
    let (graph, spans) = jamr_graph(metadata, &RoleModel::amr())?;
    let aligned = AlignedGraph {
        spans,
        ..unaligned(graph, metadata)
    };
    check(&aligned, metadata)?;
    Ok(aligned)
}

fn unaligned(graph: crate::penman::Graph, metadata: &Metadata) -> AlignedGraph {
    let sentence = metadata.get("snt");
    let tokens: Vec<String> = match metadata.get("tok") {
        Some(line) => line.split_ascii_whitespace().map(str::to_owned).collect(),
        None => tokenize(sentence.unwrap_or("")),
    };
    AlignedGraph {
        id: metadata.get("id").unwrap_or("").to_owned(),
        sentence: sentence.map_or_else(|| tokens.join(" "), str::to_owned),
        tokens,
        graph,
        spans: BTreeMap::new(),
        auto_aligned: false,
    }
}

/// Alignments come with tokens and lie in them.
fn check(aligned: &AlignedGraph, metadata: &Metadata) -> Result<(), String> {
    let Some(last) = aligned.spans.values().flatten().max_by_key(|span| span.end) else {
        return Ok(());
    };
    if metadata.get("tok").is_none() {
        return Err("there are alignments, but no `::tok` line with the tokens they count".into());
    }
    if last.end > aligned.tokens.len() {
        let tokens = aligned.tokens.len();
        return Err(format!(
            "the alignment {last} lies outside of the {tokens} tokens"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amr::{NodeRef, TokenSpan};
    use crate::penman::{Reader, Strictness};

    const GRAPH: &str =
        "(m / meet-03 :ARG0 (p / person :name (n / name :op1 \"Ida\")) :time (n2 / now))";

    fn read(text: &str) -> Result<AlignedGraph> {
        Reader::new(text.as_bytes(), "f").next().unwrap()
    }

    fn spans(text: &str) -> Vec<(String, TokenSpan)> {
        let aligned = read(text).unwrap();
        let spans = aligned.nodes().filter_map(|node| {
            let concept = aligned.concept(node)?.to_owned();
            Some((concept, aligned.span(node)?))
        });
        let mut spans: Vec<_> = spans.collect();
        spans.sort();
        spans
    }

    #[test]
    fn three_notations_agree() {
        let tok = "# ::id 1\n# ::snt Ida meets now.\n# ::tok Ida meets now .\n";
        let inline = GRAPH
            .replace("\"Ida\"", "\"Ida\"~e.0")
            .replace("03", "03~e.1");
        let inline = inline.replace("/ now", "/ now~e.2");
        let jamr = "# ::node\t0\tmeet-03\t1-2\n# ::node\t0.0\tperson\n# ::node\t0.0.0\tname\n\
                    # ::node\t0.0.0.0\t\"Ida\"\t0-1\n# ::node\t0.1\tnow\t2-3\n# ::root\t0\tmeet-03\n\
                    # ::edge\tmeet-03\tARG0\tperson\t0\t0.0\n# ::edge\tperson\tname\tname\t0.0\t0.0.0\n\
                    # ::edge\tname\top1\t\"Ida\"\t0.0.0\t0.0.0.0\n# ::edge\tmeet-03\ttime\tnow\t0\t0.1\n";
        let texts = [
            format!("{tok}{inline}\n"),
            format!("{tok}# ::alignments 0-1.1.1.1 1-1 2-1.2 ::annotator x\n{GRAPH}\n"),
            format!("{tok}# ::alignments 0-1|0.0.0.0 1-2|0 2-3|0.1 ::annotator x\n{GRAPH}\n"),
            format!("{tok}{jamr}(this is not read\n"),
        ];
        let expected = [("\"Ida\"", 0), ("meet-03", 1), ("now", 2)];
        for text in texts {
            let found = spans(&text);
            let found: Vec<_> = found.iter().map(|(c, s)| (c.as_str(), s.start)).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn missing_lines() {
        let bare = read(GRAPH).unwrap();
        assert_eq!((bare.id.as_str(), bare.sentence.as_str()), ("", ""));
        assert!(bare.spans.is_empty() && bare.tokens.is_empty() && !bare.auto_aligned);
        let snt = read(&format!("# ::snt Ida meets now.\n{GRAPH}")).unwrap();
        assert_eq!(snt.tokens, ["Ida", "meets", "now", "."]);
        let tok = read(&format!("# ::tok Ida meets\n{GRAPH}")).unwrap();
        assert_eq!(tok.sentence, "Ida meets");
    }

    #[test]
    fn alignments_have_to_fit() {
        let error = |text: &str| read(text).unwrap_err().to_string();
        assert_eq!(
            error("# ::id 9\n# ::tok a b\n(x / y~e.1,2)\n"),
            "f:3: graph 9: the alignment 1-3 lies outside of the 2 tokens"
        );
        assert!(error("# ::snt a b\n(x / y~e.0)\n").contains("no `::tok` line"));
        assert!(error("# ::tok a\n# ::alignments 0-1.1\n(x / y)\n").contains("no node at `1.1`"));
        let two = "# ::tok a\n(x / y~e.1)\n\n# ::tok a\n(x / y~e.0)\n";
        let mut reader = Reader::<_, AlignedGraph>::new(two.as_bytes(), "f")
            .with_strictness(Strictness::Lenient);
        let spans = reader.next().unwrap().unwrap().spans;
        assert!(spans.contains_key(&NodeRef::Variable(0)));
        assert_eq!(reader.skipped(), 1);
    }
}
