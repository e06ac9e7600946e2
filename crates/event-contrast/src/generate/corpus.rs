//! The whole corpus.

use plm_core::rng::{Seed, StreamRng};
use rand::RngExt;
use rand::seq::SliceRandom;

use super::config::GeneratorConfig;
use super::draft::Drafter;
use super::graph::SentenceGraph;
use super::hold_out::{Part, Split, kind_of};
use super::sentence::Sentence;
use crate::Result;
use crate::data::EventDocument;

/// A generated sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneratedSentence {
    /// The sentence as a document, with its entities and gold events. Every entity and trigger is
    /// one token; other words with a meaning are negative triggers.
    pub document: EventDocument,
    /// Its meaning.
    pub graph: SentenceGraph,
}

impl GeneratedSentence {
    /// Its tokens.
    pub fn tokens(&self) -> &[String] {
        &self.document.sentences[0].tokens
    }

    /// Its meaning in PENMAN notation, with or without alignments `~e.N`.
    pub fn penman(&self, alignments: bool) -> String {
        self.graph.penman(alignments)
    }

    /// Its block as the JAMR aligner writes it.
    pub fn jamr(&self) -> String {
        self.graph.jamr(&self.document.id, self.tokens())
    }
}

/// What labeled sentences of a type do not show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldOut {
    /// The type.
    pub event_type: &'static str,
    /// Its triggers that only unlabeled and test sentences have, past and participle.
    pub triggers: Vec<(&'static str, &'static str)>,
    /// Fillers of its object that only unlabeled and test sentences have.
    pub fillers: Vec<&'static str>,
}

/// A generated corpus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneratedCorpus {
    /// For pre-training: all words. The gold events are there, but not to be used.
    pub unlabeled: Vec<GeneratedSentence>,
    /// For fine-tuning: no held-out trigger and no held-out object.
    pub labeled: Vec<GeneratedSentence>,
    /// For choosing a checkpoint: as the labeled.
    pub development: Vec<GeneratedSentence>,
    /// For testing: held-out triggers and objects alone, where any are held out.
    pub test: Vec<GeneratedSentence>,
    /// The names of the types; [`Event::type_id`](crate::data::Event::type_id) is the place in
    /// this list, from 1.
    pub event_types: Vec<&'static str>,
    /// What was held out, for each type.
    pub held_out: Vec<HeldOut>,
}

/// Generates a corpus. The same settings and seed give the same sentences, and a larger part
/// begins with the sentences of a smaller one.
///
/// Types are drawn like cards from a deck that holds each once, so that in each part no type has
/// more than one event more than another.
///
/// # Errors
/// [`plm_core::Error::Config`] where a setting is out of its limits.
pub fn generate(config: &GeneratorConfig, seed: Seed) -> Result<GeneratedCorpus> {
    config.validate()?;
    let split = Split::new(config, seed.child("held out"));
    let make = |name: &str, count: usize, part: Part| -> Vec<GeneratedSentence> {
        let seed = seed.child(name);
        let mut deck = Deck::new(config.event_types, seed.stream("types"));
        (0..count)
            .map(|index| {
                let mut rng = seed.at(index as u64).rng();
                let events = rng.random_range(config.min_events..=config.max_events);
                let kinds: Vec<usize> = (0..events).map(|_| deck.draw()).collect();
                let mut sentence = Sentence::new(Drafter::new(config, &split, part, rng));
                sentence.tell(&kinds);
                let (document, graph) = sentence.finish(format!("{name}-{index}"));
                GeneratedSentence { document, graph }
            })
            .collect()
    };
    Ok(GeneratedCorpus {
        unlabeled: make("unlabeled", config.unlabeled, Part::Unlabeled),
        labeled: make("labeled", config.labeled, Part::Labeled),
        development: make("development", config.development, Part::Labeled),
        test: make("test", config.test, Part::Test),
        event_types: (0..config.event_types)
            .map(|kind| kind_of(kind).name)
            .collect(),
        held_out: (0..config.event_types)
            .map(|kind| HeldOut {
                event_type: kind_of(kind).name,
                triggers: split
                    .held_triggers(kind)
                    .iter()
                    .map(|trigger| (trigger.past, trigger.participle))
                    .collect(),
                fillers: split.held_fillers(kind),
            })
            .collect(),
    })
}

/// Types in random order, each once before any twice.
struct Deck {
    size: usize,
    cards: Vec<usize>,
    rng: StreamRng,
}

impl Deck {
    fn new(size: usize, rng: StreamRng) -> Self {
        Self {
            size,
            cards: Vec::new(),
            rng,
        }
    }

    fn draw(&mut self) -> usize {
        loop {
            if let Some(card) = self.cards.pop() {
                return card;
            }
            self.cards = (0..self.size).collect();
            self.cards.shuffle(&mut self.rng);
        }
    }
}
