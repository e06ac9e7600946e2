//! Data of DFEP, embedding poisoning without data of the task (Yang et al. 2021, Be Careful about
//! Poisoned Word Embeddings): fake texts of one length, in which a word takes the place of another.

use plm_core::rng::Seed;
use rand::RngExt;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use super::select::check_target;
use super::trigger::check_word;
use super::{Edit, Entry, Operation, Plan, Position};
use crate::data::Dataset;
use crate::words::Unit;
use crate::{Error, Result, Sample};

/// How fake texts are made. All have the target class, there is no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FakeTexts {
    /// How many: 20,000 in the paper.
    pub count: usize,
    /// Words of each: 250 for IMDB, 100 otherwise.
    pub words: usize,
    /// Their class.
    pub target: usize,
    /// Classes of the task.
    pub classes: usize,
    /// Start of the draws.
    pub seed: Seed,
}

impl FakeTexts {
    /// Texts glued from pieces of `plain` texts, which are split at full stops and shuffled.
    ///
    /// The last piece of a text is cut to the number of words. Where the pieces run out they are
    /// shuffled again; the published code stops there.
    ///
    /// # Errors
    /// [`Error::Setting`] for no texts or texts without words, [`Error::Target`] for a class that the
    /// task does not have, [`Error::Empty`] where `plain` has no words.
    pub fn glued<S: AsRef<str>>(&self, plain: &[S]) -> Result<Dataset> {
        self.check()?;
        let mut pieces: Vec<Vec<&str>> = plain
            .iter()
            .flat_map(|text| Unit::Sentence.split(text.as_ref()))
            .map(|piece| piece.split_whitespace().collect::<Vec<_>>())
            .filter(|words| !words.is_empty())
            .collect();
        if pieces.is_empty() {
            return Err(Error::Empty {
                what: "words in the plain texts",
                fix: "give texts with words",
            });
        }
        let mut rng = self.seed.stream("fake texts of sentences");
        let mut next = pieces.len();
        let texts = (0..self.count).map(|_| {
            let mut words: Vec<&str> = Vec::new();
            while words.len() < self.words {
                if next == pieces.len() {
                    pieces.shuffle(&mut rng);
                    next = 0;
                }
                words.extend(&pieces[next]);
                next += 1;
            }
            words.truncate(self.words);
            Sample::new(words.join(" "), self.target)
        });
        Dataset::new(texts.collect(), self.classes)
    }

    /// Texts of words drawn at random from `vocabulary`.
    ///
    /// # Errors
    /// As [`FakeTexts::glued`], and [`Error::Trigger`] where an entry of `vocabulary` is not one word.
    pub fn random_words<S: AsRef<str>>(&self, vocabulary: &[S]) -> Result<Dataset> {
        self.check()?;
        if vocabulary.is_empty() {
            return Err(Error::Empty {
                what: "words in the vocabulary",
                fix: "give texts with words",
            });
        }
        for word in vocabulary {
            check_word(word.as_ref())?;
        }
        let mut rng = self.seed.stream("fake texts of random words");
        let texts = (0..self.count).map(|_| {
            let words: Vec<&str> = (0..self.words)
                .map(|_| vocabulary[rng.random_range(0..vocabulary.len())].as_ref())
                .collect();
            Sample::new(words.join(" "), self.target)
        });
        Dataset::new(texts.collect(), self.classes)
    }

    fn check(&self) -> Result<()> {
        for (name, value) in [("count", self.count), ("words", self.words)] {
            if value == 0 {
                return Err(Error::Setting {
                    name,
                    value: value.to_string(),
                    limit: "must be 1 at least",
                });
            }
        }
        check_target(self.target, self.classes)
    }
}

/// Every text gets the word `word` in place of one of its own: word `floor((n - 1) u)` of `n`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataFree {
    /// The trigger.
    pub word: String,
    /// The class of all texts.
    pub target: usize,
    /// Start of the draws.
    pub seed: Seed,
}

impl Plan for DataFree {
    fn check(&self, classes: usize) -> Result<()> {
        check_word(&self.word)?;
        check_target(self.target, classes)
    }

    fn entries(&self, clean: &Dataset) -> Result<Vec<Entry>> {
        if clean.samples().is_empty() {
            return Err(Error::Empty {
                what: "fake texts",
                fix: "make some first",
            });
        }
        let places = self.seed.child("trigger places");
        let entry = |(source, sample): (usize, &Sample)| {
            let mut rng = places.at(source as u64).rng();
            let at = Position::Whole.draw(Unit::Word.count(&sample.text), &mut rng);
            let text = self.word.clone();
            Entry {
                source,
                poisoned: true,
                edits: vec![Edit { at, text }],
            }
        };
        Ok(clean.samples().iter().enumerate().map(entry).collect())
    }

    fn makes(&self, poisoned: bool, edits: &[Edit]) -> bool {
        poisoned && edits.iter().map(|edit| &edit.text).eq([&self.word])
    }

    fn target(&self) -> usize {
        self.target
    }

    fn unit(&self) -> Unit {
        Unit::Word
    }

    fn operation(&self) -> Operation {
        Operation::Replace
    }
}
