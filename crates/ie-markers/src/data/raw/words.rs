//! Words of raw text.

use super::super::CharSpan;
use super::pieces::pieces;

/// A word and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RawWord {
    /// The word, as the text has it.
    pub text: String,
    /// Its characters in the text.
    pub span: CharSpan,
}

/// A stretch of text without white space.
pub(super) struct Chunk<'a> {
    pub(super) text: &'a str,
    /// Number of its first character.
    pub(super) start: usize,
    /// Line breaks before it, since the chunk before.
    pub(super) breaks: usize,
}

/// White space, control characters and what is as wide as nothing by itself.
fn separates(character: char) -> bool {
    character.is_whitespace()
        || character.is_control()
        || matches!(character, '\u{200b}' | '\u{feff}' | '\u{2060}')
}

/// The stretches of `text` between white space.
pub(super) fn chunks(text: &str) -> Vec<Chunk<'_>> {
    let mut result: Vec<Chunk<'_>> = Vec::new();
    let mut open: Option<(usize, usize)> = None;
    let mut breaks = 0;
    let mut close = |open: &mut Option<(usize, usize)>, breaks: &mut usize, end: usize| {
        if let Some((byte, start)) = open.take() {
            result.push(Chunk {
                text: &text[byte..end],
                start,
                breaks: std::mem::take(breaks),
            });
        }
    };
    for (number, (byte, character)) in text.char_indices().enumerate() {
        if separates(character) {
            close(&mut open, &mut breaks, byte);
            breaks += usize::from(matches!(character, '\n' | '\u{2028}'));
            breaks += 2 * usize::from(character == '\u{2029}');
        } else {
            open.get_or_insert((byte, number));
        }
    }
    close(&mut open, &mut breaks, text.len());
    result
}

/// The words of `chunk`; `next` is the first character of the next chunk.
pub(super) fn chunk_words(chunk: &Chunk<'_>, next: Option<char>) -> Vec<RawWord> {
    let mut start = chunk.start;
    let pieces = pieces(chunk.text, next).into_iter();
    pieces
        .map(|range| {
            let text = &chunk.text[range];
            let end = start + text.chars().count();
            let span = CharSpan::new(std::mem::replace(&mut start, end), end);
            let text = text.to_owned();
            RawWord { text, span }
        })
        .collect()
}

/// The words of `text`, close to those of the Penn Treebank: punctuation, brackets and quotes are
/// words of their own, `don't` is `do` and `n't`; numbers, abbreviations, hyphenated words and
/// addresses stay whole; each ideograph is a word. Other borders are Unicode's (Annex 29).
///
/// Every character that is not white space is in exactly one word.
pub fn split_words(text: &str) -> Vec<RawWord> {
    let chunks = chunks(text);
    let nexts = chunks.iter().skip(1).map(|chunk| chunk.text.chars().next());
    let pairs = chunks.iter().zip(nexts.chain([None]));
    pairs
        .flat_map(|(chunk, next)| chunk_words(chunk, next))
        .collect()
}
