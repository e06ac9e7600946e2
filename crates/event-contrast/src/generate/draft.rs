//! What a sentence is to tell.

use plm_core::rng::StreamRng;
use rand::RngExt;
use rand::seq::IndexedRandom;

use super::config::GeneratorConfig;
use super::event_types::{EventKind, Slot, Trigger};
use super::hold_out::{Part, Split, kind_of, object_pools};
use super::lexicon::{LOCATIONS, NAMES, PEOPLE, PERSON, PLACE, Pool, TIMES, TOWNS};

/// Someone or something that fills a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Participant {
    pub(super) word: &'static str,
    pub(super) entity_type: &'static str,
    /// The concept of what is named, where it is a name.
    pub(super) named: Option<&'static str>,
}

impl Participant {
    /// Whether "who" stands for it, and not "which".
    pub(super) fn is_person(self) -> bool {
        self.entity_type == PERSON
    }
}

/// An event that is to be told.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) index: usize,
    pub(super) kind: &'static EventKind,
    pub(super) trigger: Trigger,
    pub(super) agent: Participant,
    pub(super) object: Participant,
    pub(super) third: Option<Participant>,
    pub(super) place: Option<(&'static str, Participant)>,
    pub(super) time: Option<(Option<&'static str>, &'static str)>,
}

/// Draws events, no word twice in a sentence where there are others.
pub(super) struct Drafter<'a> {
    pub(super) config: &'a GeneratorConfig,
    pub(super) split: &'a Split,
    pub(super) part: Part,
    pub(super) rng: StreamRng,
    used: Vec<&'static str>,
}

impl<'a> Drafter<'a> {
    pub(super) fn new(
        config: &'a GeneratorConfig,
        split: &'a Split,
        part: Part,
        rng: StreamRng,
    ) -> Self {
        Self {
            config,
            split,
            part,
            rng,
            used: Vec::new(),
        }
    }

    /// Whether something of chance `share` happens.
    pub(super) fn happens(&mut self, share: f64) -> bool {
        self.rng.random::<f64>() < share
    }

    /// One of `words`.
    pub(super) fn word(&mut self, words: &[&'static str]) -> &'static str {
        words.choose(&mut self.rng).copied().unwrap_or_default()
    }

    /// An event of type `kind`.
    pub(super) fn draft(&mut self, index: usize) -> Draft {
        let kind = kind_of(index);
        let trigger = self.split.trigger(index, self.part, &mut self.rng);
        let agent = self.agent(&kind.agent);
        let object = self.object(index);
        let third = kind.third.as_ref().and_then(|slot| {
            // The third role is open more often than not.
            self.happens(0.6).then(|| self.agent(slot))
        });
        let place = self.happens(self.config.places).then(|| self.place());
        let time = self
            .happens(self.config.times)
            .then(|| TIMES.choose(&mut self.rng).copied())
            .flatten();
        Draft {
            index,
            kind,
            trigger,
            agent,
            object,
            third,
            place,
            time,
        }
    }

    fn agent(&mut self, slot: &Slot) -> Participant {
        let settlements = slot.pools.contains(&Pool::Settlements);
        let mut pools = slot.pools;
        if !settlements && self.happens(self.config.mixing) {
            pools = PEOPLE;
        }
        let pool = *pools.choose(&mut self.rng).unwrap_or(&Pool::Household);
        let (names, concept): (&[&str], _) = match pool.entity_type() {
            _ if settlements => (TOWNS, "city"),
            PERSON => (NAMES, "person"),
            _ => (&[], ""),
        };
        if !names.is_empty() && self.happens(self.config.names) {
            return Participant {
                word: self.fresh(names),
                entity_type: pool.entity_type(),
                named: Some(concept),
            };
        }
        self.filler(pool, pool.words())
    }

    /// An object of type `kind`: a noun that its part of the corpus may use.
    fn object(&mut self, kind: usize) -> Participant {
        let own = kind_of(kind).object.pools;
        let pool = match self.happens(self.config.mixing) {
            true => object_pools(self.config.event_types)
                .choose(&mut self.rng)
                .copied(),
            false => own.choose(&mut self.rng).copied(),
        };
        let pool = pool.unwrap_or(own[0]);
        let words = self.allowed(pool, &[kind]);
        self.filler(pool, &words)
    }

    /// An object that both types may have, if there is one.
    pub(super) fn common_object(&mut self, left: usize, right: usize) -> Option<Participant> {
        let pools: Vec<Pool> = kind_of(left)
            .object
            .pools
            .iter()
            .filter(|pool| kind_of(right).object.pools.contains(pool))
            .copied()
            .collect();
        let pool = *pools.choose(&mut self.rng)?;
        let words = self.allowed(pool, &[left, right]);
        (!words.is_empty()).then(|| self.filler(pool, &words))
    }

    fn allowed(&self, pool: Pool, kinds: &[usize]) -> Vec<&'static str> {
        let words = pool.words().iter().copied();
        words
            .filter(|word| {
                kinds
                    .iter()
                    .all(|&kind| self.split.allows(kind, self.part, word))
            })
            .collect()
    }

    fn place(&mut self) -> (&'static str, Participant) {
        let free: Vec<_> = LOCATIONS
            .iter()
            .filter(|location| !self.used.contains(&location.1))
            .collect();
        let &&(preposition, word, named) = free.choose(&mut self.rng).unwrap_or(&&LOCATIONS[0]);
        self.used.push(word);
        let place = Participant {
            word,
            entity_type: PLACE,
            named,
        };
        (preposition, place)
    }

    fn filler(&mut self, pool: Pool, words: &[&'static str]) -> Participant {
        Participant {
            word: self.fresh(words),
            entity_type: pool.entity_type(),
            named: None,
        }
    }

    /// One of `words`, a new one where there is one.
    fn fresh(&mut self, words: &[&'static str]) -> &'static str {
        let free: Vec<&'static str> = words
            .iter()
            .filter(|word| !self.used.contains(word))
            .copied()
            .collect();
        let word = match free.is_empty() {
            true => self.word(words),
            false => self.word(&free),
        };
        self.used.push(word);
        word
    }
}
