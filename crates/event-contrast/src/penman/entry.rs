use std::fmt;

use super::lexer::{Bad, Kind, Lexer};
use super::reader::ReadBlock;
use super::{Block, Graph, Metadata, Place, RoleModel, Style, Tree, parse};
use crate::Result;

/// A graph of a file with its comments.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Comments before the graph and in it, and those after it that no other graph follows.
    pub metadata: Metadata,
    /// The graph as written.
    pub tree: Tree,
    /// Line of its first bracket in the file, from 1.
    pub line: usize,
}

impl Entry {
    /// Its `::id`.
    pub fn id(&self) -> Option<&str> {
        self.metadata.get("id")
    }

    /// The graph that it writes.
    pub fn graph(&self, model: &RoleModel) -> Graph {
        Graph::from_tree(&self.tree, model)
    }

    /// Its metadata and its tree in PENMAN notation, without a line end.
    pub fn to_penman(&self, style: Style) -> String {
        let mut out = self.metadata.to_string();
        // Writing to a string does not fail.
        let _ = self.tree.write(&mut out, style);
        out
    }

    /// The entry at byte `at` of `text`, which moves past comments to the graph, and where the graph
    /// ends; none where only comments are left.
    fn read(
        text: &str,
        at: &mut usize,
        metadata: &mut Metadata,
    ) -> Result<Option<(Self, usize)>, Bad> {
        let Some(start) = comments(text, *at, metadata)? else {
            return Ok(None);
        };
        *at = start;
        let parsed = parse::parse(&text[start..]).map_err(|bad| bad.after(text, start))?;
        for comment in parsed.comments {
            metadata.push_comment(&text[start..][comment]);
        }
        let entry = Self {
            metadata: std::mem::take(metadata),
            tree: parsed.tree,
            line: 0,
        };
        Ok(Some((entry, start + parsed.end)))
    }
}

/// Where reading goes on after an error at byte `bad` in the graph at byte `at`: at the next line, but
/// not before the error's, that begins with a graph or a comment.
fn resume(text: &str, at: usize, bad: usize) -> Option<usize> {
    let line = text[..bad].rfind('\n').map_or(0, |newline| newline + 1);
    let next = |from: usize| text[from..].find('\n').map(|newline| from + newline + 1);
    let first = if line > at { Some(line) } else { next(bad) };
    let mut lines = std::iter::successors(first, |&from| next(from));
    lines.find(|&from| text[from..].starts_with(['(', '#']))
}

/// Reads comments from byte `at` of `text` on; where the next other token begins.
fn comments(text: &str, at: usize, metadata: &mut Metadata) -> Result<Option<usize>, Bad> {
    let mut lexer = Lexer::new(&text[at..]);
    while let Some(token) = lexer.next().map_err(|bad| bad.after(text, at))? {
        if token.kind != Kind::Comment {
            return Ok(Some(at + token.start));
        }
        metadata.push_comment(&text[at..][token.start..token.end]);
    }
    Ok(None)
}

/// The entries of a block. A block of comments alone is none. After a graph that cannot be read, it
/// goes on with the next line that begins with `(` or `#`.
impl ReadBlock for Entry {
    fn read_block(block: &Block, place: Place<'_>, out: &mut Vec<Result<Self>>) {
        let text = &block.text;
        let mut at = 0;
        let mut mark = Mark {
            passed: 0,
            at: 0,
            line: place.line,
        };
        loop {
            mark.advance(text, at);
            let (from, rest) = (mark.at, &text[mark.at..]);
            let line = mark.line;
            let mut metadata = Metadata::default();
            let mut start = at - from;
            match Self::read(rest, &mut start, &mut metadata) {
                Ok(Some((mut entry, end))) => {
                    at = from + end;
                    mark.advance(text, from + start);
                    entry.line = mark.line;
                    out.push(Ok(entry));
                }
                Ok(None) => {
                    if let (false, Some(Ok(last))) = (metadata.is_empty(), out.last_mut()) {
                        last.metadata.extend(&metadata);
                    }
                    return;
                }
                Err(bad) => {
                    let next = resume(rest, start, bad.at);
                    let place = Place { line, ..place };
                    out.push(Err(place.error(rest, metadata.get("id"), bad)));
                    match next {
                        Some(next) => at = from + next,
                        None => return,
                    }
                }
            }
        }
    }
}

