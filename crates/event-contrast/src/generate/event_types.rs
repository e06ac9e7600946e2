//! What an event type is.

use super::lexicon::Pool;

/// A trigger word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Trigger {
    pub(super) past: &'static str,
    pub(super) participle: &'static str,
    pub(super) lemma: &'static str,
}

/// A role and what fills it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    pub(super) role: &'static str,
    /// The AMR relation.
    pub(super) relation: &'static str,
    /// The preposition, if it takes one.
    pub(super) preposition: Option<&'static str>,
    pub(super) pools: &'static [Pool],
}

/// An event type.
#[derive(Debug)]
pub(super) struct EventKind {
    pub(super) name: &'static str,
    pub(super) agent: Slot,
    pub(super) object: Slot,
    pub(super) third: Option<Slot>,
    pub(super) triggers: [Trigger; 5],
}

impl EventKind {
    /// Whether the object can be the subject of the passive.
    pub(super) fn has_passive(&self) -> bool {
        self.object.preposition.is_none()
    }
}

pub(super) const fn slot(
    role: &'static str,
    relation: &'static str,
    preposition: Option<&'static str>,
    pools: &'static [Pool],
) -> Slot {
    Slot {
        role,
        relation,
        preposition,
        pools,
    }
}

pub(super) const fn agent(role: &'static str, pools: &'static [Pool]) -> Slot {
    slot(role, "ARG0", None, pools)
}

pub(super) const fn object(role: &'static str, pools: &'static [Pool]) -> Slot {
    slot(role, "ARG1", None, pools)
}

/// A verb whose past is its participle.
pub(super) const fn verb(past: &'static str, lemma: &'static str) -> Trigger {
    strong(past, past, lemma)
}

pub(super) const fn strong(
    past: &'static str,
    participle: &'static str,
    lemma: &'static str,
) -> Trigger {
    Trigger {
        past,
        participle,
        lemma,
    }
}
