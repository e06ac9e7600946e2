use std::fmt;
use std::io::BufRead;
use std::path::Path;

use super::{Block, Blocks, Entry, Place};
use crate::{Error, Result};

/// What a [`Reader`] does with a graph that it cannot read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Strictness {
    /// It gives the error and ends.
    #[default]
    Strict,
    /// It leaves the graph out and counts it. Only failures of the input itself are given.
    Lenient,
}

/// What can be read from a block of comments and graphs.
pub trait ReadBlock: Sized {
    /// Adds what is in `block`, which lies at `place`, to `out`: for each graph an item or the
    /// [`Error::Penman`] or [`Error::Annotation`] for which it cannot be read.
    fn read_block(block: &Block, place: Place<'_>, out: &mut Vec<Result<Self>>);
}

/// How many errors a lenient reader keeps.
const KEPT: usize = 100;

/// The graphs of a file, one block at a time: [`Entry`] for PENMAN notation as it is,
/// [`AlignedGraph`](crate::amr::AlignedGraph) for AMR with alignments.
pub struct Reader<R, T = Entry> {
    blocks: Blocks<R>,
    strictness: Strictness,
    block: Block,
    /// What was read of the block, in reverse order.
    found: Vec<Result<T>>,
    skipped: usize,
    errors: Vec<Error>,
    done: bool,
}

impl<R: BufRead, T: ReadBlock> Reader<R, T> {
    /// The graphs of `reader`, which errors call `origin`, after the strict mode.
    pub fn new(reader: R, origin: impl AsRef<Path>) -> Self {
        Self::from_blocks(Blocks::new(reader, origin))
    }

    /// The graphs of `blocks`, with their limit, after the strict mode.
    pub fn from_blocks(blocks: Blocks<R>) -> Self {
        Self {
            blocks,
            strictness: Strictness::default(),
            block: Block::default(),
            found: Vec::new(),
            skipped: 0,
            errors: Vec::new(),
            done: false,
        }
    }

    /// After `strictness`.
    #[must_use]
    pub fn with_strictness(mut self, strictness: Strictness) -> Self {
        self.strictness = strictness;
        self
    }

    /// How many graphs or blocks were left out so far.
    pub fn skipped(&self) -> usize {
        self.skipped
    }

    /// Why they were left out: the first 100 errors.
    pub fn errors(&self) -> &[Error] {
        &self.errors
    }

    fn read(&mut self) -> Result<bool> {
        if !self.blocks.read(&mut self.block)? {
            return Ok(false);
        }
        let place = Place {
            origin: self.blocks.origin(),
            line: self.block.line,
        };
        T::read_block(&self.block, place, &mut self.found);
        self.found.reverse();
        Ok(true)
    }
}

impl<R: BufRead, T: ReadBlock> Iterator for Reader<R, T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.done {
            let error = match self.found.pop() {
                Some(Ok(item)) => return Some(Ok(item)),
                Some(Err(error)) => error,
                None => match self.read() {
                    Ok(more) => {
                        self.done = !more;
                        continue;
                    }
                    Err(error) => error,
                },
            };
            if self.strictness == Strictness::Strict || !is_of_block(&error) {
                self.done = true;
                return Some(Err(error));
            }
            self.skipped += 1;
            if self.errors.len() < KEPT {
                self.errors.push(error);
            }
        }
        None
    }
}

/// `error` is about one block, not about the input.
fn is_of_block(error: &Error) -> bool {
    !matches!(error, Error::Core(core) if !matches!(core, plm_core::Error::Line { .. }))
}

impl<R, T> fmt::Debug for Reader<R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("strictness", &self.strictness)
            .field("skipped", &self.skipped)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] =
        b"# a file\n\n# ::id 1\n(a / b)\n\n# ::id 2\n(a / b\n\n(c / \xff)\n\n(d)\n(e)";

    #[test]
    fn strict_ends_at_the_first_error() {
        let mut reader = Reader::<_>::new(TEXT, "f.txt");
        assert_eq!(reader.next().unwrap().unwrap().id(), Some("1"));
        let error = reader.next().unwrap().unwrap_err().to_string();
        assert!(error.starts_with("f.txt:7:7: graph 2: "), "{error}");
        assert!(reader.next().is_none());
        assert_eq!(reader.skipped(), 0);
    }

    #[test]
    fn lenient_skips_and_counts() {
        let mut reader = Reader::<_>::new(TEXT, "f.txt").with_strictness(Strictness::Lenient);
        let tops: Vec<_> = reader
            .by_ref()
            .map(|entry| entry.unwrap().tree.root().variable().to_owned())
            .collect();
        assert_eq!(tops, ["a", "d", "e"]);
        assert_eq!(reader.skipped(), 2);
        assert!(reader.errors()[1].to_string().contains("0xff at column 6"));
    }

    #[test]
    fn a_failing_input_is_an_error_in_both_modes() {
        struct Failing;
        impl std::io::Read for Failing {
            fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
                Err(std::io::Error::other("gone"))
            }
        }
        for strictness in [Strictness::Strict, Strictness::Lenient] {
            let input = std::io::BufReader::new(Failing);
            let mut reader = Reader::<_>::new(input, "f").with_strictness(strictness);
            assert!(
                reader
                    .next()
                    .unwrap()
                    .unwrap_err()
                    .to_string()
                    .contains("gone")
            );
            assert!(reader.next().is_none());
        }
    }
}
