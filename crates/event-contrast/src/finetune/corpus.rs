use std::collections::{BTreeMap, BTreeSet};

use super::{Candidate, CorpusLosses, EventLabels};
use crate::amr::TokenSpan;
use crate::data::{self, EventDocument};
use crate::score::{ArgumentInstance, TriggerInstance};
use crate::{Error, Result};

/// Documents as sentences with candidates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventCorpus {
    /// The tokens of each sentence, document after document.
    pub sentences: Vec<Vec<String>>,
    /// The candidates of event detection, by sentence and span: triggers of events, negative triggers,
    /// and the candidates of test documents, whose class is 0 as their type is not known, each once. A
    /// span that triggers several events has the type of the first, and the arguments of all events of
    /// that type.
    pub triggers: Vec<Candidate>,
    /// Gold events and arguments that are not among the candidates. What fills a role of an event that
    /// was left out, and no other, is no candidate for its trigger: it is no negative.
    pub losses: CorpusLosses,
    /// The spans that can be arguments, for each sentence: entities, and what else fills a role.
    fillers: Vec<BTreeSet<TokenSpan>>,
    /// The role of each argument of each trigger.
    roles: BTreeMap<(usize, TokenSpan), BTreeMap<TokenSpan, usize>>,
    /// What fills roles of events that were dropped, for each of their triggers.
    left_out: BTreeMap<(usize, TokenSpan), BTreeSet<TokenSpan>>,
}

/// The candidates of event argument extraction.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ArgumentCandidates {
    /// The candidates.
    pub candidates: Vec<Candidate>,
    /// The number of the trigger of each.
    pub triggers: Vec<usize>,
}

impl EventCorpus {
    /// The sentences and candidates of `documents`.
    ///
    /// # Errors
    /// [`Error::Core`] for a type or role that has no class, or a span that its document has not.
    pub fn new(documents: &[EventDocument], labels: &EventLabels) -> Result<Self> {
        let mut corpus = Self {
            sentences: Vec::new(),
            triggers: Vec::new(),
            losses: CorpusLosses::default(),
            fillers: Vec::new(),
            roles: BTreeMap::new(),
            left_out: BTreeMap::new(),
        };
        let mut types: BTreeMap<(usize, TokenSpan), usize> = BTreeMap::new();
        for document in documents {
            document.validate()?;
            corpus.add(document, labels, &mut types)?;
        }
        corpus.triggers = types
            .into_iter()
            .map(|((sentence, trigger), class)| Candidate {
                sentence,
                trigger,
                event_type: class,
                argument: None,
                class,
            })
            .collect();
        Ok(corpus)
    }

    fn add(
        &mut self,
        document: &EventDocument,
        labels: &EventLabels,
        types: &mut BTreeMap<(usize, TokenSpan), usize>,
    ) -> Result<()> {
        let first = self.sentences.len();
        let sentences = document.sentences.iter();
        self.sentences
            .extend(sentences.map(|sentence| sentence.tokens.clone()));
        self.fillers.resize(self.sentences.len(), BTreeSet::new());
        let place =
            |span: data::TokenSpan| (first + span.sentence, TokenSpan::new(span.start, span.end));
        for mention in document.entities.iter().flat_map(|entity| &entity.mentions) {
            let (sentence, span) = place(mention.span);
            self.fillers[sentence].insert(span);
        }
        // Trigger, argument, type and role of each argument that is lost.
        let (mut left_out, mut second) = (BTreeSet::new(), BTreeSet::new());
        let mut own_trigger = BTreeSet::new();
        for event in &document.events {
            let class = labels.type_class(&event.event_type)?;
            let arguments = event.arguments.iter();
            let crossing = arguments.filter(|argument| document.is_cross_sentence(event, argument));
            self.losses.cross_sentence += crossing.count();
            for (index, mention) in event.mentions.iter().enumerate() {
                let trigger = place(mention.span);
                let kept = *types.entry(trigger).or_insert(class) == class;
                self.losses.mentions += usize::from(!kept);
                for argument in &event.arguments {
                    if argument.mention.is_some_and(|mention| mention != index) {
                        continue;
                    }
                    let role = labels.role_class(&argument.role)?;
                    for span in document.spans(argument.filler) {
                        let (sentence, span) = place(span);
                        if sentence != trigger.0 {
                            continue;
                        }
                        let this = (trigger, span, class, role);
                        if !kept {
                            left_out.insert(this);
                            self.left_out.entry(trigger).or_default().insert(span);
                        } else if span == trigger.1 {
                            own_trigger.insert(this);
                        } else {
                            self.fillers[sentence].insert(span);
                            let own = self.roles.entry(trigger).or_default();
                            if *own.entry(span).or_insert(role) != role {
                                second.insert(this);
                            }
                        }
                    }
                }
            }
        }
        self.losses.arguments += left_out.len();
        self.losses.second_roles += second.len();
        self.losses.own_trigger += own_trigger.len();
        let others = document.negative_triggers.iter();
        for other in others.chain(&document.candidates) {
            types.entry(place(other.span)).or_insert(0);
        }
        Ok(())
    }

