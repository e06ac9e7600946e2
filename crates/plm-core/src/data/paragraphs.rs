use std::io::BufRead;

use super::Lines;
use crate::{Error, Result};

/// The paragraphs of a plain text: runs of lines between blank ones, joined by single spaces.
///
/// With [`Paragraphs::packed`], neighboring paragraphs are joined until a piece is longer than a
/// given number of characters: pieces of even size for pre-training.
#[derive(Debug)]
pub struct Paragraphs<R> {
    lines: Lines<R>,
    min_chars: usize,
    pack: usize,
    limit: usize,
    failed: Option<Error>,
}

impl<R: BufRead> Paragraphs<R> {
    /// The paragraphs in `lines`.
    pub fn new(lines: Lines<R>) -> Self {
        Self {
            lines,
            min_chars: 1,
            pack: 0,
            limit: super::lines::LINE_LIMIT,
            failed: None,
        }
    }

    /// Without paragraphs of fewer than `min_chars` characters.
    #[must_use]
    pub fn with_min_chars(mut self, min_chars: usize) -> Self {
        self.min_chars = min_chars.max(1);
        self
    }

    /// Joined until a piece has more than `chars` characters.
    #[must_use]
    pub fn packed(mut self, chars: usize) -> Self {
        self.pack = chars;
        self
    }

    /// With pieces of at most `bytes` bytes (64 MiB unless told); longer ones are errors.
    #[must_use]
    pub fn with_limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// The next paragraph; empty where it was too short.
    fn paragraph(&mut self) -> Option<Result<String>> {
        let mut text = String::new();
        let mut started = false;
        for line in &mut self.lines {
            let line = match line {
                Ok(line) => line,
                Err(error) => return Some(Err(error)),
            };
            let mut words = line.text.split_whitespace().peekable();
            if words.peek().is_none() {
                if started {
                    break;
                }
                continue;
            }
            started = true;
            for word in words {
                if !text.is_empty() {
                    text.push(' ');
                }
                text.push_str(word);
            }
            if text.len() > self.limit {
                let reason = format!("a paragraph of more than {} bytes", self.limit);
                return Some(Err(self.lines.error(line.number, reason)));
            }
        }
        if !started {
            return None;
        }
        if text.chars().count() < self.min_chars {
            text.clear();
        }
        Some(Ok(text))
    }
}

impl<R: BufRead> Iterator for Paragraphs<R> {
    type Item = Result<String>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(error) = self.failed.take() {
            return Some(Err(error));
        }
        let mut piece = String::new();
        let mut chars = 0;
        while let Some(paragraph) = self.paragraph() {
            match paragraph {
                Ok(text) if text.is_empty() => {}
                Ok(text) => {
                    if !piece.is_empty() {
                        piece.push(' ');
                        chars += 1;
                    }
                    chars += text.chars().count();
                    piece.push_str(&text);
                    if chars > self.pack || piece.len() > self.limit {
                        return Some(Ok(piece));
                    }
                }
                // What was read before the bad line is not lost.
                Err(error) if piece.is_empty() => return Some(Err(error)),
                Err(error) => {
                    self.failed = Some(error);
                    return Some(Ok(piece));
                }
            }
        }
        (!piece.is_empty()).then_some(Ok(piece))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Paragraphs<&[u8]> {
        Paragraphs::new(Lines::new(text, "book.txt"))
    }

    #[test]
    fn lines_join_and_blanks_part() {
        let text = b"\n one\ttwo \r\nthree\n \t\n\n4\n\nfive six\n";
        let all: Vec<_> = read(text).map(Result::unwrap).collect();
        assert_eq!(all, ["one two three", "4", "five six"]);
        let long: Vec<_> = read(text).with_min_chars(2).map(Result::unwrap).collect();
        assert_eq!(long, ["one two three", "five six"]);
        assert_eq!(read(b" \n\n").count(), 0);
    }

    #[test]
    fn packing_stops_beyond_the_size() {
        let text = "ab\n\n".repeat(5);
        let pieces: Vec<_> = read(text.as_bytes())
            .packed(4)
            .map(Result::unwrap)
            .collect();
        assert_eq!(pieces, ["ab ab", "ab ab", "ab"]);
        let pieces: Vec<_> = read(text.as_bytes())
            .packed(5)
            .map(Result::unwrap)
            .collect();
        assert_eq!(pieces, ["ab ab ab", "ab ab"]);
    }

    #[test]
    fn a_bad_line_does_not_swallow_its_neighbors() {
        let found: Vec<_> = read(b"one\n\nt\xffo\nthree\n").packed(100).collect();
        assert_eq!(found[0].as_ref().unwrap(), "one");
        let error = found[1].as_ref().unwrap_err().to_string();
        assert!(error.starts_with("book.txt:3: not UTF-8"), "{error}");
        assert_eq!(found[2].as_ref().unwrap(), "three");
        let long = read(b"aaaa\nbbbb\ncccc\n").with_limit(8).next().unwrap();
        assert!(long.unwrap_err().to_string().contains("more than 8 bytes"));
    }
}
