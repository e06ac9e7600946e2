//! Spans of words and of characters.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Words `start` to `end` of a sentence, both included, counted from 0. Written as `[start, end]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "(usize, usize)", into = "(usize, usize)")]
pub struct WordSpan {
    /// Its first word.
    pub start: usize,
    /// Its last word.
    pub end: usize,
}

impl WordSpan {
    /// Words `start` to `end`, both included.
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// How many words it covers; 0 where it ends before it starts.
    pub fn width(self) -> usize {
        self.end.saturating_add(1).saturating_sub(self.start)
    }

    /// Whether the two share a word.
    pub fn overlaps(self, other: Self) -> bool {
        self.start <= other.end && other.start <= self.end
    }

    /// Whether it is a span of a sentence of `words` words.
    pub fn is_within(self, words: usize) -> bool {
        self.start <= self.end && self.end < words
    }
}

impl From<(usize, usize)> for WordSpan {
    fn from((start, end): (usize, usize)) -> Self {
        Self { start, end }
    }
}

impl From<WordSpan> for (usize, usize) {
    fn from(span: WordSpan) -> Self {
        (span.start, span.end)
    }
}

impl fmt::Display for WordSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}, {}]", self.start, self.end)
    }
}

/// Characters `start..end` of a text: Unicode scalar values, counted from 0, the end excluded, as in
/// brat's files and Python's strings. Written as `[start, end]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "(usize, usize)", into = "(usize, usize)")]
pub struct CharSpan {
    /// Its first character.
    pub start: usize,
    /// The character after its last.
    pub end: usize,
}

impl CharSpan {
    /// Characters `start..end`.
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// Its part of `text`; none where it reaches beyond the end or ends before it starts.
    pub fn of(self, text: &str) -> Option<&str> {
        let bytes = |at: usize| {
            let ends = text.char_indices().map(|(byte, _)| byte);
            ends.chain([text.len()]).nth(at)
        };
        text.get(bytes(self.start)?..bytes(self.end)?)
    }
}

/// A text in which characters are found without counting them anew.
#[derive(Debug, Clone)]
pub(crate) struct CharIndex<'t> {
    text: &'t str,
    /// The byte at which each character begins, and the end of the text.
    bytes: Vec<usize>,
}

impl<'t> CharIndex<'t> {
    /// Counts the characters of `text`, once.
    pub(crate) fn new(text: &'t str) -> Self {
        let starts = text.char_indices().map(|(byte, _)| byte);
        Self {
            text,
            bytes: starts.chain([text.len()]).collect(),
        }
    }

    /// [`CharSpan::of`] the text.
    pub(crate) fn part(&self, span: CharSpan) -> Option<&'t str> {
        let (start, end) = (self.bytes.get(span.start)?, self.bytes.get(span.end)?);
        self.text.get(*start..*end)
    }
}

impl From<(usize, usize)> for CharSpan {
    fn from((start, end): (usize, usize)) -> Self {
        Self { start, end }
    }
}

impl From<CharSpan> for (usize, usize) {
    fn from(span: CharSpan) -> Self {
        (span.start, span.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_count() {
        let span = WordSpan::new(2, 4);
        assert_eq!((span.width(), WordSpan::new(4, 2).width()), (3, 0));
        assert!(span.overlaps(WordSpan::new(4, 9)) && span.overlaps(WordSpan::new(0, 2)));
        assert!(!span.overlaps(WordSpan::new(5, 9)) && !span.overlaps(WordSpan::new(0, 1)));
        assert!(span.is_within(5) && !span.is_within(4) && !WordSpan::new(3, 2).is_within(9));
        assert_eq!(serde_json::to_string(&span).unwrap(), "[2,4]");
    }

    #[test]
    fn characters_are_scalar_values() {
        let text = "né 日本";
        assert_eq!(CharSpan::new(0, 2).of(text), Some("né"));
        assert_eq!(CharSpan::new(3, 5).of(text), Some("日本"));
        assert_eq!(CharSpan::new(5, 5).of(text), Some(""));
        assert_eq!(CharSpan::new(4, 6).of(text), None);
        assert_eq!(CharSpan::new(2, 1).of(text), None);
    }

    #[test]
    fn an_index_finds_what_counting_finds() {
        for text in ["", "a", "né 日本", "🙂\u{301}x"] {
            let index = CharIndex::new(text);
            for start in 0..8 {
                for end in 0..8 {
                    let span = CharSpan::new(start, end);
                    assert_eq!(index.part(span), span.of(text), "{text:?} {start} {end}");
                }
            }
        }
        let index = CharIndex::new("né 日本");
        assert_eq!(index.part(CharSpan::new(1, 4)), Some("é 日"));
    }
}
