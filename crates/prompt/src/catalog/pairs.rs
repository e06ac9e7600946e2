//! Which prompts the study starts other tasks from.

use serde::Serialize;

/// A task that is tuned from another task's trained prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct TransferPair {
    /// The task that is tuned.
    pub target: &'static str,
    /// The task whose trained prompt it starts from.
    pub source: &'static str,
}

/// The pairs of the study's code, targets in the order of the tasks. All lie within a type.
pub fn transfer_pairs() -> &'static [TransferPair] {
    &PAIRS
}

static PAIRS: [TransferPair; 13] = [
    pair("imdb", "movierationales"),
    pair("sst2", "imdb"),
    pair("laptop", "restaurant"),
    pair("restaurant", "laptop"),
    pair("movierationales", "imdb"),
    pair("tweeteval_sentiment", "restaurant"),
    pair("mnli", "snli"),
    pair("qnli", "mnli"),
    pair("snli", "mnli"),
    pair("deontology", "justice"),
    pair("justice", "deontology"),
    pair("qqp", "mrpc"),
    pair("mrpc", "qqp"),
];

const fn pair(target: &'static str, source: &'static str) -> TransferPair {
    TransferPair { target, source }
}
