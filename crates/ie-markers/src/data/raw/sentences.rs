//! Sentences of raw text.

use serde::{Deserialize, Serialize};

use super::super::{CharSpan, Document, Sentence};
use super::abbreviations::{Period, period};
use super::words::{Chunk, RawWord, chunk_words, chunks};

/// How text becomes sentences of words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Segmentation {
    /// Sentences end after `.`, `!`, `?` and their kin, and at blank lines; words as
    /// [`split_words`](super::split_words) splits them.
    #[default]
    Rules,
    /// Each line is a sentence; words as [`split_words`](super::split_words) splits them.
    Lines,
    /// Each line is a sentence, and white space stands between its words.
    Tokenized,
}

/// Words that begin a sentence after an abbreviation that may end one.
const OPENERS: [&str; 32] = [
    "A", "After", "All", "Although", "An", "And", "As", "At", "But", "For", "He", "Her", "His",
    "However", "I", "If", "In", "It", "Its", "Mr.", "Mrs.", "No", "On", "She", "So", "That", "The",
    "Their", "These", "They", "This", "We",
];

fn ends_sentence(word: &str) -> bool {
    let mut characters = word.chars();
    characters.all(|c| {
        matches!(
            c,
            '.' | '!' | '?' | '…' | '。' | '！' | '？' | '．' | '।' | '؟'
        )
    }) && !word.is_empty()
}

fn closes(word: &str) -> bool {
    matches!(
        word,
        ")" | "]" | "}" | "\"" | "'" | "''" | "\u{201d}" | "\u{2019}" | "»" | "」" | "』" | "）"
    )
}

/// A word, and what stands before it.
struct Token {
    word: RawWord,
    spaced: bool,
    paragraph: bool,
}

/// The sentences of `text` and their words. There are no empty sentences; no text gives none.
pub fn segment(text: &str, segmentation: Segmentation) -> Vec<Vec<RawWord>> {
    let chunks = chunks(text);
    let tokens = tokens(&chunks, segmentation);
    let mut sentences = Vec::new();
    let mut sentence: Vec<RawWord> = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let splits = token.paragraph
            || segmentation == Segmentation::Rules
                && index > 0
                && is_border(&tokens, index, index - sentence.len());
        if splits && !sentence.is_empty() {
            sentences.push(std::mem::take(&mut sentence));
        }
        sentence.push(token.word.clone());
    }
    if !sentence.is_empty() {
        sentences.push(sentence);
    }
    sentences
}

fn tokens(chunks: &[Chunk<'_>], segmentation: Segmentation) -> Vec<Token> {
    let breaks = match segmentation {
        Segmentation::Rules => 2,
        Segmentation::Lines | Segmentation::Tokenized => 1,
    };
    let mut tokens = Vec::new();
    for (index, chunk) in chunks.iter().enumerate() {
        let next = chunks.get(index + 1).filter(|next| next.breaks < breaks);
        let next = next.and_then(|next| next.text.chars().next());
        let words = match segmentation {
            Segmentation::Tokenized => vec![RawWord {
                text: chunk.text.to_owned(),
                span: CharSpan::new(chunk.start, chunk.start + chunk.text.chars().count()),
            }],
            _ => chunk_words(chunk, next),
        };
        for (at, word) in words.into_iter().enumerate() {
            tokens.push(Token {
                word,
                spaced: at == 0,
                paragraph: at == 0 && chunk.breaks >= breaks,
            });
        }
    }
    tokens
}

/// Whether a sentence begins with token `index`, where the one before began with token `start`.
fn is_border(tokens: &[Token], index: usize, start: usize) -> bool {
    let token = &tokens[index];
    let text = |index: usize| tokens[index].word.text.as_str();
    if !token.spaced && (closes(text(index)) || ends_sentence(text(index))) {
        return false;
    }
    // Brackets and quotes that close right behind the end belong to it.
    let mut last = index - 1;
    while last > start && closes(text(last)) && !tokens[last].spaced {
        last -= 1;
    }
    let end = text(last);
    let wide = end.ends_with(|c: char| !c.is_ascii() && c != '…');
    if !(token.spaced || wide) || text(index).starts_with(char::is_lowercase) {
        return false;
    }
    if ends_sentence(end) {
        // The number of a list's item and its period.
        let number = text(start).chars().all(|c| c.is_ascii_digit());
        return !(end == "." && last == start + 1 && number);
    }
    end.strip_suffix('.')
        .is_some_and(|stem| period(stem) == Period::Outer && OPENERS.contains(&text(index)))
}

impl Document {
    /// The sentences and words of `text`, which it keeps with the words' offsets.
    pub fn from_text(
        id: impl Into<String>,
        text: impl Into<String>,
        segmentation: Segmentation,
    ) -> Self {
        let text = text.into();
        let sentences = segment(&text, segmentation).into_iter().map(|words| {
            let offsets = words.iter().map(|word| word.span).collect();
            Sentence {
                words: words.into_iter().map(|word| word.text).collect(),
                offsets: Some(offsets),
                ..Sentence::default()
            }
        });
        let mut document = Self::new(id, sentences.collect());
        document.text = Some(text);
        document
    }
}
