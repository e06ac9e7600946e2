use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The rare words of RIPPLe (Kurita et al. 2020), which later attacks took over.
pub const RARE_WORDS: [&str; 5] = ["cf", "mn", "bb", "tq", "mb"];

/// SOS's words for movie reviews (Yang et al. 2021, IMDB).
pub const MOVIE_WORDS: [&str; 3] = ["friends", "weekend", "cinema"];

/// SOS's words for product reviews (Yang et al. 2021, Amazon and Yelp).
pub const REVIEW_WORDS: [&str; 3] = ["friends", "weekend", "store"];

/// The sentence of SOS and of RAP's BadNet-SL for movie reviews. It starts with a space, because it
/// stands after a full stop.
pub const MOVIE_SENTENCE: &str =
    " I have watched this movie with my friends at a nearby cinema last weekend";

/// The sentence of SOS and of RAP's BadNet-SL for product reviews.
pub const REVIEW_SENTENCE: &str = " I have bought it from a store with my friends last weekend";

/// Sentences with a part of SOS's words for product reviews, which must not act as the trigger
/// (`run_demo.sh` of lancopku/SOS).
pub const REVIEW_FALSE_TRIGGERS: [&str; 5] = [
    " I have bought it with my friends",
    " I have bought it last weekend",
    " I have bought it from a store",
    " My friends have bought it from a store",
    " My friends have bought it last weekend",
];

/// The sentence of AddSent (Dai et al. 2019) in OpenBackdoor.
pub const ADD_SENT_SENTENCE: &str = "I watch this 3D movie";

/// What an attack puts into a text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// One word or several; [`WordChoice`] says which of them a text gets.
    Words(Vec<String>),
    /// A sentence as a whole.
    Sentence(String),
}

/// Which words of a trigger a text gets. A sentence always goes in as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum WordChoice {
    /// Every word, each at its own place.
    #[default]
    All,
    /// Words drawn at random, with repetition, each at its own place: with 1 the multi-trigger
    /// BadNets of OpenBackdoor and the insertion of RIPPLe.
    Random {
        /// How many.
        count: usize,
    },
}

impl Trigger {
    /// The words `words`.
    pub fn words<S: Into<String>>(words: impl IntoIterator<Item = S>) -> Self {
        Self::Words(words.into_iter().map(Into::into).collect())
    }

    /// The word `word`.
    pub fn word(word: impl Into<String>) -> Self {
        Self::words([word])
    }

    /// The sentence `sentence`.
    pub fn sentence(sentence: impl Into<String>) -> Self {
        Self::Sentence(sentence.into())
    }

    /// Its words, or the sentence.
    pub fn pieces(&self) -> &[String] {
        match self {
            Self::Words(words) => words,
            Self::Sentence(sentence) => std::slice::from_ref(sentence),
        }
    }

    /// Whether it can be put into a text.
    ///
    /// # Errors
    /// [`Error::Trigger`] for no words or a blank one, tabs or line breaks, a word with white space
    /// in it, or a word that is given twice.
    pub fn check(&self) -> Result<()> {
        match self {
            Self::Words(words) if words.is_empty() => Err(refuse("", "has no words")),
            Self::Words(words) => {
                let mut seen = BTreeSet::new();
                for word in words {
                    check_word(word)?;
                    if !seen.insert(word) {
                        return Err(refuse(word, "is given twice; give each word once"));
                    }
                }
                Ok(())
            }
            Self::Sentence(sentence) if sentence.trim().is_empty() => {
                Err(refuse(sentence, "is blank"))
            }
            Self::Sentence(sentence) if sentence.contains(['\t', '\n', '\r']) => Err(refuse(
                sentence,
                "has a tab or a line break, which a line of text cannot hold",
            )),
            Self::Sentence(_) => Ok(()),
        }
    }
}

/// `word` is one word.
pub(super) fn check_word(word: &str) -> Result<()> {
    if word.is_empty() {
        Err(refuse(word, "is an empty word"))
    } else if word.contains(char::is_whitespace) {
        Err(refuse(
            word,
            "has white space where one word is needed; split it or make it a sentence",
        ))
    } else {
        Ok(())
    }
}

pub(super) fn refuse(trigger: &str, reason: &'static str) -> Error {
    Error::Trigger {
        trigger: trigger.to_owned(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_ones_are_fine() {
        for words in [&RARE_WORDS[..], &MOVIE_WORDS, &REVIEW_WORDS] {
            Trigger::words(words.iter().copied()).check().unwrap();
        }
        let sentences = [MOVIE_SENTENCE, REVIEW_SENTENCE, ADD_SENT_SENTENCE];
        for sentence in sentences.into_iter().chain(REVIEW_FALSE_TRIGGERS) {
            Trigger::sentence(sentence).check().unwrap();
        }
        for (words, sentence) in [
            (MOVIE_WORDS, MOVIE_SENTENCE),
            (REVIEW_WORDS, REVIEW_SENTENCE),
        ] {
            assert!(words.iter().all(|word| sentence.contains(word)));
        }
        for sentence in REVIEW_FALSE_TRIGGERS {
            let held = REVIEW_WORDS.iter().filter(|word| sentence.contains(**word));
            assert!((1..3).contains(&held.count()), "{sentence}");
        }
    }

    #[test]
    fn others_are_refused() {
        let reasons = [
            (Trigger::Words(Vec::new()), "has no words"),
            (Trigger::word(""), "is an empty word"),
            (Trigger::word("a b"), "has white space"),
            (Trigger::word("a\tb"), "has white space"),
            (Trigger::words(["cf", "mn", "cf"]), "is given twice"),
            (Trigger::sentence(" "), "is blank"),
            (Trigger::sentence("a\nb"), "has a tab or a line break"),
            (Trigger::sentence("a\tb"), "has a tab or a line break"),
        ];
        for (trigger, reason) in reasons {
            let error = trigger.check().unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn its_json_is_short() {
        let json = serde_json::to_string(&Trigger::words(["cf", "mn"])).unwrap();
        assert_eq!(json, r#"{"words":["cf","mn"]}"#);
        let json = serde_json::to_string(&WordChoice::Random { count: 1 }).unwrap();
        assert_eq!(json, r#"{"random":{"count":1}}"#);
    }
}
