//! From text with character offsets to sentences of tokens.

use serde::{Deserialize, Serialize};

use super::document::{EventSentence, TokenSpan};
use super::report::Loss;
use super::sentence_end::ends_sentence;

/// What a token is. Tokens are cut further where an annotated span begins or ends within one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tokenization {
    /// What stands between white space: for text that was tokenized.
    #[default]
    Whitespace,
    /// A run of letters and digits, or one other character.
    Words,
    /// One character: for Chinese and Japanese.
    Characters,
}

/// What a sentence is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SentenceSplit {
    /// The whole text.
    #[default]
    Whole,
    /// A line.
    Lines,
    /// A line, or less: up to a full stop, question or exclamation mark that is not part of an
    /// abbreviation.
    Marks,
}

/// How text becomes sentences of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct TextLayout {
    /// What a token is.
    pub tokens: Tokenization,
    /// What a sentence is.
    pub sentences: SentenceSplit,
}

impl TextLayout {
    /// Such tokens and sentences.
    pub fn new(tokens: Tokenization, sentences: SentenceSplit) -> Self {
        Self { tokens, sentences }
    }
}

/// A text in sentences, which finds spans by their characters.
pub(super) struct Segmented {
    text: Vec<char>,
    /// First character, character after the last, sentence, token in the sentence.
    tokens: Vec<(usize, usize, usize, usize)>,
    pub(super) sentences: Vec<EventSentence>,
    /// How many tokens were cut at a span's border.
    pub(super) cuts: usize,
}

impl Segmented {
    /// `text` in sentences of tokens, cut at the borders of `spans`, which are in characters.
    pub(super) fn new(
        text: &str,
        layout: TextLayout,
        spans: impl IntoIterator<Item = (usize, usize)>,
    ) -> Self {
        let text: Vec<char> = text.chars().collect();
        let mut borders: Vec<usize> = spans
            .into_iter()
            .filter(|&(start, end)| start < end && end <= text.len())
            .flat_map(|(start, end)| [start, end])
            .collect();
        borders.sort_unstable();
        borders.dedup();
        let mut segmented = Self {
            text,
            tokens: Vec::new(),
            sentences: Vec::new(),
            cuts: 0,
        };
        let ranges = segmented.cut(layout.tokens, &borders);
        segmented.gather(&ranges, layout.sentences);
        segmented
    }

    /// The ranges of the tokens.
    fn cut(&mut self, tokens: Tokenization, borders: &[usize]) -> Vec<(usize, usize)> {
        let joins = |left: char, right: char| match tokens {
            Tokenization::Whitespace => true,
            Tokenization::Words => left.is_alphanumeric() && right.is_alphanumeric(),
            Tokenization::Characters => false,
        };
        let mut borders = borders.iter().peekable();
        let mut ranges: Vec<(usize, usize)> = Vec::new();
        for (at, &character) in self.text.iter().enumerate() {
            let border = borders.next_if(|&&border| border <= at).is_some();
            if character.is_whitespace() {
                continue;
            }
            match ranges.last_mut() {
                Some(last) if last.1 == at && joins(self.text[at - 1], character) => {
                    if border {
                        self.cuts += 1;
                        ranges.push((at, at + 1));
                    } else {
                        last.1 = at + 1;
                    }
                }
                _ => ranges.push((at, at + 1)),
            }
        }
        ranges
    }

    fn gather(&mut self, ranges: &[(usize, usize)], split: SentenceSplit) {
        let mut previous = None;
        for &(start, end) in ranges {
            let fresh = match (previous, split) {
                (None, _) => true,
                (Some(_), SentenceSplit::Whole) => false,
                (Some(last), _) if self.text[last..start].contains(&'\n') => true,
                (Some(_), SentenceSplit::Lines) => false,
                (Some(last), SentenceSplit::Marks) => ends_sentence(&self.text, last, start),
            };
            if fresh {
                self.sentences.push(EventSentence::default());
            }
            let number = self.sentences.len() - 1;
            let sentence = &mut self.sentences[number];
            self.tokens
                .push((start, end, number, sentence.tokens.len()));
            sentence.tokens.push(self.text[start..end].iter().collect());
            sentence
                .characters
                .get_or_insert_default()
                .push((start, end));
            previous = Some(end);
        }
        for sentence in &mut self.sentences {
            if let Some([(start, _), .., (_, end)] | [(start, end)]) =
                sentence.characters.as_deref()
            {
                sentence.text = Some(self.text[*start..*end].iter().collect());
            }
        }
    }

