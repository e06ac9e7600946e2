use std::io::BufRead;
use std::path::{Path, PathBuf};

use plm_core::data::Lines;

use super::lexer::{Bad, line_and_column};
use super::{Fault, Metadata};
use crate::{Error, Result};

/// The longest block that is read unless told otherwise: 64 MiB.
const BLOCK_LIMIT: usize = 64 << 20;

/// Lines of a file between blank ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Block {
    /// The lines, each with `\n` at its end.
    pub text: String,
    /// Number of the first line in the file, from 1.
    pub line: usize,
}

impl Block {
    /// The comment lines, as metadata.
    pub fn metadata(&self) -> Metadata {
        let mut metadata = Metadata::default();
        for line in self.text.lines() {
            let line = line.trim_start();
            if line.starts_with('#') {
                metadata.push_comment(line);
            }
        }
        metadata
    }
}

/// The name of a text and the number of its first line, for errors.
#[derive(Debug, Clone, Copy)]
pub struct Place<'p> {
    /// The file, or what the text is called.
    pub origin: &'p Path,
    /// Number of the text's first line, from 1.
    pub line: usize,
}

impl Place<'_> {
    /// A text that comes from no file.
    pub(super) fn text() -> Place<'static> {
        let origin = Path::new("text");
        Place { origin, line: 1 }
    }

    /// `bad`, found in `text`.
    pub(super) fn error(self, text: &str, id: Option<&str>, bad: Bad) -> Error {
        let (line, column) = line_and_column(text, bad.at, self.line);
        let mut fault = bad.fault;
        if let Fault::Unclosed { line, .. } = &mut fault {
            *line += self.line - 1;
        }
        Error::Penman {
            origin: self.origin.to_path_buf(),
            id: id.map(str::to_owned),
            line,
            column,
            fault,
        }
    }

    /// An error in the comment lines of the text.
    pub(crate) fn annotation(self, id: Option<&str>, reason: impl Into<String>) -> Error {
        Error::Annotation {
            origin: self.origin.to_path_buf(),
            id: id.map(str::to_owned),
            line: self.line,
            reason: reason.into(),
        }
    }
}

/// The blocks of a file: runs of lines between blank ones. One block is held at a time.
///
/// After a block that is too long or holds a line that is no UTF-8, for which it gives an error,
/// reading goes on with the next block; other errors end it.
#[derive(Debug)]
pub struct Blocks<R> {
    lines: Lines<R>,
    limit: usize,
    done: bool,
}

impl<R: BufRead> Blocks<R> {
    /// The blocks of `reader`, which errors call `origin`.
    pub fn new(reader: R, origin: impl AsRef<Path>) -> Self {
        Self {
            lines: Lines::new(reader, origin),
            limit: BLOCK_LIMIT,
            done: false,
        }
    }

    /// With blocks of at most `bytes` bytes (64 MiB unless told, never above 1 GiB).
    #[must_use]
    pub fn with_limit(mut self, bytes: usize) -> Self {
        self.limit = bytes.min(super::piece::Piece::LIMIT);
        self.lines = self.lines.with_limit(self.limit);
        self
    }

    /// What errors call the input.
    pub fn origin(&self) -> &Path {
        self.lines.origin()
    }

    /// Reads the next block into `block`; false at the end.
    pub(super) fn read(&mut self, block: &mut Block) -> Result<bool> {
        block.text.clear();
        let mut failed = None;
        let mut started = false;
        while !self.done {
            let Some(line) = self.lines.next() else {
                self.done = true;
                break;
            };
            let line = match line {
                Ok(line) => line,
                Err(error) => {
                    started = true;
                    if !matches!(error, plm_core::Error::Line { .. }) {
                        self.done = true;
                    }
                    failed.get_or_insert(Error::from(error));
                    continue;
                }
            };
            if line.text.trim().is_empty() {
                if started {
                    break;
                }
                continue;
            }
            if !started {
                started = true;
                block.line = line.number;
            }
            if failed.is_some() {
                continue;
            }
            if block.text.len() + line.text.len() >= self.limit {
                failed = Some(self.too_long(line.number));
                block.text.clear();
                continue;
            }
            block.text.push_str(&line.text);
            block.text.push('\n');
        }
        match failed {
            Some(error) => Err(error),
            None => Ok(started),
        }
    }

    fn too_long(&self, line: usize) -> Error {
        Error::Penman {
            origin: PathBuf::from(self.lines.origin()),
            id: None,
            line,
            column: 1,
            fault: Fault::TooLong { limit: self.limit },
        }
    }
}

impl<R: BufRead> Iterator for Blocks<R> {
    type Item = Result<Block>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut block = Block::default();
        match self.read(&mut block) {
            Ok(true) => Some(Ok(block)),
            Ok(false) => None,
            Err(error) => Some(Err(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(text: &[u8]) -> Vec<(usize, String)> {
        let read = Blocks::new(text, "t").map(Result::unwrap);
        read.map(|block| (block.line, block.text)).collect()
    }

    #[test]
    fn blank_lines_part() {
        let found = blocks(b"\n \na\r\nb\n\t\n\nc");
        assert_eq!(found, [(3, "a\nb\n".to_owned()), (7, "c\n".to_owned())]);
        assert!(blocks(b"\n\n").is_empty());
    }

    #[test]
    fn a_bad_block_is_one_error() {
        let text = b"a\n\nb\xff\nb\n\nlonger\nlonger\nlonger\n\nc\n";
        let found: Vec<_> = Blocks::new(&text[..], "f").with_limit(16).collect();
        assert_eq!(found.len(), 4);
        let error = found[1].as_ref().unwrap_err().to_string();
        assert!(error.starts_with("f:3: not UTF-8"), "{error}");
        let error = found[2].as_ref().unwrap_err().to_string();
        assert!(
            error.starts_with("f:8:1: the block is longer than 16"),
            "{error}"
        );
        assert_eq!(found[3].as_ref().unwrap().text, "c\n");
    }
}
