use std::fmt;
use std::ops::AddAssign;

use serde::Serialize;

/// Gold events and arguments of documents that no candidate of an
/// [`EventCorpus`](super::EventCorpus) stands for, as a trigger has one type there and an argument one
/// role. No score sees them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct CorpusLosses {
    /// Mentions of events that share their trigger with an earlier event of another type.
    pub mentions: usize,
    /// Arguments of these mentions in their sentence.
    pub arguments: usize,
    /// Arguments in no sentence with a mention of their event.
    pub cross_sentence: usize,
    /// Further roles of arguments that have one of the same trigger.
    pub second_roles: usize,
    /// Arguments that are their own trigger.
    pub own_trigger: usize,
}

impl AddAssign for CorpusLosses {
    fn add_assign(&mut self, other: Self) {
        self.mentions += other.mentions;
        self.arguments += other.arguments;
        self.cross_sentence += other.cross_sentence;
        self.second_roles += other.second_roles;
        self.own_trigger += other.own_trigger;
    }
}

impl fmt::Display for CorpusLosses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} mentions of events with the trigger of an event of another type, {} arguments of \
             these, {} arguments in other sentences than their event, {} second roles of an argument, \
             {} arguments that are their own trigger",
            self.mentions, self.arguments, self.cross_sentence, self.second_roles, self.own_trigger
        )
    }
}
