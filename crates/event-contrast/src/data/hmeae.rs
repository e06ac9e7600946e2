//! ACE 2005 as HMEAE (Wang et al. 2019) and CLEVE store it: a JSON array with one instance for
//! each candidate trigger.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::path::Path;

use plm_core::data::read_json;
use serde::Deserialize;

use super::document::{
    Entity, EntityMention, Event, EventArgument, EventDocument, EventSentence, Filler, TokenSpan,
    TriggerMention,
};
use super::report::ReadReport;
use crate::{Error, Result};

/// The type, and the role, that says there is none.
const NONE: &str = "None";

#[derive(Deserialize)]
struct Instance {
    tokens: Vec<String>,
    trigger_start: usize,
    trigger_end: usize,
    event_type: String,
    #[serde(default)]
    entities: Vec<InstanceEntity>,
    start: Option<i64>,
    end: Option<i64>,
    #[serde(default)]
    file: String,
    #[serde(default)]
    dir: String,
}

#[derive(Deserialize)]
struct InstanceEntity {
    idx_start: usize,
    idx_end: usize,
    role: String,
    entity_type: Option<String>,
}

/// Reads an array of instances of at most `limit` bytes, which errors call `origin`.
///
/// Instances of one `dir`, `file`, `start`, `end` and tokens are one sentence, in order of
/// appearance; sentences of one `dir` and `file` are one document. An instance of type `None` is
/// a negative trigger, an entity of role `None` no argument. Instances of another type on the
/// same words are events of their own.
///
/// # Errors
/// [`plm_core::Error::Line`] where the file is no such array, [`plm_core::Error::Format`] where
/// an instance names tokens that it does not have or the file is too long,
/// [`plm_core::Error::Io`] where reading fails.
pub fn read_hmeae(
    reader: impl Read,
    origin: impl AsRef<Path>,
    limit: usize,
) -> Result<(Vec<EventDocument>, ReadReport)> {
    let origin = origin.as_ref();
    let instances: Vec<Instance> = read_json(reader, origin, limit)?;
    let mut gathered = Gathered::default();
    for (index, instance) in instances.into_iter().enumerate() {
        gathered
            .add(index, instance)
            .map_err(|reason| Error::format(origin, format!("instance {index}: {reason}")))?;
    }
    let mut report = ReadReport::default();
    for document in &gathered.documents {
        report.count(document);
    }
    Ok((gathered.documents, report))
}

type SentenceKey = (usize, Option<i64>, Option<i64>, Vec<String>);

#[derive(Default)]
struct Gathered {
    documents: Vec<EventDocument>,
    places: BTreeMap<(String, String), usize>,
    sentences: HashMap<SentenceKey, usize>,
    entities: HashMap<(usize, TokenSpan), usize>,
}