    /// The tokens of characters `start..end`; white space at the ends does not count.
    pub(super) fn span(&self, start: usize, end: usize) -> Result<TokenSpan, Loss> {
        if start >= end || end > self.text.len() {
            return Err(Loss::UnalignedSpan);
        }
        let first = self.tokens.partition_point(|token| token.1 <= start);
        let after = self.tokens.partition_point(|token| token.0 < end);
        if first >= after {
            return Err(Loss::UnalignedSpan);
        }
        let (first, last) = (self.tokens[first], self.tokens[after - 1]);
        if first.2 != last.2 {
            return Err(Loss::CrossSentenceSpan);
        }
        Ok(TokenSpan::new(first.2, first.3, last.3 + 1))
    }

    /// Whether characters `start..end` are `text`, white space aside.
    pub(super) fn reads(&self, start: usize, end: usize, text: &str) -> bool {
        let visible = |c: &char| !c.is_whitespace();
        self.text.get(start..end).is_some_and(|found| {
            found
                .iter()
                .copied()
                .filter(visible)
                .eq(text.chars().filter(visible))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(segmented: &Segmented) -> Vec<String> {
        segmented
            .sentences
            .iter()
            .map(|s| s.tokens.join("|"))
            .collect()
    }

    #[test]
    fn tokens_sentences_and_cuts() {
        let text = "Smad1/5/8 was  up. It fell.\nThen";
        let make = |tokens, sentences| {
            Segmented::new(text, TextLayout::new(tokens, sentences), [(0, 5), (6, 7)])
        };
        let words = make(Tokenization::Words, SentenceSplit::Marks);
        assert_eq!(
            tokens(&words),
            ["Smad1|/|5|/|8|was|up|.", "It|fell|.", "Then"]
        );
        assert_eq!(words.cuts, 0);
        assert_eq!(words.sentences[1].text.as_deref(), Some("It fell."));
        assert_eq!(
            words.sentences[1].characters.as_deref(),
            Some(&[(19, 21), (22, 26), (26, 27)][..])
        );
        let white = make(Tokenization::Whitespace, SentenceSplit::Lines);
        assert_eq!(tokens(&white), ["Smad1|/|5|/8|was|up.|It|fell.", "Then"]);
        assert_eq!(white.cuts, 3);
        let single = make(Tokenization::Characters, SentenceSplit::Whole);
        assert_eq!(single.sentences.len(), 1);
        assert_eq!(single.sentences[0].tokens.len(), 26);
    }

    #[test]
    fn spans_find_their_tokens() {
        let layout = TextLayout::new(Tokenization::Whitespace, SentenceSplit::Marks);
        let text = "é went . He came .";
        let segmented = Segmented::new(text, layout, [(2, 6), (9, 11)]);
        assert_eq!(segmented.span(2, 6), Ok(TokenSpan::new(0, 1, 2)));
        assert_eq!(segmented.span(1, 9), Ok(TokenSpan::new(0, 1, 3)));
        assert_eq!(segmented.span(9, 11), Ok(TokenSpan::new(1, 0, 1)));
        assert_eq!(segmented.span(2, 11), Err(Loss::CrossSentenceSpan));
        assert_eq!(segmented.span(1, 2), Err(Loss::UnalignedSpan));
        assert_eq!(segmented.span(3, 3), Err(Loss::UnalignedSpan));
        assert_eq!(segmented.span(2, 99), Err(Loss::UnalignedSpan));
        assert!(segmented.reads(2, 6, "we nt"));
        assert!(!segmented.reads(2, 6, "want"));
    }
}
