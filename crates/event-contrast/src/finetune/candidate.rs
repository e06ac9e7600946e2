use serde::{Deserialize, Serialize};

use super::Markers;
use crate::amr::TokenSpan;
use crate::gin::SentenceGraphs;
use crate::text::SpanEncoder;

/// What is classified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Whether a word triggers an event, and of which type.
    Detection,
    /// Whether a span is an argument of a trigger, and in which role.
    Arguments,
}

impl Task {
    /// Into how many segments the text is cut.
    pub fn segments(self) -> usize {
        match self {
            Self::Detection => 2,
            Self::Arguments => 3,
        }
    }

    /// How many spans a candidate has.
    pub fn spans(self) -> usize {
        match self {
            Self::Detection => 1,
            Self::Arguments => 2,
        }
    }
}

/// A span to be classified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// The sentence's number.
    pub sentence: usize,
    /// The (possible) trigger.
    pub trigger: TokenSpan,
    /// For arguments the trigger's event type, from 1; in detection it is not looked at.
    pub event_type: usize,
    /// The possible argument; none in detection.
    pub argument: Option<TokenSpan>,
    /// The gold class, event type or role; 0 is none.
    pub class: usize,
}

/// Candidates with what they are classified by.
#[derive(Debug, Clone, Copy)]
pub struct CandidateSet<'a> {
    /// The tokens of each sentence.
    pub sentences: &'a [Vec<String>],
    /// The candidates.
    pub candidates: &'a [Candidate],
    /// Turns sentences into sub-words.
    pub encoder: &'a SpanEncoder,
    /// What marks triggers and arguments in the text.
    pub markers: &'a Markers,
    /// The graph of each sentence, for models with a graph network.
    pub graphs: Option<&'a SentenceGraphs>,
}
