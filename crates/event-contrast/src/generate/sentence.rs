//! Words, graph and gold events of a sentence, side by side.

use super::config::GeneratorConfig;
use super::draft::{Draft, Drafter, Participant};
use super::event_types::Slot;
use super::graph::SentenceGraph;
use super::lexicon::{ADJECTIVES, CONCESSIONS, PLACE, SCENERY, STATES, TIME, UNCOUNTED};
use crate::data::{
    Entity, EntityMention, Event, EventArgument, EventDocument, EventSentence, Filler, TokenSpan,
    TriggerMention,
};

/// A sentence being written.
pub(super) struct Sentence<'a> {
    pub(super) drafter: Drafter<'a>,
    pub(super) graph: SentenceGraph,
    tokens: Vec<String>,
    entities: Vec<Entity>,
    /// The node of each entity.
    nodes: Vec<usize>,
    events: Vec<Event>,
    /// Tokens with a meaning that trigger nothing.
    others: Vec<usize>,
}

impl<'a> Sentence<'a> {
    pub(super) fn new(drafter: Drafter<'a>) -> Self {
        Self {
            drafter,
            graph: SentenceGraph::default(),
            tokens: Vec::new(),
            entities: Vec::new(),
            nodes: Vec::new(),
            events: Vec::new(),
            others: Vec::new(),
        }
    }

    pub(super) fn config(&self) -> &GeneratorConfig {
        self.drafter.config
    }

    /// Says a word and returns its place.
    pub(super) fn say(&mut self, word: &str) -> usize {
        self.tokens.push(word.to_owned());
        self.tokens.len() - 1
    }

    /// Says a word with a meaning and returns its node.
    pub(super) fn concept(&mut self, word: &str, concept: &str) -> usize {
        let at = self.say(word);
        self.graph.add(concept, Some((at, at + 1)))
    }

    /// Says who or what, with article and perhaps adjective, and returns the entity.
    pub(super) fn participant(&mut self, participant: Participant) -> usize {
        if let Some(concept) = participant.named {
            return self.name(participant, concept);
        }
        let adjective = self
            .drafter
            .happens(self.config().modifiers)
            .then(|| self.drafter.word(ADJECTIVES));
        let next = adjective.unwrap_or(participant.word);
        let definite = UNCOUNTED.contains(&participant.word) || self.drafter.happens(0.7);
        self.say(match definite {
            true => "the",
            false if next.starts_with(['a', 'e', 'i', 'o', 'u']) => "an",
            false => "a",
        });
        let modifier = adjective.map(|adjective| {
            self.others.push(self.tokens.len());
            self.concept(adjective, adjective)
        });
        let at = self.tokens.len();
        let node = self.concept(participant.word, participant.word);
        if let Some(modifier) = modifier {
            self.graph.link(node, "mod", modifier);
        }
        self.entity(participant.entity_type, at, node)
    }

    fn name(&mut self, participant: Participant, concept: &str) -> usize {
        let at = self.say(participant.word);
        let span = Some((at, at + 1));
        let node = self.graph.add(concept, span);
        let name = self.graph.add("name", span);
        let string = self.graph.add_string(participant.word, span);
        self.graph.link(node, "name", name);
        self.graph.link(name, "op1", string);
        self.entity(participant.entity_type, at, node)
    }

    fn entity(&mut self, entity_type: &str, at: usize, node: usize) -> usize {
        self.others.push(at);
        let id = format!("entity-{}", self.entities.len());
        self.entities.push(Entity {
            id: id.clone(),
            entity_type: Some(entity_type.to_owned()),
            mentions: vec![EntityMention {
                id,
                span: TokenSpan::new(0, at, at + 1),
            }],
        });
        self.nodes.push(node);
        self.entities.len() - 1
    }