impl Gathered {
    fn add(&mut self, index: usize, instance: Instance) -> Result<(), String> {
        let length = instance.tokens.len();
        let check = |what: &str, start: usize, end: usize| match start <= end && end < length {
            true => Ok((start, end + 1)),
            false => Err(format!("{what} [{start}, {end}] in {length} tokens")),
        };
        let trigger = check("trigger", instance.trigger_start, instance.trigger_end)?;
        let name = match (instance.dir.as_str(), instance.file.as_str()) {
            ("", "") => format!("instance {index}"),
            ("", file) => file.to_owned(),
            (dir, file) => format!("{dir}/{file}"),
        };
        // Without a file's name, an instance is a document of its own.
        let key = match instance.file.is_empty() {
            true => (instance.dir, name.clone()),
            false => (instance.dir, instance.file),
        };
        let fresh = self.documents.len();
        let at = *self.places.entry(key).or_insert(fresh);
        if at == fresh {
            self.documents.push(EventDocument {
                id: name,
                ..EventDocument::default()
            });
        }
        let document = &mut self.documents[at];
        let key = (at, instance.start, instance.end, instance.tokens);
        let sentence = match self.sentences.get(&key) {
            Some(&sentence) => sentence,
            None => {
                document.sentences.push(EventSentence {
                    tokens: key.3.clone(),
                    ..EventSentence::default()
                });
                self.sentences.insert(key, document.sentences.len() - 1);
                document.sentences.len() - 1
            }
        };
        let mut arguments = Vec::new();
        for entity in instance.entities {
            let (start, end) = check("entity", entity.idx_start, entity.idx_end)?;
            let span = TokenSpan::new(sentence, start, end);
            if entity.role != NONE {
                arguments.push(EventArgument::new(entity.role, Filler::Span(span)));
            }
            let fresh = document.entities.len();
            let place = *self.entities.entry((at, span)).or_insert(fresh);
            if place == fresh {
                let id = format!("{sentence}-{start}-{end}");
                document.entities.push(Entity {
                    id: id.clone(),
                    entity_type: entity.entity_type,
                    mentions: vec![EntityMention { id, span }],
                });
            }
        }
        let mention = TriggerMention {
            id: index.to_string(),
            span: TokenSpan::new(sentence, trigger.0, trigger.1),
        };
        if instance.event_type == NONE {
            document.negative_triggers.push(mention);
        } else {
            document.events.push(Event {
                id: index.to_string(),
                event_type: instance.event_type,
                mentions: vec![mention],
                arguments,
                ..Event::default()
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"[
{"tokens":["Rebels","attacked","Rome"],"trigger_start":1,"trigger_end":1,"event_type":"Attack","entities":[{"idx_start":0,"idx_end":0,"role":"Attacker","entity_type":"PER"},{"idx_start":2,"idx_end":2,"role":"None"}],"start":5,"end":30,"file":"f","dir":"bn"},
{"tokens":["Rebels","attacked","Rome"],"trigger_start":0,"trigger_end":0,"event_type":"None","entities":[{"idx_start":0,"idx_end":0,"role":"None"}],"start":5,"end":30,"file":"f","dir":"bn"},
{"tokens":["They","left"],"trigger_start":1,"trigger_end":1,"event_type":"Transport","entities":[],"start":31,"end":40,"file":"f","dir":"bn"},
{"tokens":["They","left"],"trigger_start":1,"trigger_end":1,"event_type":"None"}
]"#;

    #[test]
    fn instances_become_sentences_and_documents() {
        let (documents, report) = read_hmeae(TEXT.as_bytes(), "ace.json", 1 << 20).unwrap();
        assert_eq!(documents.len(), 2);
        let ace = &documents[0];
        ace.validate().unwrap();
        assert_eq!((ace.id.as_str(), ace.sentences.len()), ("bn/f", 2));
        assert_eq!(ace.events[0].mentions[0].span, TokenSpan::new(0, 1, 2));
        let attacker = Filler::Span(TokenSpan::new(0, 0, 1));
        assert_eq!(
            ace.events[0].arguments,
            [EventArgument::new("Attacker", attacker)]
        );
        assert_eq!(ace.entities.len(), 2);
        assert_eq!(ace.entities[0].entity_type.as_deref(), Some("PER"));
        assert_eq!(ace.events[1].mentions[0].span, TokenSpan::new(1, 1, 2));
        assert_eq!(report.negative_triggers, 2);
        assert_eq!((report.events, report.arguments), (2, 1));
    }

    #[test]
    fn errors_name_the_instance() {
        let says = |from: &str, to: &str, expected: &str| {
            let text = TEXT.replacen(from, to, 1);
            let error = read_hmeae(text.as_bytes(), "ace.json", 1 << 20).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        };
        says(
            r#""trigger_end":1"#,
            r#""trigger_end":3"#,
            "ace.json: instance 0: trigger [1, 3] in 3 tokens",
        );
        says(r#""idx_end":2"#, r#""idx_end":1"#, "entity [2, 1]");
        says(
            r#""trigger_start":1"#,
            r#""trigger_start":-1"#,
            "ace.json:2: ",
        );
        assert!(read_hmeae(TEXT.as_bytes(), "ace.json", 10).is_err());
    }
}
