//! The keys beside the gold annotations: predictions, and the text with the words' offsets.

use plm_core::check::finite;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::{
    CharSpan, Document, Entity, PredictedEntity, PredictedRelation, RelationMention, Score,
    WordSpan,
};
use crate::{Error, Result};

const ENTITIES: &str = "predicted_ner";
const RELATIONS: &str = "predicted_relations";
/// DyGIE++ ignores keys that start with `_`.
const TYPES: &str = "_predicted_relation_types";
const TEXT: &str = "_text";
const OFFSETS: &str = "_offsets";

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum EntityRow {
    Plain(usize, usize, String),
    Scored(usize, usize, String, f64, f64),
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum RelationRow {
    Plain(usize, usize, usize, usize, String),
    Scored(usize, usize, usize, usize, String, f64, f64),
}

type Types = Vec<Vec<Option<(String, String)>>>;

/// `[start, end]` of the document within a sentence of `words` words that starts at `first`.
fn localize(start: usize, end: usize, first: usize, words: usize) -> Option<WordSpan> {
    let span = WordSpan::new(start.checked_sub(first)?, end.checked_sub(first)?);
    span.is_within(words).then_some(span)
}

/// The lists of key `key` of `other`, one for each of `sentences` sentences.
fn lists<T: for<'de> Deserialize<'de>>(
    other: &Map<String, Value>,
    key: &str,
    sentences: usize,
) -> Option<Vec<T>> {
    let lists: Vec<T> = Vec::deserialize(other.get(key)?).ok()?;
    (lists.len() == sentences).then_some(lists)
}

/// Moves predictions from `document.other` to its sentences; the keys that are there but cannot be
/// read, and stay.
pub(super) fn take_predictions(document: &mut Document) -> Vec<&'static str> {
    let mut unread = Vec::new();
    if document.other.contains_key(ENTITIES) {
        match entities(document) {
            Some(lists) => {
                document.other.remove(ENTITIES);
                document.layers.predicted_entities = true;
                for (sentence, list) in document.sentences.iter_mut().zip(lists) {
                    sentence.predicted_entities = list;
                }
            }
            None => unread.push(ENTITIES),
        }
    }
    if document.other.contains_key(RELATIONS) {
        match relations(document) {
            Some(lists) => {
                document.other.remove(RELATIONS);
                document.other.remove(TYPES);
                document.layers.predicted_relations = true;
                for (sentence, list) in document.sentences.iter_mut().zip(lists) {
                    sentence.predicted_relations = list;
                }
            }
            None => unread.push(RELATIONS),
        }
    }
    unread
}

fn entities(document: &Document) -> Option<Vec<Vec<PredictedEntity>>> {
    let sentences = document.sentences.len();
    let rows: Vec<Vec<EntityRow>> = lists(&document.other, ENTITIES, sentences)?;
    let starts = document.sentence_starts();
    let sentences = document.sentences.iter().zip(starts);
    let read = |row, first, words| {
        let (start, end, label, score) = match row {
            EntityRow::Plain(start, end, label) => (start, end, label, None),
            EntityRow::Scored(start, end, label, raw, probability) => {
                (start, end, label, Some(Score { raw, probability }))
            }
        };
        let span = localize(start, end, first, words)?;
        let entity = Entity { span, label };
        Some(PredictedEntity { entity, score })
    };
    let lists = rows
        .into_iter()
        .zip(sentences)
        .map(|(list, (sentence, first))| {
            let list = list.into_iter();
            list.map(|row| read(row, first, sentence.words.len()))
                .collect()
        });
    lists.collect()
}

fn relations(document: &Document) -> Option<Vec<Vec<PredictedRelation>>> {
    let sentences = document.sentences.len();
    let rows: Vec<Vec<RelationRow>> = lists(&document.other, RELATIONS, sentences)?;
    let mut types: Types = match document.other.contains_key(TYPES) {
        true => lists(&document.other, TYPES, sentences)?,
        false => rows.iter().map(|list| vec![None; list.len()]).collect(),
    };
    let starts = document.sentence_starts();
    let mut result = Vec::with_capacity(rows.len());
    for (index, list) in rows.into_iter().enumerate() {
        let words = document.sentences[index].words.len();
        if types[index].len() != list.len() {
            return None;
        }
        let mut read = Vec::with_capacity(list.len());
        for (row, types) in list.into_iter().zip(types[index].drain(..)) {
            let (a, b, c, d, label, score) = match row {
                RelationRow::Plain(a, b, c, d, label) => (a, b, c, d, label, None),
                RelationRow::Scored(a, b, c, d, label, raw, probability) => {
                    (a, b, c, d, label, Some(Score { raw, probability }))
                }
            };
            let relation = RelationMention {
                subject: localize(a, b, starts[index], words)?,
                object: localize(c, d, starts[index], words)?,
                label,
            };
            read.push(PredictedRelation {
                relation,
                types,
                score,
            });
        }
        result.push(read);
    }
    Some(result)
}

