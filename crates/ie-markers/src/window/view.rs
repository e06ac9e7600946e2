//! One window.

use std::ops::Range;

use crate::data::WordSpan;

/// A text that goes through the encoder: words of one sentence, and what stands around them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// The sentence, counted through the document from 0.
    pub sentence: usize,
    /// Vocabulary ids, the tokens before and after the text (`[CLS]`, `[SEP]`) included.
    pub tokens: Vec<u32>,
    /// The sub-word of the document that stands at index 1 of the tokens.
    pub offset: usize,
    /// Index in the tokens of the first sub-word of `words`.
    pub sentence_start: usize,
    /// The words of the sentence that can be marked; whole words only.
    pub words: Range<usize>,
    /// Tokens that can still be put in.
    pub room: usize,
    /// Index in the tokens of each word's first sub-word, and the index after the last word.
    pub(super) word_starts: Vec<usize>,
}

impl Window {
    /// Whether all words of `span` can be marked.
    pub fn holds(&self, span: WordSpan) -> bool {
        span.start <= span.end && self.words.start <= span.start && span.end < self.words.end
    }

    /// Indices in the tokens of the first and last token of `span`; none where the window does not
    /// hold it or its words have no tokens.
    pub fn token_span(&self, span: WordSpan) -> Option<[usize; 2]> {
        if !self.holds(span) {
            return None;
        }
        let start = self.word_starts[span.start - self.words.start];
        let end = self.word_starts[span.end + 1 - self.words.start];
        (start < end).then(|| [start, end - 1])
    }

    /// Whether the window holds `span` and its first and last word have tokens.
    pub fn has_token_ends(&self, span: WordSpan) -> bool {
        let has_tokens = |word| self.token_span(WordSpan::new(word, word)).is_some();
        self.holds(span) && has_tokens(span.start) && has_tokens(span.end)
    }

    /// Text tokens to the left and right of `span`, the framing tokens not counted; none where the
    /// window does not hold it.
    pub fn context_of(&self, span: WordSpan) -> Option<[usize; 2]> {
        if !self.holds(span) {
            return None;
        }
        let start = self.word_starts[span.start - self.words.start];
        let end = self.word_starts[span.end + 1 - self.words.start];
        Some([start - 1, self.tokens.len() - 1 - end])
    }
}
