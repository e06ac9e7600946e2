//! Texts and their translations, line by line in two files.

use std::io::{BufRead, BufReader};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use plm_core::data::{Lines, open};
use serde::{Deserialize, Serialize};

use crate::Result;

/// The longest line that is read, in bytes.
const LINE_LIMIT: usize = 1 << 20;
/// What files of gzip begin with (RFC 1952, section 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A text and its translation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentencePair {
    /// The text.
    pub source: String,
    /// Its translation.
    pub target: String,
}

/// The pairs of lines of two texts.
///
/// Lines are read one at a time and hold at most 1 MiB. After the error of one line, reading goes on
/// with the next pair; texts of unequal length are an error at the first line without a partner.
#[derive(Debug)]
pub struct ParallelLines<S, T> {
    source: Lines<S>,
    target: Lines<T>,
    number: usize,
    done: bool,
}

impl<S: BufRead, T: BufRead> ParallelLines<S, T> {
    /// The pairs of `source` and `target`, each with the name that its errors give.
    pub fn new(source: (S, impl AsRef<Path>), target: (T, impl AsRef<Path>)) -> Self {
        Self {
            source: Lines::new(source.0, source.1).with_limit(LINE_LIMIT),
            target: Lines::new(target.0, target.1).with_limit(LINE_LIMIT),
            number: 0,
            done: false,
        }
    }

    /// The error of a line in `longer` without a partner in `shorter`.
    fn alone(&mut self, longer: &Path, shorter: &Path) -> plm_core::Error {
        let reason = format!(
            "has no partner: {} ends after {} lines",
            shorter.display(),
            self.number - 1
        );
        plm_core::Error::line(longer, self.number, reason)
    }
}

impl<S: BufRead, T: BufRead> Iterator for ParallelLines<S, T> {
    type Item = Result<SentencePair>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        self.number += 1;
        let pair = match (self.source.next(), self.target.next()) {
            (None, None) => {
                self.done = true;
                return None;
            }
            (Some(source), Some(target)) => source.and_then(|source| {
                Ok(SentencePair {
                    source: source.text,
                    target: target?.text,
                })
            }),
            (Some(Err(error)), None) | (None, Some(Err(error))) => {
                self.done = true;
                Err(error)
            }
            (Some(Ok(_)), None) => {
                self.done = true;
                let names = [self.source.origin(), self.target.origin()].map(Path::to_path_buf);
                Err(self.alone(&names[0], &names[1]))
            }
            (None, Some(Ok(_))) => {
                self.done = true;
                let names = [self.source.origin(), self.target.origin()].map(Path::to_path_buf);
                Err(self.alone(&names[1], &names[0]))
            }
        };
        Some(pair.map_err(Into::into))
    }
}

/// Opens a text file, unpacking it where it is one of gzip, whatever its name.
///
/// # Errors
/// [`Error::Core`](crate::Error::Core) where it cannot be opened or read.
pub fn open_text(path: impl AsRef<Path>) -> Result<Box<dyn BufRead>> {
    let path = path.as_ref();
    let mut reader = open(path)?;
    let start = reader
        .fill_buf()
        .map_err(|error| plm_core::Error::io(path, error))?;
    Ok(if start.starts_with(&GZIP) {
        Box::new(BufReader::new(MultiGzDecoder::new(reader)))
    } else {
        Box::new(reader)
    })
}

/// All pairs of two files of text, plain or packed by gzip.
///
/// # Errors
/// [`Error::Core`](crate::Error::Core) naming file and line where a file cannot be read, is not UTF-8,
/// has a line of more than 1 MiB, or has more lines than the other.
pub fn read_parallel(
    source: impl AsRef<Path>,
    target: impl AsRef<Path>,
) -> Result<Vec<SentencePair>> {
    let (source, target) = (source.as_ref(), target.as_ref());
    ParallelLines::new((open_text(source)?, source), (open_text(target)?, target)).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::*;

    fn read(source: &[u8], target: &[u8]) -> Vec<Result<SentencePair>> {
        ParallelLines::new((source, "a.en"), (target, "b.de")).collect()
    }

    fn pair(source: &str, target: &str) -> SentencePair {
        SentencePair {
            source: source.into(),
            target: target.into(),
        }
    }

    #[test]
    fn lines_are_paired_in_order() {
        let found: Result<Vec<_>> = read(b"one\ntwo\n", "eins\r\nzwei".as_bytes())
            .into_iter()
            .collect();
        assert_eq!(found.unwrap(), [pair("one", "eins"), pair("two", "zwei")]);
        assert!(read(b"", b"").is_empty());
    }

    #[test]
    fn unequal_counts_name_the_first_line_alone() {
        let text = |found: Vec<Result<SentencePair>>| {
            assert!(found[0].is_ok() && found.len() == 2);
            found[1].as_ref().unwrap_err().to_string()
        };
        let longer = text(read(b"one\ntwo\nthree\n", b"eins\n"));
        assert_eq!(longer, "a.en:2: has no partner: b.de ends after 1 lines");
        let longer = text(read(b"one", b"eins\nzwei\n"));
        assert_eq!(longer, "b.de:2: has no partner: a.en ends after 1 lines");
    }

    #[test]
    fn bad_bytes_name_their_file_and_line() {
        let found = read(b"one\ntwo\n", b"eins\n\xff\n");
        let error = found[1].as_ref().unwrap_err().to_string();
        assert!(error.starts_with("b.de:2: not UTF-8"), "{error}");
        let long = vec![b'x'; LINE_LIMIT + 1];
        let error = read(&long, b"x")[0].as_ref().unwrap_err().to_string();
        assert!(error.starts_with("a.en:1: longer than"), "{error}");
    }

    #[test]
    fn packed_and_plain_files_read_alike() {
        let folder = tempfile::tempdir().unwrap();
        let [plain, packed] = ["plain", "packed"].map(|name| folder.path().join(name));
        std::fs::write(&plain, "ä\nb\n").unwrap();
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        packer.write_all("ä\nb\n".as_bytes()).unwrap();
        let bytes = packer.finish().unwrap();
        std::fs::write(&packed, &bytes).unwrap();
        let pairs = read_parallel(&plain, &packed).unwrap();
        assert_eq!(pairs, [pair("ä", "ä"), pair("b", "b")]);
        std::fs::write(&packed, &bytes[..bytes.len() - 6]).unwrap();
        let error = read_parallel(&plain, &packed).unwrap_err().to_string();
        assert!(error.contains("packed"), "{error}");
        assert!(read_parallel(&plain, folder.path().join("none")).is_err());
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_end_and_pairs_hold_no_more_than_them(
            source in prop::collection::vec(any::<u8>(), 0..300),
            target in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let found = read(&source, &target);
            prop_assert!(found.len() <= source.len().max(target.len()) + 1);
            let bytes: usize = found
                .iter()
                .flatten()
                .map(|pair| pair.source.len() + pair.target.len())
                .sum();
            prop_assert!(bytes <= source.len() + target.len());
            if found.iter().all(Result::is_ok) {
                let lines = |bytes: &[u8]| bytes.split_inclusive(|byte| *byte == b'\n').count();
                prop_assert_eq!(lines(&source), found.len());
                prop_assert_eq!(lines(&target), found.len());
            }
        }
    }
}
