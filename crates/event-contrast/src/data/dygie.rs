//! DyGIE++ (Wadden et al. 2019).

use std::collections::HashMap;
use std::io::BufRead;
use std::ops::Range;

use plm_core::data::{DygieDocument, Lines};

use super::document::{
    Entity, EntityMention, Event, EventArgument, EventDocument, EventSentence, Filler, Relation,
    TokenSpan, TriggerMention,
};
use super::lines::{EventReader, LineContext, parse};
use super::report::Loss;
use super::segment::TextLayout;
use crate::Result;

/// The documents of a DyGIE++ file with `events`.
///
/// Arguments are spans. Entities are the mentions of `ner`; those of one coreference cluster are
/// one entity, which takes the type of its first typed mention. A document without `doc_key` is
/// named after its line.
///
/// Items are errors where a line is not such a document or fails
/// [`DygieDocument::validate`].
pub fn read_dygie_events<R: BufRead>(lines: Lines<R>) -> EventReader<R> {
    EventReader::new(lines, TextLayout::default(), read)
}

fn read(text: &str, context: &mut LineContext<'_>) -> Result<EventDocument, String> {
    let dygie: DygieDocument = parse(text)?;
    dygie.validate().map_err(|error| error.to_string())?;
    let mut reading = Reading {
        id: dygie
            .doc_key
            .clone()
            .unwrap_or_else(|| context.number.to_string()),
        ranges: dygie.sentence_ranges(),
        context,
    };
    let entities = reading.entities(&dygie);
    let events = reading.events(&dygie);
    let relations = reading.relations(&dygie);
    Ok(EventDocument {
        id: reading.id,
        sentences: dygie
            .sentences
            .into_iter()
            .map(|tokens| EventSentence {
                tokens,
                ..EventSentence::default()
            })
            .collect(),
        entities,
        events,
        relations,
        ..EventDocument::default()
    })
}

struct Reading<'a, 'b> {
    id: String,
    ranges: Vec<Range<usize>>,
    context: &'a mut LineContext<'b>,
}

impl Reading<'_, '_> {
    /// The span of tokens `start..=end` of the document.
    fn span(&mut self, item: &str, start: usize, end: usize) -> Option<TokenSpan> {
        let sentence = self.ranges.partition_point(|range| range.end <= start);
        let range = self.ranges.get(sentence)?;
        if !range.contains(&end) {
            let report = &mut self.context.report;
            report.lose(Loss::CrossSentenceSpan, &self.id, item);
            return None;
        }
        let begin = range.start;
        Some(TokenSpan::new(sentence, start - begin, end + 1 - begin))
    }

    fn entities(&mut self, dygie: &DygieDocument) -> Vec<Entity> {
        let mut entities: Vec<Entity> = Vec::new();
        let mut place: HashMap<(usize, usize), usize> = HashMap::new();
        for cluster in dygie.clusters.iter().flatten() {
            let mut mentions = Vec::new();
            for &(start, end) in cluster {
                let id = format!("{start}-{end}");
                if let Some(span) = self.span(&id, start, end) {
                    place.entry((start, end)).or_insert(entities.len());
                    mentions.push(EntityMention { id, span });
                }
            }
            if let Some(first) = mentions.first() {
                let id = first.id.clone();
                entities.push(Entity {
                    id,
                    entity_type: None,
                    mentions,
                });
            }
        }
        for mention in dygie.ner.iter().flatten().flatten() {
            let (start, end) = (mention.start, mention.end);
            let label = || Some(mention.label.clone());
            let clustered = place.get(&(start, end)).copied();
            if let Some(entity) = clustered.map(|at| &mut entities[at])
                && (entity.entity_type.is_none() || entity.entity_type == label())
            {
                entity.entity_type = label();
                continue;
            }
            let id = format!("{start}-{end}");
            if let Some(span) = self.span(&id, start, end) {
                entities.push(Entity {
                    id: id.clone(),
                    entity_type: label(),
                    mentions: vec![EntityMention { id, span }],
                });
            }
        }
        entities
    }

