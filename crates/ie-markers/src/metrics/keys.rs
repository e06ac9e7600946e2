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
    /// Once, in the order given: the other order is wrong (PURE).
    Once,
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

/// A different item for each different annotation of `documents` that fits into no sentence. Each counts
/// as gold and is found by nothing: it belongs to a number that no sentence has.
fn asides<'d, T: Ord + 'd>(
    documents: &'d [Document],
    of: impl Fn(&'d Document) -> &'d [Aside<T>],
) -> impl Iterator<Item = (usize, &'d T)> {
    let sentences: usize = documents.iter().map(|d| d.sentences.len()).sum();
    let different = documents.iter().flat_map(move |document| {
        let items = of(document).iter();
        items
            .map(|aside| (aside.sentence, &aside.item))
            .collect::<BTreeSet<_>>()
    });
    let numbered = different.enumerate();
    numbered.map(move |(at, (_, item))| (sentences + at, item))
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
        let outside = asides(documents, |document| document.outside.entities.as_slice());
        spans.extend(outside.map(|(document, entity)| Span {
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
    for (number, sentence) in sentences(documents) {
        for (index, relation) in sentence.relations_from(source).into_iter().enumerate() {
            let types = match typed {
                true => types(sentence, source, index, relation),
                false => (EndType::Ignored, EndType::Ignored),
            };
            let twice =
                counting == SymmetricCounting::Double && space.is_symmetric(&relation.label);
            if twice {
                let reversed = (types.1.clone(), types.0.clone());
                let ends = (relation.object, relation.subject);
                spans.push(span(number, ends, &relation.label, reversed));
            }
            let ends = (relation.subject, relation.object);
            spans.push(span(number, ends, &relation.label, types));
        }
    }
    if source == Source::Gold {
        for (number, relation) in
            asides(documents, |document| document.outside.relations.as_slice())
        {
            let twice =
                counting == SymmetricCounting::Double && space.is_symmetric(&relation.label);
            let types = (EndType::Ignored, EndType::Ignored);
            for order in 0..1 + usize::from(twice) {
                let ends = (WordSpan::new(order, order), WordSpan::new(0, 0));
                spans.push(span(number, ends, &relation.label, types.clone()));
            }
        }
    }
    spans
}

fn span(
    document: usize,
    (subject, object): (WordSpan, WordSpan),
    label: &str,
    types: (EndType, EndType),
) -> Span<RelationKey> {
    Span {
        document,
        start: subject.start,
        end: subject.end,
        label: RelationKey {
            object,
            label: label.to_owned(),
            types,
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
