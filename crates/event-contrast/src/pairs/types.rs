use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::amr::TokenSpan;

/// A trigger of a sentence with its arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// Its tokens.
    pub trigger: TokenSpan,
    /// Its arguments, in order, at least one.
    pub arguments: Vec<TokenSpan>,
    /// The roles of each argument, by name; one with several relations to the trigger has several.
    /// Empty where they are not known.
    #[serde(default)]
    pub roles: Vec<Vec<String>>,
    /// The arguments of other triggers of the sentence that are not its own, in order.
    pub negatives: Vec<TokenSpan>,
}

/// Arguments with their roles.
pub(super) type Roles<'r> = BTreeMap<TokenSpan, BTreeSet<&'r str>>;

impl Trigger {
    /// A trigger with these arguments.
    pub(super) fn new(trigger: TokenSpan, own: &Roles<'_>, negatives: Vec<TokenSpan>) -> Self {
        let names = |roles: &BTreeSet<&str>| roles.iter().map(|&role| role.to_owned()).collect();
        Self {
            trigger,
            arguments: own.keys().copied().collect(),
            roles: own.values().map(names).collect(),
            negatives,
        }
    }
}

/// The triggers of a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentencePairs {
    /// Id of the sentence's graph.
    pub id: String,
    /// Its tokens.
    pub tokens: Vec<String>,
    /// The alignments were found by rules.
    pub auto_aligned: bool,
    /// Its triggers, in order, at least one; [`extract`](super::extract) gives two or more.
    pub triggers: Vec<Trigger>,
}

/// A training example: a trigger and one of its arguments, against arguments of other triggers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PairExample<'s> {
    /// Tokens of the trigger.
    pub trigger: TokenSpan,
    /// Tokens of the argument.
    pub argument: TokenSpan,
    /// Tokens of the negatives.
    pub negatives: &'s [TokenSpan],
}

impl SentencePairs {
    /// One example for each trigger and argument.
    pub fn examples(&self) -> impl Iterator<Item = PairExample<'_>> {
        self.triggers.iter().flat_map(|each| {
            each.arguments.iter().map(|&argument| PairExample {
                trigger: each.trigger,
                argument,
                negatives: &each.negatives,
            })
        })
    }
}