    /// Says the trigger and returns the event and its node.
    pub(super) fn trigger(&mut self, draft: &Draft, participle: bool) -> (usize, usize) {
        let word = match participle {
            true => draft.trigger.participle,
            false => draft.trigger.past,
        };
        let at = self.tokens.len();
        let node = self.concept(word, &format!("{}-01", draft.trigger.lemma));
        let id = format!("event-{}", self.events.len());
        self.events.push(Event {
            id: id.clone(),
            event_type: draft.kind.name.to_owned(),
            type_id: Some(draft.index + 1),
            mentions: vec![TriggerMention {
                id,
                span: TokenSpan::new(0, at, at + 1),
            }],
            ..Event::default()
        });
        (self.events.len() - 1, node)
    }

    /// Makes `entity` fill a role of `event`.
    pub(super) fn fill(
        &mut self,
        event: (usize, usize),
        role: &str,
        relation: &str,
        entity: usize,
    ) {
        self.graph.link(event.1, relation, self.nodes[entity]);
        let argument = EventArgument::new(role, Filler::Entity(entity));
        self.events[event.0].arguments.push(argument);
    }

    /// Makes `entity` fill `slot` of `event`.
    pub(super) fn fill_slot(&mut self, event: (usize, usize), slot: &Slot, entity: usize) {
        self.fill(event, slot.role, slot.relation, entity);
    }

    /// Says what fills `slot` of `event`, after its preposition, and returns the entity.
    pub(super) fn say_slot(
        &mut self,
        event: (usize, usize),
        slot: &Slot,
        participant: Participant,
    ) -> usize {
        if let Some(preposition) = slot.preposition {
            self.say(preposition);
        }
        let entity = self.participant(participant);
        self.fill_slot(event, slot, entity);
        entity
    }

    /// Says the third role, the place and the time of `event`.
    pub(super) fn rest(&mut self, event: (usize, usize), draft: &Draft) {
        if let (Some(slot), Some(third)) = (&draft.kind.third, draft.third) {
            self.say_slot(event, slot, third);
        }
        if let Some((preposition, place)) = draft.place {
            self.say(preposition);
            let entity = self.participant(place);
            self.fill(event, PLACE, "location", entity);
        }
        if let Some((preposition, word)) = draft.time {
            if let Some(preposition) = preposition {
                self.say(preposition);
            }
            let at = self.tokens.len();
            let node = self.concept(word, &word.to_lowercase());
            let entity = self.entity(TIME, at, node);
            self.fill(event, TIME, "time", entity);
        }
    }

    /// Says of the scenery what it was like, and returns the node.
    pub(super) fn scenery(&mut self) -> usize {
        let opening = self.drafter.word(CONCESSIONS);
        let (noun, state) = (self.drafter.word(SCENERY), self.drafter.word(STATES));
        self.say(opening);
        self.say("the");
        let thing = self.concept(noun, noun);
        self.say("was");
        let node = self.concept(state, state);
        self.others
            .extend([self.tokens.len() - 3, self.tokens.len() - 1]);
        self.graph.link(node, "domain", thing);
        node
    }

    /// The whole as document `id`, with its graph.
    pub(super) fn finish(mut self, id: String) -> (EventDocument, SentenceGraph) {
        if let Some(first) = self.tokens.first_mut() {
            let mut letters = first.chars();
            if let Some(letter) = letters.next() {
                *first = letter.to_uppercase().chain(letters).collect();
            }
        }
        for index in 0..self.graph.nodes.len() {
            if self.drafter.happens(self.drafter.config.unaligned) {
                self.graph.nodes[index].span = None;
            }
        }
        self.others.sort_unstable();
        let document = EventDocument {
            id,
            negative_triggers: self
                .others
                .iter()
                .map(|&at| TriggerMention {
                    id: format!("token-{at}"),
                    span: TokenSpan::new(0, at, at + 1),
                })
                .collect(),
            sentences: vec![EventSentence {
                text: Some(self.tokens.join(" ")),
                tokens: self.tokens,
                characters: None,
            }],
            entities: self.entities,
            events: self.events,
            ..EventDocument::default()
        };
        (document, self.graph)
    }
}
