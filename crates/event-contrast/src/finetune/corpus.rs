use std::collections::{BTreeMap, BTreeSet};

use super::{Candidate, EventLabels};
use crate::amr::TokenSpan;
use crate::data::{self, EventDocument};
use crate::score::{ArgumentInstance, TriggerInstance};
use crate::{Error, Result};

/// Documents as sentences with candidates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventCorpus {
    /// The tokens of each sentence, document after document.
    pub sentences: Vec<Vec<String>>,
    /// The candidates of event detection, by sentence and span: triggers of events, and negative
    /// triggers, each once. A span that triggers several events has the type of the first, and the
    /// arguments of all events of that type.
    pub triggers: Vec<Candidate>,
    /// Mentions of events that share their trigger with an earlier event of another type and are left
    /// out. What fills a role of theirs alone is no candidate for that trigger: it is no negative.
    pub dropped: usize,
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
            dropped: 0,
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
        for event in &document.events {
            let class = labels.type_class(&event.event_type)?;
            for (index, mention) in event.mentions.iter().enumerate() {
                let trigger = place(mention.span);
                let kept = *types.entry(trigger).or_insert(class) == class;
                self.dropped += usize::from(!kept);
                for argument in &event.arguments {
                    if argument.mention.is_some_and(|mention| mention != index) {
                        continue;
                    }
                    let role = labels.role_class(&argument.role)?;
                    for span in document.spans(argument.filler) {
                        let (sentence, span) = place(span);
                        if sentence != trigger.0 || span == trigger.1 {
                            continue;
                        }
                        if kept {
                            self.fillers[sentence].insert(span);
                            let own = self.roles.entry(trigger).or_default();
                            own.entry(span).or_insert(role);
                        } else {
                            self.left_out.entry(trigger).or_default().insert(span);
                        }
                    }
                }
            }
        }
        for negative in &document.negative_triggers {
            types.entry(place(negative.span)).or_insert(0);
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
            ..EventDocument::default()
        };
        let labels = EventLabels::of(std::slice::from_ref(&document));
        let corpus = EventCorpus::new(&[document], &labels).unwrap();
        assert_eq!((corpus.types(), corpus.dropped), (vec![1, 2], 1));
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
}
