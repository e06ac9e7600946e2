//! Which words stand in which part of the corpus.

use std::collections::HashSet;

use plm_core::rng::{Seed, StreamRng};
use rand::seq::{IndexedRandom, SliceRandom};

use super::config::GeneratorConfig;
use super::event_kinds::EVENT_KINDS;
use super::event_types::{EventKind, Trigger};
use super::lexicon::Pool;

/// Which words may stand in a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// All.
    Unlabeled,
    /// Those that are not held out.
    Labeled,
    /// Those that are held out, where any are.
    Test,
}

/// The words that are held out, for each type.
pub(super) struct Split {
    seen: Vec<Vec<Trigger>>,
    held: Vec<Vec<Trigger>>,
    held_fillers: Vec<HashSet<&'static str>>,
    holds_fillers: bool,
}

/// Every pool that some object comes from.
pub(super) fn object_pools(kinds: usize) -> Vec<Pool> {
    let mut pools: Vec<Pool> = EVENT_KINDS[..kinds]
        .iter()
        .flat_map(|kind| kind.object.pools)
        .copied()
        .collect();
    pools.sort_unstable();
    pools.dedup();
    pools
}

impl Split {
    pub(super) fn new(config: &GeneratorConfig, seed: Seed) -> Self {
        let mut split = Self {
            seen: Vec::new(),
            held: Vec::new(),
            held_fillers: Vec::new(),
            holds_fillers: config.held_out_fillers > 0.0,
        };
        for kind in &EVENT_KINDS[..config.event_types] {
            let mut rng = seed.stream(kind.name);
            let mut triggers = kind.triggers.to_vec();
            triggers.shuffle(&mut rng);
            triggers.truncate(config.triggers_per_type);
            let held = triggers.split_off(config.triggers_per_type - config.held_out_triggers);
            split.seen.push(triggers);
            split.held.push(held);
            let mut fillers = HashSet::new();
            if split.holds_fillers {
                for pool in object_pools(config.event_types) {
                    let mut words = pool.words().to_vec();
                    words.shuffle(&mut rng);
                    let share = (config.held_out_fillers * words.len() as f64).round() as usize;
                    fillers.extend(&words[..share.clamp(1, words.len() - 1)]);
                }
            }
            split.held_fillers.push(fillers);
        }
        split
    }

    /// The triggers of type `kind` that are held out.
    pub(super) fn held_triggers(&self, kind: usize) -> &[Trigger] {
        &self.held[kind]
    }

    /// The fillers of the object of type `kind` that are held out, in its own pools.
    pub(super) fn held_fillers(&self, kind: usize) -> Vec<&'static str> {
        let pools = EVENT_KINDS[kind].object.pools.iter();
        pools
            .flat_map(|pool| pool.words())
            .copied()
            .filter(|word| self.held_fillers[kind].contains(word))
            .collect()
    }

    /// A trigger of type `kind`.
    pub(super) fn trigger(&self, kind: usize, part: Part, rng: &mut StreamRng) -> Trigger {
        let (seen, held) = (&self.seen[kind], &self.held[kind]);
        let chosen = match part {
            Part::Test if !held.is_empty() => held.choose(rng),
            Part::Test | Part::Labeled => seen.choose(rng),
            Part::Unlabeled => seen
                .iter()
                .chain(held)
                .collect::<Vec<_>>()
                .choose(rng)
                .copied(),
        };
        // The settings leave at least one.
        *chosen.unwrap_or(&EVENT_KINDS[kind].triggers[0])
    }

    /// Whether `word` may be the object of type `kind`.
    pub(super) fn allows(&self, kind: usize, part: Part, word: &str) -> bool {
        match part {
            Part::Unlabeled => true,
            _ if !self.holds_fillers => true,
            Part::Labeled => !self.held_fillers[kind].contains(word),
            Part::Test => self.held_fillers[kind].contains(word),
        }
    }
}

/// The type of index `kind`.
pub(super) fn kind_of(kind: usize) -> &'static EventKind {
    &EVENT_KINDS[kind]
}
