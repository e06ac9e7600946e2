//! The model that all readers fill.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Tokens `start..end` of one sentence.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
pub struct TokenSpan {
    /// Which sentence of the document, from 0.
    pub sentence: usize,
    /// Its first token, counted in the sentence.
    pub start: usize,
    /// The token after its last.
    pub end: usize,
}

impl TokenSpan {
    /// Tokens `start..end` of sentence `sentence`.
    pub fn new(sentence: usize, start: usize, end: usize) -> Self {
        Self {
            sentence,
            start,
            end,
        }
    }
}

impl fmt::Display for TokenSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "tokens {}..{} of sentence {}",
            self.start, self.end, self.sentence
        )
    }
}

/// A sentence in tokens.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EventSentence {
    /// Its tokens.
    pub tokens: Vec<String>,
    /// Its text before tokenization, where the file has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Where each token stands in the document's text: characters (Unicode scalar values) from
    /// the first up to, not with, the second. Only where the file is in characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub characters: Option<Vec<(usize, usize)>>,
}

/// A document with its events.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EventDocument {
    /// Its name.
    pub id: String,
    /// Its title, where the file has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its sentences.
    pub sentences: Vec<EventSentence>,
    /// Its entities: participants, times, places.
    #[serde(default)]
    pub entities: Vec<Entity>,
    /// Its events.
    #[serde(default)]
    pub events: Vec<Event>,
    /// Spans that annotators looked at and found to be no event.
    #[serde(default)]
    pub negative_triggers: Vec<TriggerMention>,
    /// Spans of a test set whose type is to be predicted; none elsewhere.
    #[serde(default)]
    pub candidates: Vec<TriggerMention>,
    /// Relations beside those of events and arguments.
    #[serde(default)]
    pub relations: Vec<Relation>,
}

/// A span that triggers, or may trigger, an event.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TriggerMention {
    /// Its name in the file; unique in the document where the format says so.
    pub id: String,
    /// Its tokens.
    pub span: TokenSpan,
}

/// An event: one thing that happens, mentioned at least once.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Event {
    /// Its name in the file.
    pub id: String,
    /// Its type.
    pub event_type: String,
    /// The type's number, where the file has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub type_id: Option<usize>,
    /// Its mentions; coreferent ones where there are several.
    pub mentions: Vec<TriggerMention>,
    /// Its arguments.
    #[serde(default)]
    pub arguments: Vec<EventArgument>,
    /// Marks such as `Negation` and `Speculation`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modifications: Vec<String>,
}

/// An argument of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventArgument {
    /// Its role.
    pub role: String,
    /// What fills it.
    pub filler: Filler,
    /// The mention of the event (an index) that it belongs to; `None` for the event as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mention: Option<usize>,
}

impl EventArgument {
    /// An argument of the event as a whole.
    pub fn new(role: impl Into<String>, filler: Filler) -> Self {
        Self {
            role: role.into(),
            filler,
            mention: None,
        }
    }
}

/// What fills a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Filler {
    /// Just these tokens.
    Span(TokenSpan),
    /// The entity of this index in [`EventDocument::entities`], with all its mentions.
    Entity(usize),
    /// The event of this index in [`EventDocument::events`].
    Event(usize),
}

/// An entity.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Entity {
    /// Its name in the file.
    pub id: String,
    /// Its type, where the file has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity_type: Option<String>,
    /// Its mentions; coreferent ones where there are several.
    pub mentions: Vec<EntityMention>,
}

/// A mention of an entity.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EntityMention {
    /// Its name in the file.
    pub id: String,
    /// Its tokens.
    pub span: TokenSpan,
}

/// A relation between spans, entities or events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relation {
    /// Its type.
    pub relation_type: String,
    /// Its ends.
    pub arguments: Vec<EventArgument>,
}

impl EventDocument {
    /// The number of tokens.
    pub fn token_count(&self) -> usize {
        self.sentences.iter().map(|s| s.tokens.len()).sum()
    }

    /// The tokens of `span`, if the document has them all.
    pub fn tokens(&self, span: TokenSpan) -> Option<&[String]> {
        self.sentences
            .get(span.sentence)?
            .tokens
            .get(span.start..span.end)
    }

    /// The spans of `filler`: one, or those of all mentions.
    pub fn spans(&self, filler: Filler) -> Vec<TokenSpan> {
        match filler {
            Filler::Span(span) => vec![span],
            Filler::Entity(index) => self.entities.get(index).map_or_else(Vec::new, |entity| {
                entity.mentions.iter().map(|m| m.span).collect()
            }),
            Filler::Event(index) => self.events.get(index).map_or_else(Vec::new, |event| {
                event.mentions.iter().map(|m| m.span).collect()
            }),
        }
    }

    /// Whether no mention of the filler stands in a sentence with a mention of the event: such an
    /// argument is out of reach for methods that read one sentence at a time.
    pub fn is_cross_sentence(&self, event: &Event, argument: &EventArgument) -> bool {
        let fillers = self.spans(argument.filler);
        let triggers = event.mentions.iter().enumerate();
        !triggers
            .filter(|(index, _)| argument.mention.is_none_or(|mention| mention == *index))
            .any(|(_, trigger)| fillers.iter().any(|f| f.sentence == trigger.span.sentence))
    }