    /// The gold types of the triggers.
    pub fn types(&self) -> Vec<usize> {
        self.triggers.iter().map(|trigger| trigger.class).collect()
    }

    /// The candidates for arguments of the triggers whose type, in `types`, is not 0: every possible
    /// argument of the sentence but the trigger itself. Their classes are the gold roles.
    ///
    /// # Errors
    /// [`Error::Core`] where there is not one type for each trigger.
    pub fn arguments(&self, types: &[usize]) -> Result<ArgumentCandidates> {
        self.check("types", types.len(), self.triggers.len())?;
        let mut found = ArgumentCandidates::default();
        for (number, (trigger, &event_type)) in self.triggers.iter().zip(types).enumerate() {
            if event_type == 0 {
                continue;
            }
            for (argument, class) in self.candidates(trigger) {
                found.candidates.push(Candidate {
                    event_type,
                    argument: Some(argument),
                    class,
                    ..*trigger
                });
                found.triggers.push(number);
            }
        }
        Ok(found)
    }

    /// Triggers and arguments for [`argument_scores`](crate::score::argument_scores): `types` as given
    /// to [`EventCorpus::arguments`], `roles` as predicted for what it gave (none is a miss). Arguments
    /// of gold triggers of type 0 in `types` count as not found.
    ///
    /// # Errors
    /// [`Error::Core`] where the lengths do not fit.
    pub fn instances(
        &self,
        types: &[usize],
        roles: &[Option<usize>],
    ) -> Result<Vec<TriggerInstance>> {
        let arguments = self.arguments(types)?;
        self.check("roles", roles.len(), arguments.candidates.len())?;
        let some = |class: usize| (class > 0).then_some(class);
        let mut instances: Vec<TriggerInstance> = self
            .triggers
            .iter()
            .zip(types)
            .map(|(trigger, &predicted)| TriggerInstance {
                gold_type: some(trigger.class),
                predicted_type: some(predicted),
                arguments: match predicted {
                    0 => self
                        .candidates(trigger)
                        .map(|(_, role)| ArgumentInstance {
                            gold_role: some(role),
                            predicted_role: None,
                        })
                        .collect(),
                    _ => Vec::new(),
                },
            })
            .collect();
        let found = arguments
            .triggers
            .iter()
            .zip(&arguments.candidates)
            .zip(roles);
        for ((&trigger, candidate), role) in found {
            instances[trigger].arguments.push(ArgumentInstance {
                gold_role: some(candidate.class),
                predicted_role: role.and_then(some),
            });
        }
        Ok(instances)
    }

    /// The possible arguments of a trigger with their gold roles, 0 for none.
    fn candidates(&self, trigger: &Candidate) -> impl Iterator<Item = (TokenSpan, usize)> {
        let own = trigger.trigger;
        let roles = self.roles.get(&(trigger.sentence, own));
        let left_out = self.left_out.get(&(trigger.sentence, own));
        let fillers = self.fillers[trigger.sentence].iter().copied();
        fillers
            .filter(move |&span| span != own)
            .filter_map(move |span| {
                let role = roles.and_then(|roles| roles.get(&span)).copied();
                let unknown = role.is_none() && left_out.is_some_and(|spans| spans.contains(&span));
                (!unknown).then_some((span, role.unwrap_or(0)))
            })
    }

