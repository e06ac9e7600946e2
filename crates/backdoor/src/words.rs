//! Words and sentences as the attacks count them.
//!
//! Published attacks split a text on one space, not with a tokenizer, and into sentences on one
//! full stop. Both ways the pieces may be empty, a text always has at least one, and joining them
//! gives the text back.

use crate::{Error, Result};

/// What a text is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// What stands between single spaces.
    Word,
    /// What stands between full stops.
    Sentence,
}

impl Unit {
    /// The character between two pieces.
    pub fn separator(self) -> char {
        match self {
            Self::Word => ' ',
            Self::Sentence => '.',
        }
    }

    /// The pieces of `text`: at least one.
    pub fn split(self, text: &str) -> std::str::Split<'_, char> {
        text.split(self.separator())
    }

    /// How many pieces `text` has: at least one.
    pub fn count(self, text: &str) -> usize {
        self.split(text).count()
    }

    /// `text` with `piece` before its piece `at`, or after its last where `at` is their number.
    ///
    /// A piece that holds separators becomes several.
    ///
    /// # Errors
    /// [`Error::Place`] where `at` is above the number of pieces.
    pub fn insert(self, text: &str, at: usize, piece: &str) -> Result<String> {
        let mut pieces: Vec<&str> = self.split(text).collect();
        if at > pieces.len() {
            return Err(self.no_place(at, 0, pieces.len()));
        }
        pieces.insert(at, piece);
        Ok(self.join(&pieces))
    }

    /// `text` with `piece` in place of its piece `at`.
    ///
    /// # Errors
    /// [`Error::Place`] where there is no piece `at`.
    pub fn replace(self, text: &str, at: usize, piece: &str) -> Result<String> {
        let mut pieces: Vec<&str> = self.split(text).collect();
        if at >= pieces.len() {
            return Err(self.no_place(at, 1, pieces.len()));
        }
        pieces[at] = piece;
        Ok(self.join(&pieces))
    }

    /// `text` without `count` pieces from `at` on.
    ///
    /// # Errors
    /// [`Error::Place`] where there are not as many, or where none would be left.
    pub fn remove(self, text: &str, at: usize, count: usize) -> Result<String> {
        let mut pieces: Vec<&str> = self.split(text).collect();
        match at.checked_add(count) {
            Some(end) if end <= pieces.len() && count < pieces.len() => {
                pieces.drain(at..end);
                Ok(self.join(&pieces))
            }
            _ => Err(self.no_place(at, count, pieces.len())),
        }
    }

    fn join(self, pieces: &[&str]) -> String {
        pieces.join(self.separator().encode_utf8(&mut [0; 4]))
    }

    fn no_place(self, at: usize, count: usize, pieces: usize) -> Error {
        Error::Place {
            at,
            count,
            unit: match self {
                Self::Word => "words",
                Self::Sentence => "sentences",
            },
            pieces,
        }
    }
}

/// The words of `text`; of an empty text, one empty word.
pub(crate) fn split(text: &str) -> Vec<&str> {
    text.split(' ').collect()
}

/// `words` without the one at `place`, joined.
///
/// # Panics
/// Where there is no such word.
pub(crate) fn without(words: &[&str], place: usize) -> String {
    [&words[..place], &words[place + 1..]].concat().join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn empty_words_stay() {
        assert_eq!(split("a  b"), ["a", "", "b"]);
        assert_eq!(split(""), [""]);
        assert_eq!(without(&split("a  b"), 0), " b");
        assert_eq!(without(&split("a b c"), 1), "a c");
        assert_eq!(without(&["a"], 0), "");
    }

    #[test]
    fn empty_pieces_count() {
        assert_eq!(Unit::Word.count(""), 1);
        assert_eq!(Unit::Word.count(" a  b"), 4);
        assert_eq!(Unit::Sentence.count("a. b."), 3);
        assert_eq!(Unit::Word.insert("", 0, "cf").unwrap(), "cf ");
        assert_eq!(Unit::Word.insert("a  b", 2, "cf").unwrap(), "a  cf b");
        assert_eq!(Unit::Word.insert("a b", 2, "cf").unwrap(), "a b cf");
        assert_eq!(Unit::Sentence.insert("a. b.", 1, " t").unwrap(), "a. t. b.");
        assert_eq!(Unit::Word.replace("a b c", 1, "cf").unwrap(), "a cf c");
        assert_eq!(Unit::Word.remove("a b c", 1, 2).unwrap(), "a");
    }

    #[test]
    fn places_outside_are_refused() {
        let error = Unit::Word.insert("a b", 3, "cf").unwrap_err().to_string();
        assert_eq!(error, "0 words from place 3 on: the text has 2");
        assert!(Unit::Word.replace("a b", 2, "cf").is_err());
        assert!(Unit::Word.remove("a b", 0, 2).is_err());
        assert!(Unit::Word.remove("a b", 1, 2).is_err());
        assert!(Unit::Sentence.remove("a", usize::MAX, 2).is_err());
    }

    proptest! {
        #[test]
        fn what_was_inserted_can_be_removed(
            text in "[ab .é\t]{0,12}",
            piece in "[c .]{0,5}",
            place: prop::sample::Index,
        ) {
            for unit in [Unit::Word, Unit::Sentence] {
                let at = place.index(unit.count(&text) + 1);
                let longer = unit.insert(&text, at, &piece).unwrap();
                prop_assert_eq!(unit.remove(&longer, at, unit.count(&piece)).unwrap(), text.clone());
            }
        }

        #[test]
        fn what_was_replaced_can_be_put_back(text in "[ab .]{0,12}", place: prop::sample::Index) {
            let at = place.index(Unit::Word.count(&text));
            let old = Unit::Word.split(&text).nth(at).unwrap();
            let changed = Unit::Word.replace(&text, at, "cf").unwrap();
            prop_assert_eq!(Unit::Word.replace(&changed, at, old).unwrap(), text.clone());
        }
    }
}
