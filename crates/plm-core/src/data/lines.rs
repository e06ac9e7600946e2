use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// The character encoding of a text file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum TextEncoding {
    /// UTF-8; other bytes are errors. A byte-order mark at the start is dropped.
    #[default]
    Utf8,
    /// ISO 8859-1: every byte is the character of that number.
    Latin1,
}

impl TextEncoding {
    /// The text of `bytes`, or what is wrong with them.
    pub(super) fn decode(self, bytes: &[u8]) -> Result<String, String> {
        match self {
            Self::Utf8 => match std::str::from_utf8(bytes) {
                Ok(text) => Ok(text.to_owned()),
                Err(error) => {
                    let at = error.valid_up_to();
                    Err(format!(
                        "not UTF-8: byte 0x{:02x} at column {}",
                        bytes[at],
                        at + 1
                    ))
                }
            },
            Self::Latin1 => Ok(bytes.iter().map(|&byte| char::from(byte)).collect()),
        }
    }
}

/// Opens `path` for one of the readers.
///
/// # Errors
/// [`Error::Io`] where it cannot be opened.
pub fn open(path: impl AsRef<Path>) -> Result<BufReader<File>> {
    let path = path.as_ref();
    File::open(path)
        .map(BufReader::new)
        .map_err(|e| Error::io(path, e))
}

/// The longest line that is read unless told otherwise: 64 MiB.
pub(super) const LINE_LIMIT: usize = 64 << 20;

/// A line of text without its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number, from 1.
    pub number: usize,
    /// Its text, without `\n` or `\r\n`.
    pub text: String,
}

/// The lines of a text, decoded and numbered.
///
/// Only `\n` and `\r\n` end lines; other line separators of Unicode stay in the text.
#[derive(Debug)]
pub struct Lines<R> {
    reader: R,
    origin: PathBuf,
    encoding: TextEncoding,
    limit: usize,
    number: usize,
    buffer: Vec<u8>,
    ending: &'static str,
    done: bool,
}

impl<R: BufRead> Lines<R> {
    /// The lines of `reader`, which errors call `origin`.
    pub fn new(reader: R, origin: impl AsRef<Path>) -> Self {
        Self {
            reader,
            origin: origin.as_ref().to_path_buf(),
            encoding: TextEncoding::default(),
            limit: LINE_LIMIT,
            number: 0,
            buffer: Vec::new(),
            ending: "",
            done: false,
        }
    }

    /// In another encoding.
    #[must_use]
    pub fn with_encoding(mut self, encoding: TextEncoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// With lines of at most `bytes` bytes (64 MiB unless told). A longer one is an error and ends
    /// the reading.
    #[must_use]
    pub fn with_limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// What errors call the input.
    pub fn origin(&self) -> &Path {
        &self.origin
    }

    /// What ended the last line: `\r\n`, `\n`, or nothing at the end of the input.
    pub(super) fn ending(&self) -> &'static str {
        self.ending
    }

    /// An error at line `number`.
    pub(super) fn error(&self, number: usize, reason: impl Into<String>) -> Error {
        Error::line(&self.origin, number, reason)
    }

    /// Reads the next line's bytes into the buffer; false at the end.
    fn fill(&mut self) -> Result<bool> {
        self.buffer.clear();
        // One byte for the line's end and one to see that there is too much.
        let room = (self.limit as u64).saturating_add(2);
        let read = (&mut self.reader)
            .take(room)
            .read_until(b'\n', &mut self.buffer)
            .map_err(|e| Error::io(&self.origin, e))?;
        if read == 0 {
            return Ok(false);
        }
        self.number += 1;
        self.ending = ["\r\n", "\n", ""]
            .into_iter()
            .find(|end| self.buffer.ends_with(end.as_bytes()))
            .unwrap_or("");
        self.buffer.truncate(self.buffer.len() - self.ending.len());
        if self.buffer.len() > self.limit {
            return Err(self.error(
                self.number,
                format!("longer than {} bytes, the limit for a line", self.limit),
            ));
        }
        Ok(true)
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = Result<Line>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        match self.fill() {
            Ok(true) => {}
            Ok(false) => {
                self.done = true;
                return None;
            }
            Err(error) => {
                self.done = true;
                return Some(Err(error));
            }
        }
        let mut bytes = self.buffer.as_slice();
        if self.number == 1 && self.encoding == TextEncoding::Utf8 {
            bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        }
        Some(match self.encoding.decode(bytes) {
            Ok(text) => Ok(Line {
                number: self.number,
                text,
            }),
            Err(reason) => Err(self.error(self.number, reason)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(bytes: &[u8]) -> Vec<String> {
        Lines::new(bytes, "t")
            .map(|line| line.unwrap().text)
            .collect()
    }

    #[test]
    fn ends_marks_and_separators() {
        assert_eq!(texts(b"a\r\nb\n\nc"), ["a", "b", "", "c"]);
        assert_eq!(texts(b"\xef\xbb\xbfa\n"), ["a"]);
        assert_eq!(texts("a\u{2028}b\u{85}c\rd\n".as_bytes()).len(), 1);
        assert!(texts(b"").is_empty());
    }

    #[test]
    fn bad_bytes_name_line_and_column_and_reading_goes_on() {
        let found: Vec<_> = Lines::new(&b"ok\nab\xffc\nend"[..], "f.txt").collect();
        let error = found[1].as_ref().unwrap_err().to_string();
        assert_eq!(error, "f.txt:2: not UTF-8: byte 0xff at column 3");
        assert_eq!(found[2].as_ref().unwrap().text, "end");
        let latin = Lines::new(&b"caf\xe9\n"[..], "f").with_encoding(TextEncoding::Latin1);
        assert_eq!(latin.map(|l| l.unwrap().text).collect::<Vec<_>>(), ["café"]);
    }

    #[test]
    fn long_lines_end_the_reading() {
        let read = |limit| Lines::new(&b"1234\r\n12345\n1\n"[..], "f").with_limit(limit);
        assert_eq!(read(5).filter(Result::is_ok).count(), 3);
        let found: Vec<_> = read(4).collect();
        assert_eq!(found.len(), 2);
        let error = found[1].as_ref().unwrap_err().to_string();
        assert!(error.starts_with("f:2: longer than 4 bytes"), "{error}");
    }

    #[test]
    fn there_may_be_no_limit() {
        let lines = Lines::new(&b"12\n3\n"[..], "f").with_limit(usize::MAX);
        let found: Vec<_> = lines.map(|line| line.unwrap().text).collect();
        assert_eq!(found, ["12", "3"]);
    }
}
