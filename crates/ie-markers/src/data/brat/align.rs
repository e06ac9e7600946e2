//! From characters to words.

use serde::{Deserialize, Serialize};

use super::super::{CharSpan, Document, WordSpan};

/// What happens to an annotation that begins or ends within a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alignment {
    /// It is left out and reported.
    #[default]
    Exact,
    /// It is widened to whole words and reported.
    Widen,
}

/// The words of a document by their characters.
pub(super) struct WordIndex {
    /// Characters, sentence and place in the sentence of each word, in order of the text.
    words: Vec<(CharSpan, usize, usize)>,
}

/// The words that an annotation covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Covered {
    /// Sentence and place of the first word.
    pub(super) first: (usize, usize),
    /// Sentence and place of the last word.
    pub(super) last: (usize, usize),
    /// Whether it begins and ends with them.
    pub(super) exact: bool,
}

impl Covered {
    /// The sentence and span, where it is in one sentence.
    pub(super) fn within(self) -> Option<(usize, WordSpan)> {
        let (sentence, start) = self.first;
        let (last, end) = self.last;
        (sentence == last).then_some((sentence, WordSpan { start, end }))
    }
}

impl WordIndex {
    pub(super) fn new(document: &Document) -> Self {
        let sentences = document.sentences.iter().enumerate();
        let words = sentences.flat_map(|(number, sentence)| {
            let offsets = sentence.offsets.iter().flatten().enumerate();
            offsets.map(move |(place, &offset)| (offset, number, place))
        });
        Self {
            words: words.collect(),
        }
    }

    /// The words that share a character with `span`; none where there is no such word.
    pub(super) fn covered(&self, span: CharSpan) -> Option<Covered> {
        let first = self
            .words
            .partition_point(|(word, ..)| word.end <= span.start);
        let after = self
            .words
            .partition_point(|(word, ..)| word.start < span.end);
        let words = self.words.get(first..after)?;
        let (&(begin, sentence, place), &(end, last, last_place)) = (words.first()?, words.last()?);
        Some(Covered {
            first: (sentence, place),
            last: (last, last_place),
            exact: begin.start == span.start && end.end == span.end,
        })
    }
}
