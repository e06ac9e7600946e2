//! Tokenizers of single words.

use std::borrow::Cow;

use plm_core::text::{EncodeOptions, SpecialToken, Tokenizer};
use serde::{Deserialize, Serialize};

use super::has_leading_space;
use crate::data::restore_bracket;
use crate::{Error, Result};

/// What the making of windows and markers asks a tokenizer.
pub trait WordTokenizer {
    /// The ids of the tokens of `word`, without special tokens. May be none.
    ///
    /// # Errors
    /// Those of the tokenizer.
    fn split(&self, word: &str) -> Result<Vec<u32>>;

    /// The id of the token that plays `role`, if there is one.
    fn special(&self, role: SpecialToken) -> Option<u32>;

    /// The id of `token`, if the vocabulary has it.
    fn token_id(&self, token: &str) -> Option<u32>;
}

/// What becomes of words of which a tokenizer makes nothing, such as a lone U+2063.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmptyWords {
    /// They stay without tokens; spans of such words alone cannot be marked, and
    /// [`Subwords::empty_words`](super::Subwords::empty_words) names them.
    #[default]
    Flag,
    /// They become the unknown token.
    Unknown,
}

/// A [`Tokenizer`] for single words.
///
/// A byte-level vocabulary (RoBERTa) gets a space before every word that [`has_leading_space`] says. The
/// Penn Treebank's names of brackets are read as brackets ([`restore_bracket`]), as PL-Marker and PURE do;
/// the documents keep them.
#[derive(Debug, Clone)]
pub struct WordSplitter<'t> {
    tokenizer: &'t Tokenizer,
    spaces: bool,
    empty: Option<u32>,
}

impl<'t> WordSplitter<'t> {
    /// Splits words by `tokenizer`. Whether words need spaces is found by a trial.
    ///
    /// # Errors
    /// [`Error::Core`] for a byte-level tokenizer that itself puts a space before every text, for one
    /// without unknown token where `empty` asks for it, and where the trial fails.
    pub fn new(tokenizer: &'t Tokenizer, empty: EmptyWords) -> Result<Self> {
        let empty = match empty {
            EmptyWords::Flag => None,
            EmptyWords::Unknown => Some(tokenizer.require(SpecialToken::Unk)?),
        };
        let bare = encode(tokenizer, "a")?;
        let spaced = encode(tokenizer, " a")?;
        let begins_with_space = |ids: &[u32]| {
            let first = ids.first().and_then(|&id| tokenizer.id_to_token(id));
            first.is_some_and(|token| token.starts_with('Ġ'))
        };
        if begins_with_space(&bare) {
            return Err(Error::Core(plm_core::Error::tokenizer(
                "it puts a space before every text, also before punctuation; load it without \
                 `add_prefix_space`",
            )));
        }
        Ok(Self {
            tokenizer,
            spaces: begins_with_space(&spaced),
            empty,
        })
    }
}

fn encode(tokenizer: &Tokenizer, text: &str) -> Result<Vec<u32>> {
    let options = EncodeOptions::new().without_special_tokens();
    Ok(tokenizer.encode(text, &options)?.ids)
}

impl WordTokenizer for WordSplitter<'_> {
    fn split(&self, word: &str) -> Result<Vec<u32>> {
        let word = restore_bracket(word);
        let text = if self.spaces && has_leading_space(word) {
            Cow::Owned(format!(" {word}"))
        } else {
            Cow::Borrowed(word)
        };
        let mut ids = encode(self.tokenizer, &text)?;
        if ids.is_empty() {
            ids.extend(self.empty);
        }
        Ok(ids)
    }

    fn special(&self, role: SpecialToken) -> Option<u32> {
        self.tokenizer.special(role)
    }

    fn token_id(&self, token: &str) -> Option<u32> {
        self.tokenizer.token_to_id(token)
    }
}

#[cfg(test)]
mod tests {
    use plm_core::text::{BytePairStyle, BytePairTraining, WordPieceTraining};

    use super::*;

    fn byte_level() -> Tokenizer {
        let training = BytePairTraining {
            vocab_size: 300,
            min_frequency: 2,
            style: BytePairStyle::Roberta,
        };
        let texts = ["the cat and the dog's and the cat , the dog . the"; 4];
        training.train(texts.iter()).unwrap()
    }

    fn word_piece() -> Tokenizer {
        let training = WordPieceTraining {
            vocab_size: 60,
            min_frequency: 1,
            unused: 2,
            ..WordPieceTraining::default()
        };
        training.train(["the cat and the dog"].iter()).unwrap()
    }

    #[test]
    fn byte_level_words_are_those_of_the_text() {
        let tokenizer = byte_level();
        let splitter = WordSplitter::new(&tokenizer, EmptyWords::Flag).unwrap();
        let words = ["the", "cat", "'s", "and", "dog", ",", "the", "."];
        let ids: Vec<u32> = words
            .iter()
            .flat_map(|word| splitter.split(word).unwrap())
            .collect();
        let options = EncodeOptions::new().without_special_tokens();
        let text = tokenizer.encode(" the cat's and dog, the.", &options);
        assert_eq!(ids, text.unwrap().ids);
    }

    #[test]
    fn names_of_brackets_are_brackets() {
        for tokenizer in [byte_level(), word_piece()] {
            let splitter = WordSplitter::new(&tokenizer, EmptyWords::Flag).unwrap();
            let split = |word| splitter.split(word).unwrap();
            assert_eq!(split("(").len(), 1);
            assert_eq!(split("-LRB-"), split("("));
            assert_eq!(split("-RCB-"), split("}"));
            assert_ne!(split("-LRB-x"), split("("));
        }
    }

    #[test]
    fn a_space_before_every_text_is_refused() {
        let tokenizer = byte_level().with_prefix_space().unwrap();
        let error = WordSplitter::new(&tokenizer, EmptyWords::Flag).unwrap_err();
        assert!(error.to_string().contains("add_prefix_space"), "{error}");
    }

    #[test]
    fn word_piece_needs_no_space_and_makes_nothing_of_invisible_words() {
        let tokenizer = word_piece();
        let splitter = WordSplitter::new(&tokenizer, EmptyWords::Flag).unwrap();
        assert!(!splitter.spaces);
        let options = EncodeOptions::new().without_special_tokens();
        let ids = splitter.split("The").unwrap();
        assert_eq!(ids, tokenizer.encode("the", &options).unwrap().ids);
        assert!(splitter.split("\u{2063}").unwrap().is_empty());
        let splitter = WordSplitter::new(&tokenizer, EmptyWords::Unknown).unwrap();
        let unknown = tokenizer.require(SpecialToken::Unk).unwrap();
        assert_eq!(splitter.split("\u{2063}").unwrap(), [unknown]);
        assert_eq!(
            splitter.token_id("[MASK]"),
            splitter.special(SpecialToken::Mask)
        );
    }
}
