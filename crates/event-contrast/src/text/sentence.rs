use std::collections::BTreeMap;
use std::ops::Range;

use plm_core::text::Encoding;

use super::SpanEncoder;
use crate::Result;
use crate::amr::TokenSpan;
use crate::pairs::SentencePairs;

/// A trigger and its arguments in sub-words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContrastTrigger {
    /// The trigger.
    pub trigger: Range<usize>,
    /// Its arguments, at least one.
    pub arguments: Vec<Range<usize>>,
    /// Spans of the sentence that are none of its arguments.
    pub negatives: Vec<Range<usize>>,
}

/// A sentence in sub-words with its pairs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContrastSentence {
    /// The sub-words.
    pub encoding: Encoding,
    /// The triggers, at least one.
    pub triggers: Vec<ContrastTrigger>,
}

impl ContrastSentence {
    /// The sentence and pairs of `pairs`, without the triggers, arguments and negatives that do not
    /// fit into the encoder's length; nothing where no pair is left.
    ///
    /// # Errors
    /// As [`SpanEncoder::encode`].
    pub fn new(encoder: &SpanEncoder, pairs: &SentencePairs) -> Result<Option<Self>> {
        let mut places: BTreeMap<TokenSpan, usize> = BTreeMap::new();
        for trigger in &pairs.triggers {
            let spans = trigger.arguments.iter().chain(&trigger.negatives);
            for &span in spans.chain([&trigger.trigger]) {
                let next = places.len();
                places.entry(span).or_insert(next);
            }
        }
        let mut spans = vec![TokenSpan::new(0, 0); places.len()];
        for (&span, &place) in &places {
            spans[place] = span;
        }
        let encoded = encoder.encode(&pairs.tokens, &spans)?;
        let range = |span: &TokenSpan| encoded.ranges[places[span]].clone();
        let triggers = pairs.triggers.iter().filter_map(|trigger| {
            let arguments: Vec<_> = trigger.arguments.iter().filter_map(range).collect();
            Some(ContrastTrigger {
                trigger: range(&trigger.trigger).filter(|_| !arguments.is_empty())?,
                negatives: trigger.negatives.iter().filter_map(range).collect(),
                arguments,
            })
        });
        let triggers: Vec<_> = triggers.collect();
        Ok((!triggers.is_empty()).then(|| Self {
            encoding: encoded.encoding.clone(),
            triggers,
        }))
    }

    /// The sentences of all `pairs` that have one left.
    ///
    /// # Errors
    /// As [`SpanEncoder::encode`].
    pub fn all(encoder: &SpanEncoder, pairs: &[SentencePairs]) -> Result<Vec<Self>> {
        pairs
            .iter()
            .filter_map(|pairs| Self::new(encoder, pairs).transpose())
            .collect()
    }

    /// The number of pairs of a trigger and an argument.
    pub fn n_pairs(&self) -> usize {
        self.triggers.iter().map(|each| each.arguments.len()).sum()
    }
}
