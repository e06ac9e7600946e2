use std::io::{BufRead, Write};
use std::ops::Range;
use std::path::Path;

use serde::de::{SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::{JsonLines, Lines, write_json_lines};
use crate::{Error, Result};

/// A document in the JSON lines format of DyGIE++ (Wadden et al. 2019), which PURE and PL-Marker
/// share. Token indices count through the whole document; ends are inclusive.
///
/// Keys that have no field here (`predicted_ner`, `dataset`, `weight`, …) are kept in
/// [`DygieDocument::other`] and written back.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct DygieDocument {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doc_key: Option<String>,
    /// The tokens of each sentence.
    pub sentences: Vec<Vec<String>>,
    /// The entity mentions of each sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ner: Option<Vec<Vec<EntityMention>>>,
    /// The relations of each sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relations: Option<Vec<Vec<Relation>>>,
    /// The events of each sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<Vec<DygieEvent>>>,
    /// Coreference: the spans `[start, end]` of each cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clusters: Option<Vec<Vec<(usize, usize)>>>,
    /// All other keys.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// A mention `[start, end, label]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "(usize, usize, String)", into = "(usize, usize, String)")]
pub struct EntityMention {
    /// Its first token.
    pub start: usize,
    /// Its last token.
    pub end: usize,
    /// Its type.
    pub label: String,
}

impl From<(usize, usize, String)> for EntityMention {
    fn from((start, end, label): (usize, usize, String)) -> Self {
        Self { start, end, label }
    }
}

impl From<EntityMention> for (usize, usize, String) {
    fn from(mention: EntityMention) -> Self {
        (mention.start, mention.end, mention.label)
    }
}

/// A relation `[start, end, start, end, label]` from its subject to its object.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "RelationTuple", into = "RelationTuple")]
pub struct Relation {
    /// First and last token of the subject.
    pub subject: (usize, usize),
    /// First and last token of the object.
    pub object: (usize, usize),
    /// Its type.
    pub label: String,
}

type RelationTuple = (usize, usize, usize, usize, String);

impl From<RelationTuple> for Relation {
    fn from((a, b, c, d, label): RelationTuple) -> Self {
        Self {
            subject: (a, b),
            object: (c, d),
            label,
        }
    }
}

impl From<Relation> for RelationTuple {
    fn from(r: Relation) -> Self {
        (r.subject.0, r.subject.1, r.object.0, r.object.1, r.label)
    }
}

/// An event `[[trigger, type], [start, end, role], …]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DygieEvent {
    /// The token of its trigger.
    pub trigger: usize,
    /// Its type.
    pub event_type: String,
    /// Its arguments.
    pub arguments: Vec<EventArgument>,
}

/// An argument of an event.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "(usize, usize, String)", into = "(usize, usize, String)")]
pub struct EventArgument {
    /// Its first token.
    pub start: usize,
    /// Its last token.
    pub end: usize,
    /// Its role.
    pub role: String,
}

impl From<(usize, usize, String)> for EventArgument {
    fn from((start, end, role): (usize, usize, String)) -> Self {
        Self { start, end, role }
    }
}

impl From<EventArgument> for (usize, usize, String) {
    fn from(argument: EventArgument) -> Self {
        (argument.start, argument.end, argument.role)
    }
}

impl Serialize for DygieEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(1 + self.arguments.len()))?;
        list.serialize_element(&(self.trigger, &self.event_type))?;
        for argument in &self.arguments {
            list.serialize_element(argument)?;
        }
        list.end()
    }
}

impl<'de> Deserialize<'de> for DygieEvent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Parts;

        impl<'de> Visitor<'de> for Parts {
            type Value = DygieEvent;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("[[trigger, type], [start, end, role], …]")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<DygieEvent, A::Error> {
                let (trigger, event_type) = list
                    .next_element::<(usize, String)>()?
                    .ok_or_else(|| serde::de::Error::custom("an event has no trigger"))?;
                let mut arguments = Vec::new();
                while let Some(argument) = list.next_element()? {
                    arguments.push(argument);
                }
                Ok(DygieEvent {
                    trigger,
                    event_type,
                    arguments,
                })
            }
        }

        deserializer.deserialize_seq(Parts)
    }
}

impl DygieDocument {
    /// The document-wide token range of each sentence.
    pub fn sentence_ranges(&self) -> Vec<Range<usize>> {
        let mut start = 0;
        self.sentences
            .iter()
            .map(|sentence| {
                let range = start..start + sentence.len();
                start = range.end;
                range
            })
            .collect()
    }

    /// The number of tokens.
    pub fn token_count(&self) -> usize {
        self.sentences.iter().map(Vec::len).sum()
    }

