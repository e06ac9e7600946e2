//! From standoff annotations to events and entities.

use std::collections::{HashMap, HashSet};

use super::super::document::{
    Entity, EntityMention, Event, EventArgument, EventDocument, Filler, Relation, TokenSpan,
    TriggerMention,
};
use super::super::places::Places;
use super::super::report::Loss;
use super::annotation::Annotation;
use super::read::StandoffFile;

/// What the names of a file stand for.
pub(super) struct Names<'a> {
    bound: HashMap<&'a str, &'a Annotation>,
    triggers: HashSet<&'a str>,
}

impl<'a> Names<'a> {
    /// The names in `file`, or one that has two annotations.
    pub(super) fn new(file: &'a StandoffFile) -> Result<Self, &'a str> {
        let mut names = Self {
            bound: HashMap::new(),
            triggers: HashSet::new(),
        };
        let mut events = HashSet::new();
        for annotation in &file.annotations {
            match annotation {
                Annotation::TextBound { id, label, .. } => {
                    if names.bound.insert(id, annotation).is_some() {
                        return Err(id);
                    }
                    if file.triggers.contains(label) {
                        names.triggers.insert(id);
                    }
                }
                Annotation::Event { id, trigger, .. } => {
                    if !events.insert(id.as_str()) {
                        return Err(id);
                    }
                    names.triggers.insert(trigger);
                }
                _ => {}
            }
        }
        Ok(names)
    }
}

/// What was gathered so far.
#[derive(Default)]
pub(super) struct Gathered {
    entities: Vec<Entity>,
    events: Vec<Event>,
    relations: Vec<Relation>,
}

impl Gathered {
    /// Adds the annotations of a file.
    pub(super) fn add(&mut self, file: &StandoffFile, names: &Names<'_>, places: &mut Places<'_>) {
        let mut fillers = self.add_entities(file, names, places);
        let mut spans: HashMap<&str, Option<TokenSpan>> = HashMap::new();
        let first = self.events.len();
        let mut pending = Vec::new();
        for annotation in &file.annotations {
            let (id, label, trigger, arguments): (&str, &str, &str, &[_]) = match annotation {
                Annotation::Event {
                    id,
                    label,
                    trigger,
                    arguments,
                } => (id, label, trigger, arguments),
                Annotation::TextBound { id, label, .. } if file.triggers.contains(label) => {
                    (id, label, id, &[])
                }
                _ => continue,
            };
            let Some(bound) = names.bound.get(trigger) else {
                places.lose(Loss::UnknownReference, &format!("{trigger} of {id}"));
                places.lose(Loss::EventWithoutMention, id);
                continue;
            };
            let span = *spans.entry(trigger).or_insert_with(|| find(bound, places));
            let Some(span) = span else {
                places.lose(Loss::EventWithoutMention, id);
                continue;
            };
            fillers.entry(trigger).or_insert(Filler::Span(span));
            fillers.insert(id, Filler::Event(self.events.len()));
            pending.push((id, arguments));
            self.events.push(Event {
                id: id.to_owned(),
                event_type: label.to_owned(),
                mentions: vec![TriggerMention {
                    id: trigger.to_owned(),
                    span,
                }],
                ..Event::default()
            });
        }
        for (event, (id, arguments)) in self.events[first..].iter_mut().zip(pending) {
            event.arguments = resolve(id, arguments, &fillers, places);
        }
        self.add_others(file, &fillers, places);
    }