    /// Checks that every span holds at least one token of its sentence, that every index names
    /// something, that events and entities have mentions, and that character offsets rise and
    /// are as many as tokens.
    ///
    /// # Errors
    /// [`plm_core::Error::Invalid`] naming the document, the item and the value.
    pub fn validate(&self) -> Result<()> {
        for (index, sentence) in self.sentences.iter().enumerate() {
            let Some(characters) = &sentence.characters else {
                continue;
            };
            let rising = characters.iter().all(|(start, end)| start < end)
                && characters.windows(2).all(|pair| pair[0].1 <= pair[1].0);
            if characters.len() != sentence.tokens.len() || !rising {
                let reason = "character offsets do not rise with the tokens";
                return self.refuse(format!("sentence {index}: {reason}"));
            }
        }
        let triggers = self.negative_triggers.iter().chain(&self.candidates);
        for trigger in triggers {
            self.check(&trigger.id, trigger.span)?;
        }
        for entity in &self.entities {
            if entity.mentions.is_empty() {
                return self.refuse(format!("entity `{}` has no mention", entity.id));
            }
            for mention in &entity.mentions {
                self.check(&mention.id, mention.span)?;
            }
        }
        for event in &self.events {
            if event.mentions.is_empty() {
                return self.refuse(format!("event `{}` has no mention", event.id));
            }
            for mention in &event.mentions {
                self.check(&mention.id, mention.span)?;
            }
            for argument in &event.arguments {
                self.check_argument(&event.id, argument, event.mentions.len())?;
            }
        }
        for relation in &self.relations {
            for argument in &relation.arguments {
                self.check_argument(&relation.relation_type, argument, 0)?;
            }
        }
        Ok(())
    }

    fn check_argument(&self, id: &str, argument: &EventArgument, mentions: usize) -> Result<()> {
        let (found, count, what) = match argument.filler {
            Filler::Span(span) => return self.check(id, span),
            Filler::Entity(index) => (index, self.entities.len(), "entity"),
            Filler::Event(index) => (index, self.events.len(), "event"),
        };
        if found >= count {
            return self.refuse(format!("`{id}` names {what} {found} of {count}"));
        }
        match argument.mention {
            Some(mention) if mention >= mentions => {
                self.refuse(format!("`{id}` names mention {mention} of {mentions}"))
            }
            _ => Ok(()),
        }
    }

    fn check(&self, id: &str, span: TokenSpan) -> Result<()> {
        match self.tokens(span) {
            Some(tokens) if !tokens.is_empty() => Ok(()),
            _ => self.refuse(format!("`{id}`: {span} are not there")),
        }
    }

    fn refuse(&self, reason: String) -> Result<()> {
        Err(Error::invalid(format!("document `{}`", self.id), reason))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> EventDocument {
        let sentence = |text: &str| EventSentence {
            tokens: text.split(' ').map(str::to_owned).collect(),
            ..EventSentence::default()
        };
        EventDocument {
            id: "d".into(),
            sentences: vec![sentence("the man sold it"), sentence("he left")],
            entities: vec![Entity {
                id: "man".into(),
                entity_type: None,
                mentions: vec![
                    EntityMention {
                        id: "m1".into(),
                        span: TokenSpan::new(0, 0, 2),
                    },
                    EntityMention {
                        id: "m2".into(),
                        span: TokenSpan::new(1, 0, 1),
                    },
                ],
            }],
            events: vec![Event {
                id: "sale".into(),
                event_type: "Sell".into(),
                mentions: vec![TriggerMention {
                    id: "t".into(),
                    span: TokenSpan::new(0, 2, 3),
                }],
                arguments: vec![
                    EventArgument::new("Seller", Filler::Entity(0)),
                    EventArgument::new("Later", Filler::Span(TokenSpan::new(1, 1, 2))),
                ],
                ..Event::default()
            }],
            ..EventDocument::default()
        }
    }

    #[test]
    fn arguments_in_and_out_of_the_sentence() {
        let document = document();
        document.validate().unwrap();
        assert_eq!(document.token_count(), 6);
        let event = &document.events[0];
        let crossing = |index: usize| document.is_cross_sentence(event, &event.arguments[index]);
        assert!(!crossing(0));
        assert!(crossing(1));
        assert_eq!(document.spans(Filler::Event(0)), [TokenSpan::new(0, 2, 3)]);
        assert!(document.spans(Filler::Entity(7)).is_empty());
    }

    #[test]
    fn wrong_places_are_named() {
        let says = |change: fn(&mut EventDocument), text: &str| {
            let mut changed = document();
            change(&mut changed);
            let error = changed.validate().unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        };
        says(
            |d| d.events[0].mentions[0].span.end = 5,
            "tokens 2..5 of sentence 0",
        );
        says(|d| d.events[0].mentions[0].span.end = 2, "not there");
        says(|d| d.events[0].mentions.clear(), "event `sale` has no");
        says(|d| d.entities[0].mentions.clear(), "entity `man` has no");
        says(
            |d| d.events[0].arguments[0].filler = Filler::Entity(1),
            "names entity 1 of 1",
        );
        says(
            |d| d.events[0].arguments[0].mention = Some(1),
            "names mention 1 of 1",
        );
        says(
            |d| d.sentences[1].characters = Some(vec![(0, 2), (1, 3)]),
            "sentence 1",
        );
    }
}