/// Moves the text and the offsets from `document.other`; false where they are there but do not fit,
/// and stay.
pub(super) fn take_text(document: &mut Document) -> bool {
    if !document.other.contains_key(TEXT) && !document.other.contains_key(OFFSETS) {
        return true;
    }
    let Some(text) = document.other.get(TEXT).and_then(Value::as_str) else {
        return false;
    };
    let sentences = document.sentences.len();
    let offsets = lists::<Option<Vec<CharSpan>>>(&document.other, OFFSETS, sentences);
    let Some(offsets) = offsets else { return false };
    let length = text.chars().count();
    let fits = document
        .sentences
        .iter()
        .zip(&offsets)
        .all(|(sentence, offsets)| {
            offsets.as_ref().is_none_or(|offsets| {
                offsets.len() == sentence.words.len()
                    && offsets.iter().all(|o| o.start <= o.end && o.end <= length)
            })
        });
    if !fits {
        return false;
    }
    document.text = Some(text.to_owned());
    for (sentence, offsets) in document.sentences.iter_mut().zip(offsets) {
        sentence.offsets = offsets;
    }
    document.other.remove(TEXT);
    document.other.remove(OFFSETS);
    true
}

/// Adds the text and the offsets of `document` to `other`.
pub(super) fn add_text(document: &Document, other: &mut Map<String, Value>) -> Result<()> {
    let Some(text) = &document.text else {
        return Ok(());
    };
    let offsets: Vec<_> = document.sentences.iter().map(|s| &s.offsets).collect();
    other.insert(TEXT.to_owned(), Value::from(text.as_str()));
    other.insert(OFFSETS.to_owned(), json(&offsets)?);
    Ok(())
}

/// Adds the predictions of `document` to `other`.
pub(super) fn add_predictions(document: &Document, other: &mut Map<String, Value>) -> Result<()> {
    let starts = document.sentence_starts();
    let sentences = || document.sentences.iter().zip(&starts);
    let predicted = document.sentences.iter();
    let any = |some: fn(&super::super::Sentence) -> bool| predicted.clone().any(some);
    if document.layers.predicted_entities || any(|s| !s.predicted_entities.is_empty()) {
        let rows = sentences().map(|(sentence, &first)| {
            let list = sentence.predicted_entities.iter();
            list.map(|p| entity_row(p, first)).collect()
        });
        let rows: Vec<Vec<EntityRow>> = rows.collect::<Result<_>>()?;
        other.insert(ENTITIES.to_owned(), json(&rows)?);
    }
    if document.layers.predicted_relations || any(|s| !s.predicted_relations.is_empty()) {
        let rows = sentences().map(|(sentence, &first)| {
            let list = sentence.predicted_relations.iter();
            list.map(|p| relation_row(p, first)).collect()
        });
        let rows: Vec<Vec<RelationRow>> = rows.collect::<Result<_>>()?;
        other.insert(RELATIONS.to_owned(), json(&rows)?);
        // Those of a file's relations that could not be read are of other rows.
        other.remove(TYPES);
        let types = document.sentences.iter().map(|sentence| {
            let list = sentence.predicted_relations.iter();
            list.map(|p| p.types.clone()).collect()
        });
        let types: Types = types.collect();
        if types.iter().flatten().any(Option::is_some) {
            other.insert(TYPES.to_owned(), json(&types)?);
        }
    }
    Ok(())
}

fn entity_row(predicted: &PredictedEntity, first: usize) -> Result<EntityRow> {
    let Entity { span, label } = predicted.entity.clone();
    let (start, end) = (span.start + first, span.end + first);
    Ok(match checked(predicted.score)? {
        None => EntityRow::Plain(start, end, label),
        Some(score) => EntityRow::Scored(start, end, label, score.raw, score.probability),
    })
}

fn relation_row(predicted: &PredictedRelation, first: usize) -> Result<RelationRow> {
    let relation = predicted.relation.clone();
    let shift = |span: WordSpan| (span.start + first, span.end + first);
    let ((a, b), (c, d)) = (shift(relation.subject), shift(relation.object));
    Ok(match checked(predicted.score)? {
        None => RelationRow::Plain(a, b, c, d, relation.label),
        Some(Score { raw, probability }) => {
            RelationRow::Scored(a, b, c, d, relation.label, raw, probability)
        }
    })
}

/// The score as it is written. JSON has no other numbers than finite ones, and JSON readers that do
/// not round exactly, serde_json's default one among them, change the last digit of long numbers.
fn checked(score: Option<Score>) -> Result<Option<Score>> {
    let Some(Score { raw, probability }) = score else {
        return Ok(None);
    };
    finite("the score of a prediction", [raw, probability])?;
    Ok(Some(Score {
        raw: rounded(raw),
        probability: rounded(probability),
    }))
}

/// `value` with 12 significant digits and at most 20 decimals.
fn rounded(value: f64) -> f64 {
    let digits = match value.abs() < 1e-9 {
        true => format!("{value:.20}"),
        false => format!("{value:.11e}"),
    };
    digits.parse().unwrap_or(value)
}

fn json<T: Serialize>(value: &T) -> Result<Value> {
    serde_json::to_value(value).map_err(|error| Error::Unwritable {
        document: "a document".to_owned(),
        reason: error.to_string(),
    })
}
