//! A sentence in the making.

use plm_core::rng::StreamRng;
use plm_ie_markers::data::{Document, Entity, RelationMention, Sentence, WordSpan};
use rand::RngExt as _;
use rand::seq::IndexedRandom as _;

use super::nouns::{ADJECTIVES, NAMES, ORGANIZATIONS, PEOPLE, PLACES, RULERS};

/// Words so far, with entities and relations.
pub(super) struct Draft<'r> {
    sentence: Sentence,
    rng: &'r mut StreamRng,
}

impl<'r> Draft<'r> {
    pub(super) fn new(rng: &'r mut StreamRng) -> Self {
        Self {
            sentence: Sentence::default(),
            rng,
        }
    }

    /// A number below `count`.
    pub(super) fn below(&mut self, count: usize) -> usize {
        self.rng.random_range(0..count)
    }

    /// One of `words` that the sentence does not have yet.
    fn pick(&mut self, words: &[&str]) -> String {
        let there = &self.sentence.words;
        let fresh = |word: &&&str| there.iter().all(|other| other != **word);
        let words: Vec<&str> = words.iter().filter(fresh).copied().collect();
        words
            .choose(self.rng)
            .copied()
            .unwrap_or_default()
            .to_owned()
    }

    /// Adds words without annotation.
    pub(super) fn words(&mut self, text: &str) {
        let words = text.split_whitespace().map(str::to_owned);
        self.sentence.words.extend(words);
    }

    /// Adds a word that is an entity.
    fn name(&mut self, words: &[&str], label: &str) -> WordSpan {
        let start = self.sentence.words.len();
        let word = self.pick(words);
        self.sentence.words.push(word);
        self.entity(start, label)
    }

    /// What was added from word `start` on is an entity.
    fn entity(&mut self, start: usize, label: &str) -> WordSpan {
        let span = WordSpan::new(start, self.sentence.words.len() - 1);
        self.sentence.entities.push(Entity {
            span,
            label: label.to_owned(),
        });
        span
    }

    pub(super) fn relation(&mut self, subject: WordSpan, label: &str, object: WordSpan) {
        self.sentence.relations.push(RelationMention {
            subject,
            object,
            label: label.to_owned(),
        });
    }

    fn adjective(&mut self) {
        self.words("the");
        if self.below(4) == 0 {
            let word = self.pick(ADJECTIVES);
            self.words(&word);
        }
    }

    /// "the doctor", a name, or "the king of france" with the country inside.
    pub(super) fn person(&mut self) -> WordSpan {
        match self.below(7) {
            0 => self.name(NAMES, "PER"),
            1 => {
                self.adjective();
                let start = self.sentence.words.len();
                let word = self.pick(RULERS);
                self.words(&word);
                self.words("of");
                let place = self.name(PLACES, "LOC");
                let ruler = self.entity(start, "PER");
                self.relation(ruler, "rules", place);
                ruler
            }
            _ => {
                self.adjective();
                self.name(PEOPLE, "PER")
            }
        }
    }

    /// "the hospital", or "the hospital of paris" with the city inside.
    pub(super) fn organization(&mut self) -> WordSpan {
        self.adjective();
        let start = self.sentence.words.len();
        let word = self.pick(ORGANIZATIONS);
        self.words(&word);
        if self.below(4) > 0 {
            return self.entity(start, "ORG");
        }
        self.words("of");
        let place = self.place();
        let organization = self.entity(start, "ORG");
        self.relation(organization, "located_in", place);
        organization
    }

    /// A city, a country, or a name that is a person's elsewhere.
    pub(super) fn place(&mut self) -> WordSpan {
        let names = if self.below(4) == 0 { NAMES } else { PLACES };
        self.name(names, "LOC")
    }

    /// A place that stands for its team.
    pub(super) fn team(&mut self) -> WordSpan {
        self.name(PLACES, "ORG")
    }

    /// The sentence as a document of its own.
    pub(super) fn finish(mut self, id: String) -> Document {
        self.words(".");
        let mut sentence = self.sentence;
        sentence.entities.sort();
        sentence.relations.sort();
        let mut document = Document::new(id, vec![sentence]);
        document.layers.entities = true;
        document.layers.relations = true;
        document
    }
}
