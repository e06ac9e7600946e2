//! Writing the unified form.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::super::document::{EventDocument, Filler, TokenSpan, TriggerMention};
use super::super::output::write_lines;
use super::super::report::{Loss, ReadReport};
use super::record::{
    UnifiedArgument, UnifiedEntity, UnifiedEvent, UnifiedLine, UnifiedMention, UnifiedTrigger,
};
use crate::Result;

/// What a line holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnifiedUnit {
    /// A sentence, as OmniEvent's own conversion of MAVEN does. What lies in other sentences than
    /// the trigger is lost.
    #[default]
    Sentence,
    /// A document: its sentences with line ends between, so that reading it in lines gives the
    /// same sentences.
    Document,
}

/// Writes `documents` to `path` and says what the form could not hold: arguments that are events
/// ([`Loss::UnknownReference`]) and, sentence by sentence, those in other sentences
/// ([`Loss::CrossSentenceArgument`]). Type numbers, marks and relations are not part of the form.
///
/// The text is the tokens with one space between. Arguments of the event as a whole are repeated
/// with each trigger. A document with candidates has no `events`, as OmniEvent's test files.
///
/// # Errors
/// [`plm_core::Error::Invalid`] where a document fails [`EventDocument::validate`],
/// [`plm_core::Error::Io`] where `path` cannot be written.
pub fn write_unified(
    path: impl AsRef<Path>,
    documents: &[EventDocument],
    unit: UnifiedUnit,
) -> Result<ReadReport> {
    let mut report = ReadReport::default();
    let mut lines = Vec::new();
    for document in documents {
        document.validate()?;
        let writing = Writing::new(document);
        let all = 0..document.sentences.len();
        match unit {
            UnifiedUnit::Document => lines.push(writing.line(None, &mut report)),
            UnifiedUnit::Sentence => {
                lines.extend(all.map(|sentence| writing.line(Some(sentence), &mut report)));
            }
        }
    }
    write_lines(path.as_ref(), lines)?;
    Ok(report)
}

struct Writing<'a> {
    document: &'a EventDocument,
    texts: Vec<String>,
    /// Where each sentence begins in the document's text.
    starts: Vec<usize>,
    /// Where each token of each sentence lies in the sentence's text.
    places: Vec<Vec<(usize, usize)>>,
}

impl<'a> Writing<'a> {
    fn new(document: &'a EventDocument) -> Self {
        let mut writing = Self {
            document,
            texts: Vec::new(),
            starts: Vec::new(),
            places: Vec::new(),
        };
        let mut start = 0;
        for sentence in &document.sentences {
            let mut at = 0;
            let place = |token: &String| {
                let begin = at;
                let end = begin + token.chars().count();
                at = end + 1;
                (begin, end)
            };
            writing
                .places
                .push(sentence.tokens.iter().map(place).collect());
            let text = sentence.tokens.join(" ");
            writing.starts.push(start);
            start += text.chars().count() + 1;
            writing.texts.push(text);
        }
        writing
    }

    /// The line of one sentence, or of the document.
    fn line(&self, sentence: Option<usize>, report: &mut ReadReport) -> UnifiedLine {
        let document = self.document;
        let text = match sentence {
            Some(sentence) => self.texts[sentence].clone(),
            None => self.texts.join("\n"),
        };
        let inside = |span: TokenSpan| sentence.is_none_or(|sentence| sentence == span.sentence);
        let triggers = |mentions: &[TriggerMention]| -> Vec<UnifiedTrigger> {
            let within = mentions.iter().filter(|mention| inside(mention.span));
            within
                .map(|mention| self.trigger(mention, sentence))
                .collect()
        };
        let candidates = triggers(&document.candidates);
        let labeled = document.candidates.is_empty();
        let mut events = Vec::new();
        for index in 0..document.events.len() {
            events.extend(self.event(index, sentence, report));
        }
        let mut entities = Vec::new();
        for entity in &document.entities {
            let mentions: Vec<UnifiedMention> = entity
                .mentions
                .iter()
                .filter(|mention| inside(mention.span))
                .map(|mention| self.mention(Some(&mention.id), mention.span, sentence))
                .collect();
            if !mentions.is_empty() {
                entities.push(UnifiedEntity {
                    id: entity.id.clone(),
                    entity_type: entity.entity_type.clone(),
                    mentions,
                });
            }
        }
        UnifiedLine {
            id: document.id.clone(),
            text,
            title: document.title.clone(),
            events: (labeled || !events.is_empty()).then_some(events),
            negative_triggers: labeled.then(|| triggers(&document.negative_triggers)),
            candidates,
            entities,
        }
    }

    fn event(
        &self,
        index: usize,
        sentence: Option<usize>,
        report: &mut ReadReport,
    ) -> Option<UnifiedEvent> {
        let event = &self.document.events[index];
        let inside = |span: TokenSpan| sentence.is_none_or(|sentence| sentence == span.sentence);
        let mut triggers = Vec::new();
        for (number, mention) in event.mentions.iter().enumerate() {
            if !inside(mention.span) {
                continue;
            }
            let mut arguments = Vec::new();
            for argument in &event.arguments {
                if argument.mention.is_some_and(|mention| mention != number) {
                    continue;
                }
                let item = format!("{} of {}", argument.role, event.id);
                let id = match argument.filler {
                    Filler::Event(_) => {
                        report.lose(Loss::UnknownReference, &self.document.id, &item);
                        continue;
                    }
                    Filler::Entity(at) => Some(self.document.entities[at].id.clone()),
                    Filler::Span(_) => None,
                };
                let mentions: Vec<UnifiedMention> = self
                    .document
                    .spans(argument.filler)
                    .into_iter()
                    .filter(|&span| inside(span))
                    .map(|span| self.mention(None, span, sentence))
                    .collect();
                if mentions.is_empty() {
                    report.lose(Loss::CrossSentenceArgument, &self.document.id, &item);
                    continue;
                }
                arguments.push(UnifiedArgument {
                    id,
                    role: argument.role.clone(),
                    mentions,
                });
            }
            triggers.push(UnifiedTrigger {
                arguments: Some(arguments),
                ..self.trigger(mention, sentence)
            });
        }
        (!triggers.is_empty()).then(|| UnifiedEvent {
            id: Some(event.id.clone()),
            event_type: event.event_type.clone(),
            triggers,
        })
    }

    fn trigger(&self, mention: &TriggerMention, sentence: Option<usize>) -> UnifiedTrigger {
        let found = self.mention(None, mention.span, sentence);
        UnifiedTrigger {
            id: Some(mention.id.clone()),
            trigger_word: found.mention,
            position: found.position,
            arguments: None,
        }
    }

    fn mention(
        &self,
        id: Option<&String>,
        span: TokenSpan,
        sentence: Option<usize>,
    ) -> UnifiedMention {
        let shift = sentence.map_or(self.starts[span.sentence], |_| 0);
        let places = &self.places[span.sentence][span.start..span.end];
        let tokens = &self.document.sentences[span.sentence].tokens[span.start..span.end];
        UnifiedMention {
            mention_id: id.cloned(),
            mention: Some(tokens.join(" ")),
            position: (
                places.first().map_or(0, |place| place.0) + shift,
                places.last().map_or(0, |place| place.1) + shift,
            ),
        }
    }
}
