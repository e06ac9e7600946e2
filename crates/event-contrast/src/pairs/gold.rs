use std::collections::{BTreeMap, BTreeSet};

use super::types::Roles;
use super::{SentencePairs, Trigger};
use crate::amr::TokenSpan;
use crate::data::{self, EventDocument};

/// The pairs of a document's gold events, one item for each sentence that has a trigger with an
/// argument in the same sentence.
///
/// A trigger's arguments are what fills a role of its events, its negatives the entity mentions of
/// the sentence without a role in them. This is how an earlier version of the released code made its
/// pairs, from ACE. Spans are given once; a trigger is neither its own argument nor its own negative.
/// One trigger is enough: the negatives are entities, not arguments of other triggers.
pub fn gold_pairs(document: &EventDocument) -> Vec<SentencePairs> {
    let mut arguments: BTreeMap<usize, BTreeMap<TokenSpan, Roles<'_>>> = BTreeMap::new();
    for event in &document.events {
        for (index, mention) in event.mentions.iter().enumerate() {
            let sentence = mention.span.sentence;
            let trigger = local(mention.span);
            let triggers = arguments.entry(sentence).or_default();
            let own = triggers.entry(trigger).or_default();
            for argument in &event.arguments {
                if argument.mention.is_some_and(|mention| mention != index) {
                    continue;
                }
                let here = document.spans(argument.filler).into_iter();
                let here = here.filter(|span| span.sentence == sentence).map(local);
                for span in here.filter(|&span| span != trigger) {
                    own.entry(span).or_default().insert(argument.role.as_str());
                }
            }
        }
    }
    let mut entities: BTreeMap<usize, BTreeSet<TokenSpan>> = BTreeMap::new();
    for mention in document.entities.iter().flat_map(|entity| &entity.mentions) {
        let sentence = entities.entry(mention.span.sentence).or_default();
        sentence.insert(local(mention.span));
    }
    let none = BTreeSet::new();
    let sentences = arguments.into_iter().filter_map(|(sentence, triggers)| {
        let tokens = document.sentences.get(sentence)?.tokens.clone();
        let entities = entities.get(&sentence).unwrap_or(&none);
        let triggers: Vec<Trigger> = triggers
            .into_iter()
            .filter(|(_, own)| !own.is_empty())
            .map(|(trigger, own)| {
                let others = entities.iter().copied();
                let negatives = others.filter(|span| *span != trigger && !own.contains_key(span));
                Trigger::new(trigger, &own, negatives.collect())
            })
            .collect();
        (!triggers.is_empty()).then(|| SentencePairs {
            id: format!("{}#{sentence}", document.id),
            tokens,
            auto_aligned: false,
            triggers,
        })
    });
    sentences.collect()
}

fn local(span: data::TokenSpan) -> TokenSpan {
    TokenSpan::new(span.start, span.end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{
        Entity, EntityMention, Event, EventArgument, EventSentence, Filler, TriggerMention,
    };

    #[test]
    fn arguments_of_other_sentences_do_not_count() {
        let at = data::TokenSpan::new;
        let entity = |spans: &[data::TokenSpan]| Entity {
            mentions: spans
                .iter()
                .map(|&span| EntityMention {
                    id: String::new(),
                    span,
                })
                .collect(),
            ..Entity::default()
        };
        let event = |mentions: &[data::TokenSpan], arguments| Event {
            mentions: mentions
                .iter()
                .map(|&span| TriggerMention {
                    id: String::new(),
                    span,
                })
                .collect(),
            arguments,
            ..Event::default()
        };
        let of_second = EventArgument {
            mention: Some(1),
            ..EventArgument::new("Place", Filler::Span(at(1, 3, 5)))
        };
        let sentence = EventSentence {
            tokens: vec!["w".to_owned(); 6],
            ..EventSentence::default()
        };
        let document = EventDocument {
            id: "d".to_owned(),
            sentences: vec![sentence.clone(), sentence.clone(), sentence],
            entities: vec![entity(&[at(0, 0, 1), at(1, 0, 1)]), entity(&[at(0, 4, 5)])],
            events: vec![
                event(
                    &[at(0, 2, 3), at(1, 2, 3)],
                    vec![EventArgument::new("Agent", Filler::Entity(0)), of_second],
                ),
                event(
                    &[at(2, 1, 2)],
                    vec![EventArgument::new("Agent", Filler::Entity(0))],
                ),
            ],
            ..EventDocument::default()
        };
        let span = TokenSpan::new;
        let found = gold_pairs(&document);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].id.as_str(), found[1].id.as_str()), ("d#0", "d#1"));
        let triggers: Vec<&Trigger> = found.iter().flat_map(|pairs| &pairs.triggers).collect();
        let expected = [
            (
                span(2, 3),
                vec![span(0, 1)],
                vec!["Agent"],
                vec![span(4, 5)],
            ),
            (
                span(2, 3),
                vec![span(0, 1), span(3, 5)],
                vec!["Agent", "Place"],
                vec![],
            ),
        ];
        assert_eq!(triggers.len(), 2);
        for (trigger, (at, arguments, roles, negatives)) in triggers.into_iter().zip(expected) {
            assert_eq!(trigger.trigger, at);
            assert_eq!(trigger.arguments, arguments);
            assert_eq!(trigger.roles.concat(), roles);
            assert_eq!(trigger.negatives, negatives);
        }
    }
}
