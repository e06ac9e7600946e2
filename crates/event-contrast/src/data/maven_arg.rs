//! MAVEN-Arg (Wang et al. 2023): MAVEN's documents with arguments, in characters.

use std::collections::{BTreeMap, HashMap};
use std::io::BufRead;

use plm_core::data::Lines;
use serde::Deserialize;

use super::document::{
    Entity, EntityMention, Event, EventArgument, EventDocument, Filler, TriggerMention,
};
use super::lines::{EventReader, LineContext, parse};
use super::places::Places;
use super::report::Loss;
use super::segment::{SentenceSplit, TextLayout, Tokenization};
use crate::Result;

#[derive(Deserialize)]
struct Line {
    id: String,
    title: Option<String>,
    document: String,
    #[serde(default)]
    events: Vec<ArgEvent>,
    #[serde(default)]
    entities: Vec<ArgEntity>,
    #[serde(default)]
    negative_triggers: Vec<Mention>,
    #[serde(default)]
    candidates: Vec<Mention>,
}

#[derive(Deserialize)]
struct ArgEvent {
    id: String,
    #[serde(rename = "type")]
    event_type: String,
    type_id: Option<usize>,
    mention: Vec<Mention>,
    #[serde(default)]
    argument: BTreeMap<String, Vec<Argument>>,
}

#[derive(Deserialize)]
struct ArgEntity {
    id: String,
    #[serde(rename = "type")]
    entity_type: Option<String>,
    mention: Vec<Mention>,
}