    fn events(&mut self, dygie: &DygieDocument) -> Vec<Event> {
        let mut events = Vec::new();
        for (number, event) in dygie.events.iter().flatten().flatten().enumerate() {
            let id = number.to_string();
            let Some(span) = self.span(&id, event.trigger, event.trigger) else {
                continue;
            };
            let mut arguments = Vec::new();
            for argument in &event.arguments {
                let item = format!("{} of event {number}", argument.role);
                let span = self.span(&item, argument.start, argument.end);
                arguments.extend(
                    span.map(|span| EventArgument::new(&argument.role, Filler::Span(span))),
                );
            }
            events.push(Event {
                id: id.clone(),
                event_type: event.event_type.clone(),
                mentions: vec![TriggerMention { id, span }],
                arguments,
                ..Event::default()
            });
        }
        events
    }

    fn relations(&mut self, dygie: &DygieDocument) -> Vec<Relation> {
        let mut relations = Vec::new();
        for relation in dygie.relations.iter().flatten().flatten() {
            let mut end = |role: &str, (first, last)| {
                let item = format!("{role} of relation {}", relation.label);
                let span = self.span(&item, first, last)?;
                Some(EventArgument::new(role, Filler::Span(span)))
            };
            let ends = (
                end("subject", relation.subject),
                end("object", relation.object),
            );
            if let (Some(subject), Some(object)) = ends {
                relations.push(Relation {
                    relation_type: relation.label.clone(),
                    arguments: vec![subject, object],
                });
            }
        }
        relations
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"doc_key":"k","sentences":[["Smith","was","shot"],["He","died","in","Rome"]],"ner":[[[0,0,"PER"]],[[6,6,"GPE"]]],"relations":[[],[[3,3,6,6,"PHYS"]]],"events":[[[[2,"Attack"],[0,0,"Target"],[6,6,"Place"],[2,3,"Odd"]]],[[[4,"Die"]]]],"clusters":[[[0,0],[3,3]]]}"#;

    #[test]
    fn events_entities_and_losses() {
        let mut reader = read_dygie_events(Lines::new(LINE.as_bytes(), "d.jsonl"));
        let document = reader.next().unwrap().unwrap();
        document.validate().unwrap();
        let attack = &document.events[0];
        assert_eq!(attack.mentions[0].span, TokenSpan::new(0, 2, 3));
        assert_eq!(
            attack.arguments,
            [
                EventArgument::new("Target", Filler::Span(TokenSpan::new(0, 0, 1))),
                EventArgument::new("Place", Filler::Span(TokenSpan::new(1, 3, 4))),
            ]
        );
        assert_eq!(document.events[1].mentions[0].span, TokenSpan::new(1, 1, 2));
        assert_eq!(document.entities.len(), 2);
        assert_eq!(document.entities[0].entity_type.as_deref(), Some("PER"));
        assert_eq!(document.entities[0].mentions.len(), 2);
        assert_eq!(document.relations[0].arguments[1].role, "object");
        let report = reader.report();
        assert_eq!(report.lost(Loss::CrossSentenceArgument), 1);
        assert_eq!(report.lost(Loss::CrossSentenceSpan), 1);
    }

    #[test]
    fn a_document_without_name_has_its_line() {
        let text = "\n{\"sentences\":[[\"a\"]]}\n{\"sentences\":[[\"\"]]}";
        let mut reader = read_dygie_events(Lines::new(text.as_bytes(), "d.jsonl"));
        assert_eq!(reader.next().unwrap().unwrap().id, "2");
        let error = reader.next().unwrap().unwrap_err().to_string();
        assert!(error.contains("d.jsonl:3: "), "{error}");
        assert!(error.contains("token 0 is empty"), "{error}");
    }
}
