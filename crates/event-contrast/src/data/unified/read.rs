//! Reading the unified form.

use std::collections::HashMap;
use std::io::BufRead;

use plm_core::data::Lines;

use super::super::document::{
    Entity, EntityMention, Event, EventArgument, EventDocument, Filler, TriggerMention,
};
use super::super::lines::{EventReader, LineContext, parse};
use super::super::places::Places;
use super::super::report::Loss;
use super::super::segment::TextLayout;
use super::record::{UnifiedArgument, UnifiedEntity, UnifiedLine, UnifiedTrigger};
use crate::Result;

/// The documents of a file in OmniEvent's unified form: positions are characters of `text`.
///
/// Tokens stand between white space and the text is one sentence, unless told otherwise by
/// [`EventReader::with_layout`]. Arguments belong to their trigger. An argument whose `id` is that
/// of an entity is that entity; of any other, each mention is an argument. Items without a name
/// are numbered.
///
/// Items are errors where a line is not of this form.
pub fn read_unified<R: BufRead>(lines: Lines<R>) -> EventReader<R> {
    EventReader::new(lines, TextLayout::default(), read)
}

fn read(text: &str, context: &mut LineContext<'_>) -> Result<EventDocument, String> {
    let line: UnifiedLine = parse(text)?;
    let spans = spans(&line);
    let mut places = Places::new(&line.id, &line.text, context.layout, spans, context.report);
    let entities = place_entities(line.entities, &mut places);
    let index: HashMap<String, usize> = entities
        .iter()
        .enumerate()
        .map(|(at, entity)| (entity.id.clone(), at))
        .collect();
    let mut events = Vec::new();
    for (number, event) in line.events.into_iter().flatten().enumerate() {
        let id = event.id.unwrap_or_else(|| number.to_string());
        let mut mentions = Vec::new();
        let mut arguments = Vec::new();
        for (number, trigger) in event.triggers.into_iter().enumerate() {
            let Some(mention) = place_trigger(&trigger, || format!("{id}-{number}"), &mut places)
            else {
                continue;
            };
            for argument in trigger.arguments.into_iter().flatten() {
                let place = mentions.len();
                arguments.extend(place_argument(argument, &id, place, &index, &mut places));
            }
            mentions.push(mention);
        }
        if mentions.is_empty() {
            places.lose(Loss::EventWithoutMention, &id);
            continue;
        }
        events.push(Event {
            id,
            event_type: event.event_type,
            mentions,
            arguments,
            ..Event::default()
        });
    }
    let mut place_all = |triggers: Vec<UnifiedTrigger>| -> Vec<TriggerMention> {
        let numbered = triggers.iter().enumerate();
        numbered
            .filter_map(|(at, trigger)| place_trigger(trigger, || at.to_string(), &mut places))
            .collect()
    };
    let negative_triggers = place_all(line.negative_triggers.unwrap_or_default());
    let candidates = place_all(line.candidates);
    let sentences = places.sentences();
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

/// Every annotated span.
fn spans(line: &UnifiedLine) -> Vec<(usize, usize)> {
    let mut spans: Vec<(usize, usize)> = line
        .negative_triggers
        .iter()
        .flatten()
        .chain(&line.candidates)
        .map(|trigger| trigger.position)
        .collect();
    for entity in &line.entities {
        spans.extend(entity.mentions.iter().map(|mention| mention.position));
    }
    for trigger in line.events.iter().flatten().flat_map(|e| &e.triggers) {
        spans.push(trigger.position);
        for argument in trigger.arguments.iter().flatten() {
            spans.extend(argument.mentions.iter().map(|mention| mention.position));
        }
    }
    spans
}

fn place_trigger(
    trigger: &UnifiedTrigger,
    name: impl FnOnce() -> String,
    places: &mut Places<'_>,
) -> Option<TriggerMention> {
    let id = trigger.id.clone().unwrap_or_else(name);
    let span = places.find(&id, trigger.position, trigger.trigger_word.as_deref())?;
    Some(TriggerMention { id, span })
}

fn place_argument(
    argument: UnifiedArgument,
    event: &str,
    mention: usize,
    entities: &HashMap<String, usize>,
    places: &mut Places<'_>,
) -> Vec<EventArgument> {
    let make = |filler| EventArgument {
        role: argument.role.clone(),
        filler,
        mention: Some(mention),
    };
    if let Some(&at) = argument.id.as_ref().and_then(|id| entities.get(id)) {
        return vec![make(Filler::Entity(at))];
    }
    let item = format!("{} of {event}", argument.role);
    argument
        .mentions
        .iter()
        .filter_map(|m| places.find(&item, m.position, m.mention.as_deref()))
        .map(|span| make(Filler::Span(span)))
        .collect()
}

fn place_entities(entities: Vec<UnifiedEntity>, places: &mut Places<'_>) -> Vec<Entity> {
    let mut placed = Vec::with_capacity(entities.len());
    for entity in entities {
        let mut mentions = Vec::new();
        for (number, mention) in entity.mentions.into_iter().enumerate() {
            let id = mention
                .mention_id
                .unwrap_or_else(|| format!("{}-{number}", entity.id));
            let span = places.find(&id, mention.position, mention.mention.as_deref());
            mentions.extend(span.map(|span| EntityMention { id, span }));
        }
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