#[derive(Deserialize)]
struct Mention {
    id: String,
    #[serde(alias = "trigger_word")]
    mention: Option<String>,
    offset: (usize, usize),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Argument {
    Entity {
        entity_id: String,
    },
    Span {
        content: Option<String>,
        offset: (usize, usize),
    },
}

/// The documents of a MAVEN-Arg file, in sentences.
///
/// The file's documents are tokenized but not in sentences. Those that we make end at full stops,
/// question and exclamation marks, unless told otherwise by [`EventReader::with_layout`]; what
/// crosses such an end is dropped and counted. Arguments belong to the event, that is to all its
/// mentions.
///
/// Items are errors where a line is not such a document.
pub fn read_maven_arg<R: BufRead>(lines: Lines<R>) -> EventReader<R> {
    let layout = TextLayout::new(Tokenization::Whitespace, SentenceSplit::Marks);
    EventReader::new(lines, layout, read)
}

fn read(text: &str, context: &mut LineContext<'_>) -> Result<EventDocument, String> {
    let line: Line = parse(text)?;
    let spans = line.spans();
    let mut places = Places::new(
        &line.id,
        &line.document,
        context.layout,
        spans,
        context.report,
    );
    let entities = place_entities(line.entities, &mut places);
    let index: HashMap<&str, usize> = entities
        .iter()
        .enumerate()
        .map(|(at, entity)| (entity.id.as_str(), at))
        .collect();
    let mut events = Vec::with_capacity(line.events.len());
    for event in line.events {
        let mentions = place_triggers(event.mention, &mut places);
        if mentions.is_empty() {
            places.lose(Loss::EventWithoutMention, &event.id);
            continue;
        }
        let mut arguments = Vec::new();
        for (role, fillers) in event.argument {
            let item = format!("{role} of {}", event.id);
            for filler in fillers {
                let filler = match filler {
                    Argument::Entity { entity_id } => {
                        let found = index.get(entity_id.as_str());
                        if found.is_none() {
                            places.lose(Loss::UnknownReference, &format!("{item}: {entity_id}"));
                        }
                        found.map(|&at| Filler::Entity(at))
                    }
                    Argument::Span { content, offset } => places
                        .find(&item, offset, content.as_deref())
                        .map(Filler::Span),
                };
                arguments.extend(filler.map(|filler| EventArgument::new(&role, filler)));
            }
        }
        events.push(Event {
            id: event.id,
            event_type: event.event_type,
            type_id: event.type_id,
            mentions,
            arguments,
            ..Event::default()
        });
    }
    let negative_triggers = place_triggers(line.negative_triggers, &mut places);
    let candidates = place_triggers(line.candidates, &mut places);
    let sentences = places.sentences();
    drop(index);
    Ok(EventDocument {
        id: line.id,
        title: line.title,
        sentences,
        entities,
        events,
        negative_triggers,
        candidates,
        ..EventDocument::default()
    })
}

impl Line {
    /// Every annotated span.
    fn spans(&self) -> Vec<(usize, usize)> {
        let triggers = self.events.iter().flat_map(|event| &event.mention);
        let entities = self.entities.iter().flat_map(|entity| &entity.mention);
        let others = self.negative_triggers.iter().chain(&self.candidates);
        let arguments = self
            .events
            .iter()
            .flat_map(|event| event.argument.values().flatten());
        let mentions = triggers.chain(entities).chain(others);
        mentions
            .map(|mention| mention.offset)
            .chain(arguments.filter_map(|argument| match argument {
                Argument::Entity { .. } => None,
                Argument::Span { offset, .. } => Some(*offset),
            }))
            .collect()
    }
}

fn place_triggers(mentions: Vec<Mention>, places: &mut Places<'_>) -> Vec<TriggerMention> {
    mentions
        .into_iter()
        .filter_map(|mention| {
            let span = places.find(&mention.id, mention.offset, mention.mention.as_deref())?;
            Some(TriggerMention {
                id: mention.id,
                span,
            })
        })
        .collect()
}

fn place_entities(entities: Vec<ArgEntity>, places: &mut Places<'_>) -> Vec<Entity> {
    let mut placed = Vec::with_capacity(entities.len());
    for entity in entities {
        let mentions: Vec<EntityMention> = place_triggers(entity.mention, places)
            .into_iter()
            .map(|mention| EntityMention {
                id: mention.id,
                span: mention.span,
            })
            .collect();
        if mentions.is_empty() {
            places.lose(Loss::EntityWithoutMention, &entity.id);
            continue;
        }
        placed.push(Entity {
            id: entity.id,
            entity_type: entity.entity_type,
            mentions,
        });
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::super::document::TokenSpan;
    use super::*;

    const LINE: &str = r#"{"id":"d","title":"Tour","document":"The tour supported her albums . Madonna sang in Rome . She left .","events":[{"id":"E1","type":"Supporting","type_id":42,"mention":[{"id":"t1","trigger_word":"supported","offset":[9,18]}],"argument":{"Agent":[{"content":"The tour","offset":[0,8]}],"Location":[{"entity_id":"P"},{"entity_id":"gone"}],"Content":[],"Patient":[{"content":"albums . Madonna","offset":[23,39]}]}},{"id":"E2","type":"X","type_id":1,"mention":[{"id":"t2","trigger_word":"?","offset":[90,95]}]}],"entities":[{"id":"P","type":"Location","mention":[{"id":"p1","mention":"Rome","offset":[48,52]},{"id":"p2","mention":"eft","offset":[60,63]}]}]}"#;

    #[test]
    fn sentences_arguments_and_losses() {
        let mut reader = read_maven_arg(Lines::new(LINE.as_bytes(), "a.jsonl"));
        let document = reader.next().unwrap().unwrap();
        document.validate().unwrap();
        let lengths: Vec<usize> = document.sentences.iter().map(|s| s.tokens.len()).collect();
        assert_eq!(lengths, [6, 5, 4]);
        let event = &document.events[0];
        assert_eq!(event.mentions[0].span, TokenSpan::new(0, 2, 3));
        assert_eq!(
            event.arguments,
            [
                EventArgument::new("Agent", Filler::Span(TokenSpan::new(0, 0, 2))),
                EventArgument::new("Location", Filler::Entity(0)),
            ]
        );
        let spans = document.spans(Filler::Entity(0));
        assert_eq!(spans, [TokenSpan::new(1, 3, 4), TokenSpan::new(2, 2, 3)]);
        assert_eq!(document.sentences[2].tokens, ["She", "l", "eft", "."]);
        let report = reader.report();
        for loss in [
            Loss::CrossSentenceSpan,
            Loss::UnknownReference,
            Loss::EventWithoutMention,
            Loss::UnalignedSpan,
            Loss::CutToken,
            Loss::CrossSentenceArgument,
        ] {
            assert_eq!(report.lost(loss), 1, "{loss}");
        }
        assert_eq!(report.lost(Loss::TextMismatch), 0);
    }

    #[test]
    fn another_layout_keeps_what_crosses_sentences() {
        let whole = TextLayout::new(Tokenization::Whitespace, SentenceSplit::Whole);
        let lines = Lines::new(LINE.as_bytes(), "a.jsonl");
        let mut reader = read_maven_arg(lines).with_layout(whole);
        let document = reader.next().unwrap().unwrap();
        assert_eq!(document.sentences.len(), 1);
        assert_eq!(document.events[0].arguments.len(), 3);
        assert_eq!(reader.report().lost(Loss::CrossSentenceArgument), 0);
    }

    #[test]
    fn errors_name_the_line() {
        let text = LINE.replace(r#""offset":[0,8]"#, r#""offset":[0]"#);
        let lines = Lines::new(text.as_bytes(), "a.jsonl");
        let error = read_maven_arg(lines).next().unwrap().unwrap_err();
        assert!(
            error.to_string().starts_with("a.jsonl:1: column"),
            "{error}"
        );
    }
}
