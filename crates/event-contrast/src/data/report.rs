//! What a reader found and what was lost.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::document::EventDocument;

/// What happened to an item of a file that the model cannot hold as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// Dropped: character offsets that hold no token of the text.
    UnalignedSpan,
    /// Dropped: a span that runs over a sentence's end.
    CrossSentenceSpan,
    /// Dropped: an argument, mention or mark of something that the file does not have, or that
    /// was dropped.
    UnknownReference,
    /// Dropped: an event, with its arguments, without a mention left.
    EventWithoutMention,
    /// Dropped: an entity without a mention left.
    EntityWithoutMention,
    /// Dropped: a note of an annotator.
    Note,
    /// Kept, but out of reach for methods that read one sentence at a time: an argument without a
    /// mention in a sentence of its event.
    CrossSentenceArgument,
    /// Kept, from its first token to its last: a span with gaps.
    DiscontinuousSpan,
    /// Kept: a span whose text in the file is not that of its tokens.
    TextMismatch,
    /// Kept in two: a token cut where an annotated span begins or ends within it.
    CutToken,
    /// Kept apart: a coreference chain of events and entities becomes one event and one entity.
    MixedChain,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnalignedSpan => "spans without tokens dropped",
            Self::CrossSentenceSpan => "spans over a sentence's end dropped",
            Self::UnknownReference => "references to nothing dropped",
            Self::EventWithoutMention => "events without mention dropped",
            Self::EntityWithoutMention => "entities without mention dropped",
            Self::Note => "notes dropped",
            Self::CrossSentenceArgument => "arguments in other sentences than their event",
            Self::DiscontinuousSpan => "spans with gaps widened",
            Self::TextMismatch => "spans whose text differs",
            Self::CutToken => "tokens cut at a span's border",
            Self::MixedChain => "chains of events and entities taken apart",
        })
    }
}

/// How often a loss happened.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct LossCount {
    /// How often.
    pub count: usize,
    /// The document and the item of the first.
    pub first: String,
}

/// What a reader found and what was lost.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ReadReport {
    /// Documents read.
    pub documents: usize,
    /// Their sentences.
    pub sentences: usize,
    /// Their tokens.
    pub tokens: usize,
    /// Their events.
    pub events: usize,
    /// The mentions of these.
    pub event_mentions: usize,
    /// The arguments of these.
    pub arguments: usize,
    /// Their entities.
    pub entities: usize,
    /// The mentions of these.
    pub entity_mentions: usize,
    /// Their negative triggers.
    pub negative_triggers: usize,
    /// Their candidates.
    pub candidates: usize,
    /// Their relations.
    pub relations: usize,
    /// What was lost.
    pub losses: BTreeMap<Loss, LossCount>,
}

impl ReadReport {
    /// How often `loss` happened.
    pub fn lost(&self, loss: Loss) -> usize {
        self.losses.get(&loss).map_or(0, |found| found.count)
    }

    /// Adds what `other` found and lost.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in [
            (&mut self.documents, other.documents),
            (&mut self.sentences, other.sentences),
            (&mut self.tokens, other.tokens),
            (&mut self.events, other.events),
            (&mut self.event_mentions, other.event_mentions),
            (&mut self.arguments, other.arguments),
            (&mut self.entities, other.entities),
            (&mut self.entity_mentions, other.entity_mentions),
            (&mut self.negative_triggers, other.negative_triggers),
            (&mut self.candidates, other.candidates),
            (&mut self.relations, other.relations),
        ] {
            *mine += theirs;
        }
        for (&loss, found) in &other.losses {
            self.add(loss, found.count, || found.first.clone());
        }
    }

    /// Counts a loss of `item` of `document`.
    pub(super) fn lose(&mut self, loss: Loss, document: &str, item: &str) {
        self.add(loss, 1, || format!("{document}: {item}"));
    }

    /// Counts `count` losses; the first is named where there was none before.
    pub(super) fn add(&mut self, loss: Loss, count: usize, first: impl FnOnce() -> String) {
        if count > 0 {
            let found = self.losses.entry(loss).or_default();
            if found.count == 0 {
                found.first = first();
            }
            found.count += count;
        }
    }

    /// Counts what `document` holds.
    pub(super) fn count(&mut self, document: &EventDocument) {
        self.documents += 1;
        self.sentences += document.sentences.len();
        self.tokens += document.token_count();
        self.events += document.events.len();
        self.entities += document.entities.len();
        self.negative_triggers += document.negative_triggers.len();
        self.candidates += document.candidates.len();
        self.relations += document.relations.len();
        for entity in &document.entities {
            self.entity_mentions += entity.mentions.len();
        }
        for event in &document.events {
            self.event_mentions += event.mentions.len();
            self.arguments += event.arguments.len();
            for argument in &event.arguments {
                if document.is_cross_sentence(event, argument) {
                    let item = format!("{} of {}", argument.role, event.id);
                    self.lose(Loss::CrossSentenceArgument, &document.id, &item);
                }
            }
        }
    }
}

impl fmt::Display for ReadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} documents, {} sentences, {} tokens, {} events with {} mentions and {} arguments, \
             {} entities with {} mentions, {} negative triggers, {} candidates, {} relations",
            self.documents,
            self.sentences,
            self.tokens,
            self.events,
            self.event_mentions,
            self.arguments,
            self.entities,
            self.entity_mentions,
            self.negative_triggers,
            self.candidates,
            self.relations
        )?;
        for (loss, found) in &self.losses {
            write!(f, "\n{}: {loss} (first: {})", found.count, found.first)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merging_adds_and_keeps_the_first() {
        let mut report = ReadReport {
            events: 2,
            ..ReadReport::default()
        };
        report.lose(Loss::Note, "d1", "n1");
        let mut other = ReadReport {
            events: 3,
            ..ReadReport::default()
        };
        other.lose(Loss::Note, "d2", "n2");
        other.lose(Loss::CutToken, "d2", "t");
        report.merge(&other);
        assert_eq!((report.events, report.lost(Loss::Note)), (5, 2));
        assert_eq!(report.losses[&Loss::Note].first, "d1: n1");
        assert_eq!(report.losses[&Loss::CutToken].first, "d2: t");
        let text = report.to_string();
        assert!(text.contains("2: notes dropped (first: d1: n1)"), "{text}");
    }
}