/// A place in a text that moves forward.
struct Mark {
    /// How far the text has been passed.
    passed: usize,
    /// Start of the line of that place.
    at: usize,
    /// Number of the line.
    line: usize,
}

impl Mark {
    /// On to byte `to`.
    fn advance(&mut self, text: &str, to: usize) {
        let passed = &text.as_bytes()[self.passed..to];
        self.line += passed.iter().filter(|&&byte| byte == b'\n').count();
        if let Some(newline) = passed.iter().rposition(|&byte| byte == b'\n') {
            self.at = self.passed + newline + 1;
        }
        self.passed = to;
    }
}

/// Metadata, then the tree: on one line, or with `{:#}` as in the releases of AMR.
impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.metadata.fmt(f)?;
        self.tree.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Entry>> {
        let line = 5;
        let block = Block {
            text: text.to_owned(),
            line,
        };
        let place = Place {
            origin: "f".as_ref(),
            line,
        };
        let mut out = Vec::new();
        Entry::read_block(&block, place, &mut out);
        out.into_iter().collect()
    }

    #[test]
    fn comments_go_to_their_graph() {
        let entries =
            read("# ::id 1\n(a / x # ::in 1\n :r b)\n# ::id 2\n (b / y)(c / z)\n# after\n")
                .unwrap();
        let seen: Vec<_> = entries.iter().map(|e| (e.id(), e.line)).collect();
        assert_eq!(seen, [(Some("1"), 6), (Some("2"), 9), (None, 9)]);
        assert_eq!(entries[0].metadata.get("in"), Some("1"));
        assert_eq!(entries[2].to_string(), "# after\n(c / z)");
        assert!(read("# only\n# comments\n").unwrap().is_empty());
    }

    #[test]
    fn graphs_around_a_bad_one_are_kept() {
        let text = "(a / x)\n(b / y\n(c / z)\n# ::id d\n(d / w :r\n  ~)\n(e)\n(\n(f)\n)\n";
        let reader = super::super::Reader::<_>::new(text.as_bytes(), "f");
        let mut reader = reader.with_strictness(super::super::Strictness::Lenient);
        let tops: Vec<_> = reader
            .by_ref()
            .map(|entry| entry.unwrap().tree.to_string())
            .collect();
        assert_eq!(tops, ["(a / x)", "(c / z)", "(e)", "(f)"]);
        let errors: Vec<_> = reader.errors().iter().map(ToString::to_string).collect();
        assert!(errors[0].starts_with("f:3:1: found \"(\""), "{errors:?}");
        assert!(errors[1].starts_with("f:6:3: graph d: `~`"), "{errors:?}");
        assert!(errors[2].starts_with("f:9:1: found \"(\""), "{errors:?}");
        assert!(errors[3].starts_with("f:10:1: found \")\""), "{errors:?}");
        assert_eq!(reader.skipped(), 4);
    }

    #[test]
    fn many_graphs_in_a_line_take_linear_time() {
        let count = 50_000;
        let entries = read(&format!("\n{}", "(a)".repeat(count))).unwrap();
        assert_eq!(entries.len(), count);
        assert!(entries.iter().all(|entry| entry.line == 6));
    }

    #[test]
    fn errors_name_graph_line_and_column() {
        let error = |text| read(text).unwrap_err().to_string();
        assert_eq!(
            error("# ::id g7\n(a / b~e.1,2 :r é\n"),
            "f:6:18: graph g7: the text ends here, but 1 nodes are open, the last from line 6, \
             column 1"
        );
        assert_eq!(
            error("(a / b\n :é (a / c))\n"),
            "f:6:6: variable `a` already has the concept `b`; rename one of the nodes"
        );
        assert_eq!(
            error("(a / b)\n(c :r )\n"),
            "f:6:7: found \")\", expected a node, a symbol or a string"
        );
    }
}
