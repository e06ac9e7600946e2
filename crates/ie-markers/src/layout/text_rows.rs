//! Rows of the models that mark spans in the text itself, or not at all.

use std::borrow::Borrow;

use super::MarkerRow;

/// A row of the relation model: the subject stands between two solid markers, which are ordinary text
/// tokens, and every group holds the start and end marker of one object (PL-Marker, section 3.3).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SubjectRow {
    /// The text, solid markers included, and the objects' markers.
    pub row: MarkerRow,
    /// Indices in the row's tokens of the subject's start and end marker.
    pub subject: [usize; 2],
}

impl Borrow<MarkerRow> for SubjectRow {
    fn borrow(&self) -> &MarkerRow {
        &self.row
    }
}

/// A text and the spans to classify in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct SpanRow {
    /// Vocabulary ids of the text, special tokens included.
    pub tokens: Vec<u32>,
    /// Indices of each span's first and last token.
    pub spans: Vec<[usize; 2]>,
}

/// A text and the words to tag in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct WordRow {
    /// Vocabulary ids of the text, special tokens included.
    pub tokens: Vec<u32>,
    /// Index of each word's first token.
    pub words: Vec<usize>,
}

/// A text with subject and object of one pair between solid markers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct PairRow {
    /// Vocabulary ids of the text, special tokens and the four markers included.
    pub tokens: Vec<u32>,
    /// Index of the subject's start marker.
    pub subject: usize,
    /// Index of the object's start marker.
    pub object: usize,
}

/// A text and pairs of spans in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct TokenPairRow {
    /// Vocabulary ids of the text, special tokens included.
    pub tokens: Vec<u32>,
    /// Indices of the first and last token of each pair's subject and object.
    pub pairs: Vec<[[usize; 2]; 2]>,
}