    fn check(&self, what: &str, found: usize, expected: usize) -> Result<()> {
        if found == expected {
            return Ok(());
        }
        Err(Error::invalid(
            what,
            format!("{found}, {expected} expected"),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{
        Entity, EntityMention, Event, EventArgument, EventSentence, Filler, TriggerMention,
    };

    #[test]
    fn events_of_one_trigger_are_merged_or_left_out() {
        let at = |at: usize| data::TokenSpan::new(0, at, at + 1);
        let entity = |place| Entity {
            mentions: vec![EntityMention {
                id: String::new(),
                span: at(place),
            }],
            ..Entity::default()
        };
        let event = |name: &str, trigger, role: &str, filler| Event {
            event_type: name.to_owned(),
            mentions: vec![TriggerMention {
                id: String::new(),
                span: at(trigger),
            }],
            arguments: vec![EventArgument::new(role, Filler::Span(at(filler)))],
            ..Event::default()
        };
        let document = EventDocument {
            sentences: vec![EventSentence {
                tokens: vec!["w".to_owned(); 8],
                ..EventSentence::default()
            }],
            entities: vec![entity(0), entity(4), entity(6)],
            events: vec![
                event("Attack", 2, "Agent", 0),
                event("Attack", 2, "Place", 4),
                event("Die", 2, "Agent", 6),
                event("Die", 5, "Agent", 6),
            ],
            candidates: vec![TriggerMention {
                id: String::new(),
                span: at(7),
            }],
            ..EventDocument::default()
        };
        let labels = EventLabels::of(std::slice::from_ref(&document));
        let corpus = EventCorpus::new(&[document], &labels).unwrap();
        assert_eq!(corpus.types(), [1, 2, 0]);
        let losses = CorpusLosses {
            mentions: 1,
            arguments: 1,
            ..CorpusLosses::default()
        };
        assert_eq!(corpus.losses, losses);
        let found = corpus.arguments(&corpus.types()).unwrap();
        let spans = found.candidates.iter().zip(&found.triggers);
        let spans: Vec<(usize, usize, usize)> = spans
            .filter_map(|(each, trigger)| Some((*trigger, each.argument?.start, each.class)))
            .collect();
        // For the first trigger the victim, whose role belongs to the event that was left out, is no
        // negative; for the second it is an argument, and the others are negatives.
        let expected = [(0, 0, 1), (0, 4, 2), (1, 0, 0), (1, 4, 0), (1, 6, 1)];
        assert_eq!(spans, expected);
    }

    /// A place in another sentence, a second role, twice, and a trigger that fills a role of its own.
    #[test]
    fn arguments_without_a_candidate_are_counted() {
        let at = data::TokenSpan::new;
        let argument = |role: &str, span| EventArgument::new(role, Filler::Span(span));
        let event = |arguments| Event {
            event_type: "Attack".to_owned(),
            mentions: vec![TriggerMention {
                id: String::new(),
                span: at(0, 1, 2),
            }],
            arguments,
            ..Event::default()
        };
        let sentence = EventSentence {
            tokens: vec!["w".to_owned(); 4],
            ..EventSentence::default()
        };
        let document = EventDocument {
            sentences: vec![sentence.clone(), sentence],
            events: vec![
                event(vec![
                    argument("Agent", at(0, 0, 1)),
                    argument("Victim", at(0, 0, 1)),
                    argument("Place", at(1, 0, 1)),
                    argument("Means", at(0, 1, 2)),
                ]),
                event(vec![argument("Victim", at(0, 0, 1))]),
            ],
            ..EventDocument::default()
        };
        let labels = EventLabels::of(std::slice::from_ref(&document));
        let corpus = EventCorpus::new(&[document], &labels).unwrap();
        let losses = CorpusLosses {
            cross_sentence: 1,
            second_roles: 1,
            own_trigger: 1,
            ..CorpusLosses::default()
        };
        assert_eq!(corpus.losses, losses);
        let found = corpus.arguments(&corpus.types()).unwrap().candidates;
        assert_eq!(found.len(), 1);
        assert_eq!(labels.roles[found[0].class - 1], "Agent");
    }
}
