//! The tokens of a document, word by word.

use std::ops::Range;

use plm_core::text::SpecialToken;

use super::WordTokenizer;
use crate::data::WordSpan;
use crate::{Error, Result};

/// The tokens of a document without special tokens, and which word each belongs to. In the terms of
/// PL-Marker, words are tokens and the tokens of the vocabulary are sub-words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subwords {
    ids: Vec<u32>,
    token2subword: Vec<usize>,
    subword2token: Vec<usize>,
    sentences: Vec<usize>,
    frame: [u32; 2],
}

impl Subwords {
    /// Tokenizes the words of `sentences` one by one.
    ///
    /// # Errors
    /// [`Error::Core`] for a tokenizer without classification or separator token, and those of the
    /// tokenizer.
    pub fn new<'w, W: AsRef<str> + 'w>(
        sentences: impl IntoIterator<Item = &'w [W]>,
        tokenizer: &impl WordTokenizer,
    ) -> Result<Self> {
        let special = |role: SpecialToken| {
            let missing = || plm_core::Error::tokenizer(format!("it has no {role} token"));
            tokenizer.special(role).ok_or_else(missing)
        };
        let mut subwords = Self {
            ids: Vec::new(),
            token2subword: vec![0],
            subword2token: Vec::new(),
            sentences: vec![0],
            frame: [special(SpecialToken::Cls)?, special(SpecialToken::Sep)?],
        };
        for sentence in sentences {
            for word in sentence {
                subwords.push(&tokenizer.split(word.as_ref())?);
            }
            subwords.sentences.push(subwords.words());
        }
        Ok(subwords)
    }

    fn push(&mut self, pieces: &[u32]) {
        let word = self.words();
        self.ids.extend_from_slice(pieces);
        self.subword2token.resize(self.ids.len(), word);
        self.token2subword.push(self.ids.len());
    }

    /// The sub-words' ids.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// For each word of the document the number of sub-words before it, and at the end the number of
    /// all: word `w` has the sub-words `token2subword[w]..token2subword[w + 1]`.
    pub fn token2subword(&self) -> &[usize] {
        &self.token2subword
    }

    /// For each sub-word the word of the document that it belongs to.
    pub fn subword2token(&self) -> &[usize] {
        &self.subword2token
    }

    /// The ids of the tokens before and after a text: `[CLS]` and `[SEP]`.
    pub fn frame(&self) -> [u32; 2] {
        self.frame
    }

    /// How many words the document has.
    pub fn words(&self) -> usize {
        self.token2subword.len() - 1
    }

    /// How many sentences the document has.
    pub fn sentences(&self) -> usize {
        self.sentences.len() - 1
    }

    /// The words of a sentence, counted through the document.
    ///
    /// # Errors
    /// [`Error::NoSuch`] where there is no such sentence.
    pub fn sentence(&self, sentence: usize) -> Result<Range<usize>> {
        match self
            .sentences
            .get(sentence..)
            .and_then(<[usize]>::first_chunk)
        {
            Some(&[start, end]) => Ok(start..end),
            None => Err(Error::NoSuch {
                what: "sentence",
                index: sentence,
                count: self.sentences(),
            }),
        }
    }

    /// The sub-words of `span` of a sentence, counted through the document; an empty range where its
    /// words have none.
    ///
    /// # Errors
    /// [`Error::NoSuch`] where there is no such sentence, [`Error::Span`] where the span is not in it.
    pub fn of_span(&self, sentence: usize, span: WordSpan) -> Result<Range<usize>> {
        let words = self.sentence(sentence)?;
        if !span.is_within(words.len()) {
            return Err(Error::Span {
                start: span.start,
                end: span.end,
                reason: format!("is no span of sentence {sentence} of {} words", words.len()),
            });
        }
        let start = self.token2subword[words.start + span.start];
        Ok(start..self.token2subword[words.start + span.end + 1])
    }

    /// The words without sub-words, counted through the document.
    pub fn empty_words(&self) -> impl Iterator<Item = usize> {
        let bounds = self.token2subword.windows(2).enumerate();
        bounds
            .filter(|(_, bounds)| bounds[0] == bounds[1])
            .map(|(word, _)| word)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{Toy, span, toy_document, toy_id};

    #[test]
    fn hand_worked_sums() {
        let words = [vec!["ab", "...", "c"], vec![], vec!["def", "."]];
        let subwords = Subwords::new(words.iter().map(Vec::as_slice), &Toy::default()).unwrap();
        let letters: Vec<u32> = "abcdef".chars().map(|c| 5000 + u32::from(c)).collect();
        assert_eq!(subwords.ids(), letters);
        assert_eq!(subwords.token2subword(), [0, 2, 2, 3, 6, 6]);
        assert_eq!(subwords.subword2token(), [0, 0, 2, 3, 3, 3]);
        assert_eq!(subwords.empty_words().collect::<Vec<_>>(), [1, 4]);
        assert_eq!((subwords.words(), subwords.sentences()), (5, 3));
        assert_eq!(subwords.sentence(1).unwrap(), 3..3);
        assert_eq!(subwords.sentence(2).unwrap(), 3..5);
        assert_eq!(subwords.of_span(0, span(1, 2)).unwrap(), 2..3);
        assert_eq!(subwords.of_span(0, span(1, 1)).unwrap(), 2..2);
        assert_eq!(subwords.of_span(2, span(0, 1)).unwrap(), 3..6);
        for (sentence, bad) in [(0, span(2, 3)), (0, span(2, 1)), (1, span(0, 0))] {
            let error = subwords.of_span(sentence, bad).unwrap_err();
            assert!(matches!(error, Error::Span { .. }), "{error}");
        }
        for sentence in [3, usize::MAX] {
            let error = subwords.sentence(sentence).unwrap_err();
            assert!(matches!(error, Error::NoSuch { count: 3, .. }), "{error}");
        }
    }

    proptest! {
        #[test]
        fn every_word_has_its_own_pieces(
            counts in prop::collection::vec(prop::collection::vec(0_u32..4, 0..6), 0..5),
        ) {
            let subwords = toy_document(&counts);
            let flat: Vec<u32> = counts.concat();
            prop_assert_eq!(subwords.words(), flat.len());
            for (word, &count) in flat.iter().enumerate() {
                let own = subwords.token2subword()[word]..subwords.token2subword()[word + 1];
                let wanted: Vec<u32> = (0..count).map(|k| toy_id(word as u32, k)).collect();
                prop_assert_eq!(&subwords.ids()[own.clone()], wanted);
                prop_assert!(own.into_iter().all(|s| subwords.subword2token()[s] == word));
            }
            let empty = flat.iter().filter(|&&count| count == 0).count();
            prop_assert_eq!(subwords.empty_words().count(), empty);
        }
    }
}
