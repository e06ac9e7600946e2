//! MAVEN (Wang et al. 2020): events of Wikipedia articles, in tokens.

use std::io::BufRead;

use plm_core::data::Lines;
use serde::Deserialize;

use super::document::{Event, EventDocument, EventSentence, TokenSpan, TriggerMention};
use super::lines::{EventReader, LineContext, parse};
use super::report::Loss;
use super::segment::TextLayout;
use crate::Result;

#[derive(Deserialize)]
struct Line {
    id: String,
    title: Option<String>,
    content: Vec<Sentence>,
    #[serde(default)]
    events: Vec<MavenEvent>,
    #[serde(default)]
    negative_triggers: Vec<Mention>,
    #[serde(default)]
    candidates: Vec<Mention>,
}

#[derive(Deserialize)]
struct Sentence {
    sentence: Option<String>,
    tokens: Vec<String>,
}

#[derive(Deserialize)]
struct MavenEvent {
    id: String,
    #[serde(rename = "type")]
    event_type: String,
    type_id: Option<usize>,
    mention: Vec<Mention>,
}

#[derive(Deserialize)]
struct Mention {
    id: String,
    trigger_word: Option<String>,
    sent_id: usize,
    offset: (usize, usize),
}

/// The documents of MAVEN's `train.jsonl`, `valid.jsonl` or `test.jsonl`. The test file has
/// candidates in place of events and negative triggers.
///
/// Items are errors where a line is not such a document or names tokens that it does not have.
pub fn read_maven<R: BufRead>(lines: Lines<R>) -> EventReader<R> {
    EventReader::new(lines, TextLayout::default(), read)
}

fn read(text: &str, context: &mut LineContext<'_>) -> Result<EventDocument, String> {
    let line: Line = parse(text)?;
    let mut document = EventDocument {
        id: line.id,
        title: line.title,
        sentences: line
            .content
            .into_iter()
            .map(|sentence| EventSentence {
                tokens: sentence.tokens,
                text: sentence.sentence,
                characters: None,
            })
            .collect(),
        ..EventDocument::default()
    };
    let mut take = |mentions: Vec<Mention>| -> Result<Vec<TriggerMention>, String> {
        mentions
            .into_iter()
            .map(|mention| mention.place(&document, context))
            .collect()
    };
    let negative_triggers = take(line.negative_triggers)?;
    let candidates = take(line.candidates)?;
    let mut events = Vec::with_capacity(line.events.len());
    for event in line.events {
        events.push(Event {
            mentions: take(event.mention)?,
            id: event.id,
            event_type: event.event_type,
            type_id: event.type_id,
            ..Event::default()
        });
    }
    events.retain(|event| {
        if event.mentions.is_empty() {
            let report = &mut context.report;
            report.lose(Loss::EventWithoutMention, &document.id, &event.id);
        }
        !event.mentions.is_empty()
    });
    document.events = events;
    document.negative_triggers = negative_triggers;
    document.candidates = candidates;
    Ok(document)
}

impl Mention {
    fn place(
        self,
        document: &EventDocument,
        context: &mut LineContext<'_>,
    ) -> Result<TriggerMention, String> {
        let (start, end) = self.offset;
        let span = TokenSpan::new(self.sent_id, start, end);
        let Some(tokens) = document.tokens(span).filter(|tokens| !tokens.is_empty()) else {
            let length = document.sentences.get(self.sent_id).map(|s| s.tokens.len());
            return Err(match length {
                Some(length) => format!(
                    "mention `{}`: offset [{start}, {end}] in sentence {} of {length} tokens",
                    self.id, self.sent_id
                ),
                None => format!(
                    "mention `{}`: sent_id {} of {} sentences",
                    self.id,
                    self.sent_id,
                    document.sentences.len()
                ),
            });
        };
        let visible = |text: &str| text.split_whitespace().collect::<String>();
        if let Some(word) = &self.trigger_word
            && visible(word) != visible(&tokens.concat())
        {
            let report = &mut context.report;
            report.lose(Loss::TextMismatch, &document.id, &self.id);
        }
        Ok(TriggerMention { id: self.id, span })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRAIN: &str = r#"{"id":"a","title":"T","content":[{"sentence":"He won.","tokens":["He","won","."]},{"sentence":"They lost","tokens":["They","lost"]}],"events":[{"id":"e","type":"Competition","type_id":3,"mention":[{"id":"m1","trigger_word":"won","sent_id":0,"offset":[1,2]},{"id":"m2","trigger_word":"won","sent_id":1,"offset":[1,2]}]},{"id":"none","type":"X","type_id":1,"mention":[]}],"negative_triggers":[{"id":"n","trigger_word":"They","sent_id":1,"offset":[0,1]}]}"#;
    const TEST: &str = r#"{"id":"b","title":"T","content":[{"sentence":"Go","tokens":["Go"]}],"candidates":[{"id":"c","trigger_word":"Go","sent_id":0,"offset":[0,1]}]}"#;

    #[test]
    fn training_and_test_lines() {
        let text = format!("{TRAIN}\n\n{TEST}\n");
        let mut reader = read_maven(Lines::new(text.as_bytes(), "m.jsonl"));
        let documents: Vec<_> = reader.by_ref().collect::<Result<_>>().unwrap();
        let event = &documents[0].events[0];
        assert_eq!((event.type_id, event.mentions.len()), (Some(3), 2));
        assert_eq!(event.mentions[0].span, TokenSpan::new(0, 1, 2));
        assert_eq!(documents[0].sentences[0].text.as_deref(), Some("He won."));
        assert_eq!(documents[0].negative_triggers[0].id, "n");
        assert_eq!(documents[1].candidates[0].id, "c");
        let report = reader.report();
        assert_eq!((report.documents, report.events), (2, 1));
        assert_eq!(report.lost(Loss::TextMismatch), 1);
        assert_eq!(report.lost(Loss::EventWithoutMention), 1);
    }

    #[test]
    fn errors_name_line_and_value() {
        let says = |from: &str, to: &str, expected: &str| {
            let text = format!("\n{}", TRAIN.replace(from, to));
            let lines = Lines::new(text.as_bytes(), "m.jsonl");
            let error = read_maven(lines).next().unwrap().unwrap_err().to_string();
            assert!(error.starts_with("m.jsonl:2: "), "{error}");
            assert!(error.contains(expected), "{error}");
        };
        says("[1,2]", "[1,9]", "offset [1, 9] in sentence 0 of 3 tokens");
        says("[1,2]", "[1,1]", "offset [1, 1]");
        says(r#""sent_id":1"#, r#""sent_id":5"#, "sent_id 5 of 2");
        says(
            r#""tokens":["He""#,
            r#""tokens":[7"#,
            "column 66: invalid type",
        );
    }
}
