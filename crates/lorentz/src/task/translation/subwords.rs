//! From text to tokens and back.

use plm_core::text::{BytePairStyle, BytePairTraining, EncodeOptions, SpecialToken, Tokenizer};

use super::SpecialIds;
use crate::Result;

/// Byte-pair encoding, one vocabulary for both languages.
///
/// Every text is read as if a space stood before it, so that a word is the same token at the start of a
/// sentence and within it.
#[derive(Debug, Clone)]
pub struct Subwords {
    tokenizer: Tokenizer,
    special: SpecialIds,
}

impl Subwords {
    /// Learns at most `vocab_size` tokens, five special ones and the 256 bytes included, from `texts`.
    /// Pairs of pieces are joined from two occurrences on.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where `vocab_size` has no room for special tokens and bytes.
    pub fn train<S>(texts: impl Iterator<Item = S> + Send, vocab_size: usize) -> Result<Self>
    where
        S: AsRef<str> + Send,
    {
        let training = BytePairTraining {
            vocab_size,
            min_frequency: 2,
            style: BytePairStyle::Roberta,
        };
        let tokenizer = training.train(texts.map(|text| format!(" {}", text.as_ref())))?;
        Self::new(tokenizer)
    }

    /// A vocabulary that was learned before.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where it has no token for padding, start or end.
    pub fn new(tokenizer: Tokenizer) -> Result<Self> {
        let id = |role| tokenizer.require(role).map(i64::from);
        let special = SpecialIds {
            pad: id(SpecialToken::Pad)?,
            start: id(SpecialToken::Bos)?,
            end: id(SpecialToken::Eos)?,
        };
        Ok(Self { tokenizer, special })
    }

    /// The vocabulary, for saving.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// The special ids.
    pub fn special(&self) -> SpecialIds {
        self.special
    }

    /// Number of tokens, special ones included.
    pub fn vocabulary(&self) -> usize {
        self.tokenizer.vocabulary_size()
    }

    /// The tokens of `text`, without special ones.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where the text cannot be spelled.
    pub fn encode(&self, text: &str) -> Result<Vec<i64>> {
        let options = EncodeOptions::new().without_special_tokens();
        let encoding = self
            .tokenizer
            .encode(format!(" {text}").as_str(), &options)?;
        Ok(encoding.ids.into_iter().map(i64::from).collect())
    }

    /// The text of `ids` without special tokens and spaces around it.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where an id is not in the vocabulary.
    pub fn decode(&self, ids: &[i64]) -> Result<String> {
        let known = |&id: &i64| {
            u32::try_from(id).map_err(|_| {
                let reason = format!("is {id}, below 0 or beyond every vocabulary");
                plm_core::Error::invalid("token id", reason)
            })
        };
        let ids: Vec<u32> = ids.iter().map(known).collect::<Result<_, _>>()?;
        Ok(self.tokenizer.decode(&ids, true)?.trim().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: [&str; 4] = ["the lamp", "die Lampe", "a lamp, the lamp", "ähnlich"];

    #[test]
    fn texts_come_back_and_words_are_the_same_everywhere() {
        let subwords = Subwords::train(TEXTS.iter(), 300).unwrap();
        assert!(subwords.vocabulary() <= 300);
        for text in TEXTS.iter().chain(&["unseen: ß", ""]) {
            let ids = subwords.encode(text).unwrap();
            assert_eq!(subwords.decode(&ids).unwrap(), *text);
        }
        let lamp = subwords.encode("lamp").unwrap();
        assert!(subwords.encode("the lamp").unwrap().ends_with(&lamp));
        assert_eq!(lamp.len(), 1);
        let SpecialIds { pad, start, end } = subwords.special();
        assert_eq!((start, pad, end), (0, 1, 2));
        let framed = [&[start][..], &lamp, &[end, pad]].concat();
        assert_eq!(subwords.decode(&framed).unwrap(), "lamp");
    }

    #[test]
    fn no_room_and_unknown_ids_are_refused() {
        let error = Subwords::train(TEXTS.iter(), 100).unwrap_err().to_string();
        assert!(error.contains("vocab_size"), "{error}");
        let subwords = Subwords::train(TEXTS.iter(), 300).unwrap();
        for id in [-1, 5000, i64::MAX] {
            assert!(subwords.decode(&[id]).is_err(), "{id}");
        }
    }
}