    /// Adds the entities, those of an equivalence as one, and returns what their names stand for.
    fn add_entities<'a>(
        &mut self,
        file: &'a StandoffFile,
        names: &Names<'_>,
        places: &mut Places<'_>,
    ) -> HashMap<&'a str, Filler> {
        let mut groups = Groups::default();
        for annotation in &file.annotations {
            let Annotation::Equivalence { members } = annotation else {
                continue;
            };
            let mut first = None;
            for member in members {
                if !names.bound.contains_key(member.as_str()) {
                    places.lose(
                        Loss::UnknownReference,
                        &format!("{member} of an equivalence"),
                    );
                    continue;
                }
                groups.join(first.get_or_insert(member), member);
            }
        }
        let mut fillers = HashMap::new();
        let mut entities: HashMap<&str, usize> = HashMap::new();
        for annotation in &file.annotations {
            let Annotation::TextBound { id, label, .. } = annotation else {
                continue;
            };
            if names.triggers.contains(id.as_str()) {
                continue;
            }
            let Some(span) = find(annotation, places) else {
                places.lose(Loss::EntityWithoutMention, id);
                continue;
            };
            let at = *entities
                .entry(groups.root(id))
                .or_insert(self.entities.len());
            if at == self.entities.len() {
                self.entities.push(Entity {
                    id: id.clone(),
                    entity_type: Some(label.clone()),
                    mentions: Vec::new(),
                });
            }
            self.entities[at].mentions.push(EntityMention {
                id: id.clone(),
                span,
            });
            fillers.insert(id.as_str(), Filler::Entity(at));
        }
        fillers
    }

    /// Adds marks, relations and notes.
    fn add_others(
        &mut self,
        file: &StandoffFile,
        fillers: &HashMap<&str, Filler>,
        places: &mut Places<'_>,
    ) {
        for annotation in &file.annotations {
            match annotation {
                Annotation::Mark { label, target } => match fillers.get(target.as_str()) {
                    Some(&Filler::Event(at)) => {
                        self.events[at].modifications.push(label.clone());
                    }
                    _ => places.lose(Loss::UnknownReference, &format!("{label} of {target}")),
                },
                Annotation::Relation { label, arguments } => {
                    let found = resolve(label, arguments, fillers, places);
                    if found.len() == arguments.len() {
                        self.relations.push(Relation {
                            relation_type: label.clone(),
                            arguments: found,
                        });
                    }
                }
                Annotation::Note { text } => places.lose(Loss::Note, text),
                _ => {}
            }
        }
    }

    /// All of it as a document.
    pub(super) fn document(self, id: &str, places: &mut Places<'_>) -> EventDocument {
        EventDocument {
            id: id.to_owned(),
            sentences: places.sentences(),
            entities: self.entities,
            events: self.events,
            relations: self.relations,
            ..EventDocument::default()
        }
    }
}

/// Names that stand for one thing: a forest whose paths are shortened when they are walked.
#[derive(Default)]
struct Groups<'a> {
    parents: HashMap<&'a str, &'a str>,
}

impl<'a> Groups<'a> {
    /// The name that stands for the group of `name`.
    fn root(&mut self, name: &'a str) -> &'a str {
        let mut root = name;
        while let Some(&parent) = self.parents.get(root) {
            root = parent;
        }
        let mut at = name;
        while at != root {
            let Some(parent) = self.parents.insert(at, root) else {
                break;
            };
            at = parent;
        }
        root
    }

    fn join(&mut self, left: &'a str, right: &'a str) {
        let (left, right) = (self.root(left), self.root(right));
        if left != right {
            self.parents.insert(right, left);
        }
    }
}

/// The tokens of a text-bound annotation, from its first to its last.
fn find(annotation: &Annotation, places: &mut Places<'_>) -> Option<TokenSpan> {
    let Annotation::TextBound {
        id, spans, text, ..
    } = annotation
    else {
        return None;
    };
    match spans.as_slice() {
        &[span] => places.find(id, span, text.as_deref()),
        many => {
            let start = many.iter().map(|span| span.0).min()?;
            let end = many.iter().map(|span| span.1).max()?;
            let found = places.find(id, (start, end), None)?;
            places.lose(Loss::DiscontinuousSpan, id);
            Some(found)
        }
    }
}

/// The arguments of `id` whose names stand for something.
fn resolve(
    id: &str,
    arguments: &[(String, String)],
    fillers: &HashMap<&str, Filler>,
    places: &mut Places<'_>,
) -> Vec<EventArgument> {
    let mut found = Vec::with_capacity(arguments.len());
    for (role, name) in arguments {
        match fillers.get(name.as_str()) {
            Some(&filler) => found.push(EventArgument::new(role, filler)),
            None => places.lose(Loss::UnknownReference, &format!("{role}:{name} of {id}")),
        }
    }
    found
}
