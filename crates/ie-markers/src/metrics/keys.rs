//! Entities and relations as items of sets.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use plm_core::metrics::Span;

use crate::data::{Aside, Document, RelationMention, Sentence, Source, WordSpan};
use crate::labels::RelationSpace;

/// How symmetric relations count. Published figures differ in this, so a table should name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SymmetricCounting {
    /// Twice, once for each order, in gold, predictions and hits: either order is right (PL-Marker).
    #[default]
    Double,
    /// Once, in gold, predictions and hits: either order is right, and the same relation in both orders is
    /// one.
    Once,
    /// Once, in the order given: the other order is another relation (PURE). This crate's models put the
    /// earlier span first, so that they miss gold relations whose subject comes later.
    OnceDirected,
}

/// An end's type.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum EndType {
    /// Types are not compared.
    Ignored,
    /// The type.
    Known(String),
    /// The end is no entity of this source, so that it equals nothing of the other.
    Unknown(bool),
}

/// What must match of a relation, beside the sentence and the subject.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RelationKey {
    object: WordSpan,
    pub(super) label: String,
    types: (EndType, EndType),
}

/// Each sentence of `documents` with its number, counted through all documents.
fn sentences(documents: &[Document]) -> impl Iterator<Item = (usize, &Sentence)> {
    documents.iter().flat_map(|d| &d.sentences).enumerate()
}

/// For each different `key` of the annotations of a document that fit into no sentence, the key and a number
/// that no sentence has: each counts as gold and is found by nothing.
fn asides<'d, T: 'd, K: Ord>(
    documents: &'d [Document],
    of: impl Fn(&'d Document) -> &'d [Aside<T>],
    key: impl Fn(&'d T) -> K,
) -> Vec<(usize, K)> {
    let sentences: usize = documents.iter().map(|d| d.sentences.len()).sum();
    let mut different = Vec::new();
    for document in documents {
        let items = of(document).iter();
        let keys = items.map(|aside| (aside.sentence, key(&aside.item)));
        different.extend(keys.collect::<BTreeSet<_>>());
    }
    let numbered = different.into_iter().enumerate();
    numbered
        .map(|(at, (_, key))| (sentences + at, key))
        .collect()
}

/// The entities of `documents` from `source`; gold ones with those that fit into no sentence.
pub(super) fn entities(documents: &[Document], source: Source) -> Vec<Span<String>> {
    let mut spans = Vec::new();
    for (number, sentence) in sentences(documents) {
        for entity in sentence.entities_from(source) {
            spans.push(Span {
                document: number,
                start: entity.span.start,
                end: entity.span.end,
                label: entity.label.clone(),
            });
        }
    }
    if source == Source::Gold {
        let outside = asides(
            documents,
            |document| document.outside.entities.as_slice(),
            |entity| entity,
        );
        spans.extend(outside.into_iter().map(|(document, entity)| Span {
            document,
            start: 0,
            end: 0,
            label: entity.label.clone(),
        }));
    }
    spans
}

/// The relations of `documents` from `source`, with the types of their ends where `typed`; gold ones with
/// those that fit into no sentence.
pub(super) fn relations(
    documents: &[Document],
    source: Source,
    space: &RelationSpace,
    counting: SymmetricCounting,
    typed: bool,
) -> Vec<Span<RelationKey>> {
    let mut spans = Vec::new();
    // Whether the order of the ends is no part of the relation, and whether it counts twice.
    let kind = |label: &str| {
        let either = counting != SymmetricCounting::OnceDirected && space.is_symmetric(label);
        (either, either && counting == SymmetricCounting::Double)
    };
    for (number, sentence) in sentences(documents) {
        for (index, relation) in sentence.relations_from(source).into_iter().enumerate() {
            let types = match typed {
                true => types(sentence, source, index, relation),
                false => (EndType::Ignored, EndType::Ignored),
            };
            let mut ends = [(relation.subject, types.0), (relation.object, types.1)];
            let (either, twice) = kind(&relation.label);
            if either {
                ends.sort();
            }
            let [one, other] = ends;
            if twice {
                let turned = [other.clone(), one.clone()];
                spans.push(span(number, turned, &relation.label));
            }
            spans.push(span(number, [one, other], &relation.label));
        }
    }
    if source == Source::Gold {
        let outside = asides(
            documents,
            |document| document.outside.relations.as_slice(),
            |relation| {
                let mut ends = [relation.subject, relation.object];
                if kind(&relation.label).0 {
                    ends.sort_unstable();
                }
                (ends, &relation.label)
            },
        );
        for (number, (_, label)) in outside {
            for order in 0..1 + usize::from(kind(label).1) {
                let ends = [order, 0].map(|at| (WordSpan::new(at, at), EndType::Ignored));
                spans.push(span(number, ends, label));
            }
        }
    }
    spans
}

/// A relation from the first end to the second.
fn span(
    document: usize,
    [(subject, subject_type), (object, object_type)]: [(WordSpan, EndType); 2],
    label: &str,
) -> Span<RelationKey> {
    Span {
        document,
        start: subject.start,
        end: subject.end,
        label: RelationKey {
            object,
            label: label.to_owned(),
            types: (subject_type, object_type),
        },
    }
}

/// The types of the ends: those that the relation model gave, else those of the first entities of
/// these spans.
fn types(
    sentence: &Sentence,
    source: Source,
    index: usize,
    relation: &RelationMention,
) -> (EndType, EndType) {
    let given = match source {
        Source::Gold => None,
        Source::Predicted => sentence.predicted_relations[index].types.clone(),
    };
    if let Some((subject, object)) = given {
        return (EndType::Known(subject), EndType::Known(object));
    }
    let entities = sentence.entities_from(source);
    let of = |span: WordSpan| match entities.iter().find(|entity| entity.span == span) {
        Some(entity) => EndType::Known(entity.label.clone()),
        None => EndType::Unknown(source == Source::Gold),
    };
    (of(relation.subject), of(relation.object))
}