    /// How many relations reach beyond their sentence. Methods that read one sentence at a time
    /// cannot find those.
    pub fn cross_sentence_relations(&self) -> usize {
        let inside = |range: &Range<usize>, (start, end): (usize, usize)| {
            range.contains(&start) && range.contains(&end)
        };
        let relations = self.relations.as_deref().unwrap_or_default();
        self.sentence_ranges()
            .iter()
            .zip(relations)
            .flat_map(|(range, list)| list.iter().map(move |relation| (range, relation)))
            .filter(|(range, r)| !inside(range, r.subject) || !inside(range, r.object))
            .count()
    }

    /// Checks that every layer has one list per sentence, that no token is empty, that mentions
    /// and triggers lie in their sentence and everything else in the document, that no span ends
    /// before it starts, and that labels are not empty.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the key, the sentence and the value.
    pub fn validate(&self) -> Result<()> {
        let ranges = self.sentence_ranges();
        let whole = 0..self.token_count();
        for (index, sentence) in self.sentences.iter().enumerate() {
            if let Some(at) = sentence.iter().position(String::is_empty) {
                return refuse("sentences", index, format!("token {at} is empty"));
            }
        }
        for (key, layer) in [
            ("ner", self.ner.as_ref().map(Vec::len)),
            ("relations", self.relations.as_ref().map(Vec::len)),
            ("events", self.events.as_ref().map(Vec::len)),
        ] {
            if let Some(lists) = layer.filter(|&lists| lists != ranges.len()) {
                return Err(Error::invalid(
                    key,
                    format!("has {lists} lists for {} sentences", ranges.len()),
                ));
            }
        }
        for (index, list) in self.ner.iter().flatten().enumerate() {
            for mention in list {
                check("ner", index, &ranges[index], (mention.start, mention.end))?;
                check_label("ner", index, &mention.label)?;
            }
        }
        for (index, list) in self.relations.iter().flatten().enumerate() {
            for relation in list {
                check("relations", index, &whole, relation.subject)?;
                check("relations", index, &whole, relation.object)?;
                check_label("relations", index, &relation.label)?;
            }
        }
        for (index, list) in self.events.iter().flatten().enumerate() {
            for event in list {
                check(
                    "events",
                    index,
                    &ranges[index],
                    (event.trigger, event.trigger),
                )?;
                check_label("events", index, &event.event_type)?;
                for argument in &event.arguments {
                    check("events", index, &whole, (argument.start, argument.end))?;
                    check_label("events", index, &argument.role)?;
                }
            }
        }
        for (index, cluster) in self.clusters.iter().flatten().enumerate() {
            for &span in cluster {
                check("clusters", index, &whole, span)?;
            }
        }
        Ok(())
    }
}

fn check(
    key: &str,
    index: usize,
    range: &Range<usize>,
    (start, end): (usize, usize),
) -> Result<()> {
    if start <= end && range.contains(&start) && range.contains(&end) {
        Ok(())
    } else {
        let reason = format!("span [{start}, {end}] is not within tokens {range:?}");
        refuse(key, index, reason)
    }
}

fn check_label(key: &str, index: usize, label: &str) -> Result<()> {
    if label.is_empty() {
        return refuse(key, index, "a label is empty".to_owned());
    }
    Ok(())
}

fn refuse(key: &str, index: usize, reason: String) -> Result<()> {
    Err(Error::invalid(format!("{key}[{index}]"), reason))
}

/// The checked documents of a DyGIE JSON lines file.
///
/// Items are [`Error::Line`] where a line is not such a document or fails
/// [`DygieDocument::validate`].
pub fn read_dygie<R: BufRead>(lines: Lines<R>) -> impl Iterator<Item = Result<DygieDocument>> {
    let mut documents = JsonLines::<R, DygieDocument>::from_lines(lines);
    std::iter::from_fn(move || {
        let document = documents.next()?;
        Some(document.and_then(|document| {
            document
                .validate()
                .map_err(|e| documents.error(e.to_string()))?;
            Ok(document)
        }))
    })
}

/// Writes `documents` to `writer`, which errors call `origin`.
///
/// # Errors
/// [`Error::Line`] where a document fails [`DygieDocument::validate`], [`Error::Io`] where writing
/// fails.
pub fn write_dygie(
    writer: impl Write,
    origin: impl AsRef<Path>,
    documents: &[DygieDocument],
) -> Result<()> {
    let origin = origin.as_ref();
    for (index, document) in documents.iter().enumerate() {
        document
            .validate()
            .map_err(|e| Error::line(origin, index + 1, e.to_string()))?;
    }
    write_json_lines(writer, origin, documents)
}
