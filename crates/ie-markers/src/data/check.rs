//! Looks for what is odd in a document.

use std::collections::{HashMap, HashSet};

use super::{Document, Finding, ReadReport, Sentence, Source};

/// How a report calls document number `index` (from 0).
pub(super) fn name(document: &Document, index: usize) -> String {
    match &document.id {
        Some(id) => id.clone(),
        None => format!("document {index}"),
    }
}

/// Counts `document` and adds what is odd within its sentences.
pub(super) fn check(document: &Document, report: &mut ReadReport) {
    let name = name(document, report.documents);
    report.count_document(document);
    if document.sentences.is_empty() {
        report.note(Finding::EmptyDocument, name.as_str());
    }
    for (index, sentence) in document.sentences.iter().enumerate() {
        let place = format!("{name}, sentence {index}");
        check_words(sentence, &place, report);
        check_entities(sentence, &place, report);
        check_relations(sentence, &place, report);
    }
}

fn check_words(sentence: &Sentence, place: &str, report: &mut ReadReport) {
    if sentence.words.is_empty() {
        report.note(Finding::EmptySentence, place);
    }
    for (at, word) in sentence.words.iter().enumerate() {
        if word.is_empty() {
            report.note(Finding::EmptyWord, format!("{place}, word {at}"));
        }
    }
}

fn check_entities(sentence: &Sentence, place: &str, report: &mut ReadReport) {
    let mut seen = HashMap::new();
    let mut pairs = HashSet::new();
    for entity in &sentence.entities {
        let here = format!("{place}, {} {}", entity.span, entity.label);
        if entity.label.is_empty() {
            report.note(Finding::EmptyLabel, here.as_str());
        }
        let first = *seen.entry(entity.span).or_insert(&entity.label);
        if !pairs.insert(entity) {
            report.note(Finding::DuplicateEntity, here);
        } else if first != &entity.label {
            report.note(Finding::SeveralTypes, here);
        }
    }
}

fn check_relations(sentence: &Sentence, place: &str, report: &mut ReadReport) {
    let entities: HashSet<_> = sentence.entities.iter().map(|e| e.span).collect();
    let mut seen = HashMap::new();
    let mut triples = HashSet::new();
    for relation in &sentence.relations {
        let (subject, object) = (relation.subject, relation.object);
        let here = || format!("{place}, {subject} {object} {}", relation.label);
        if relation.label.is_empty() {
            report.note(Finding::EmptyLabel, here());
        }
        if !entities.contains(&subject) || !entities.contains(&object) {
            report.note(Finding::RelationWithoutEntity, here());
        }
        if subject == object {
            report.note(Finding::SelfRelation, here());
        }
        let first = *seen.entry((subject, object)).or_insert(&relation.label);
        if !triples.insert(relation) {
            report.note(Finding::DuplicateRelation, here());
        } else if first != &relation.label {
            report.note(Finding::SeveralRelations, here());
        }
    }
}

/// Notes the gold annotations of `document` that only JSON lines hold, where a writer of another format takes
/// what comes from `source`. Who asks for predictions asks for no gold annotations.
pub(super) fn note_left_out(
    document: &Document,
    name: &str,
    source: Source,
    report: &mut ReadReport,
) {
    if source == Source::Predicted {
        return;
    }
    for aside in &document.outside.entities {
        let place = format!("{name}, sentence {}, {}", aside.sentence, aside.item.label);
        report.note(Finding::EntityOutsideSentence, place);
    }
    for aside in &document.outside.relations {
        let place = format!("{name}, sentence {}, {}", aside.sentence, aside.item.label);
        report.note(Finding::RelationNotWritten, place);
    }
    for cluster in 0..document.clusters.as_ref().map_or(0, Vec::len) {
        report.note(Finding::Cluster, format!("{name}, cluster {cluster}"));
    }
    for (sentence, events) in document.events.iter().flatten().enumerate() {
        for event in events {
            let place = format!("{name}, sentence {sentence}, {}", event.event_type);
            report.note(Finding::Event, place);
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use plm_core::data::{DygieEvent, EntityMention, Relation};

    use super::super::{Aside, Entity, RelationMention, WordSpan};
    use super::*;

    /// Two sentences, and gold annotations of every kind that only JSON lines hold.
    pub(in super::super) fn beyond_sentences() -> Document {
        let mut document = Document::new("d", vec![Sentence::new(["a"]), Sentence::new(["b"])]);
        document.outside.entities = vec![Aside {
            sentence: 0,
            at: 0,
            item: EntityMention {
                start: 0,
                end: 1,
                label: "X".to_owned(),
            },
        }];
        document.outside.relations = vec![Aside {
            sentence: 1,
            at: 0,
            item: Relation {
                subject: (1, 1),
                object: (0, 0),
                label: "r".to_owned(),
            },
        }];
        document.clusters = Some(vec![vec![(0, 0), (1, 1)]]);
        let event = DygieEvent {
            trigger: 1,
            event_type: "E".to_owned(),
            arguments: Vec::new(),
        };
        document.events = Some(vec![Vec::new(), vec![event]]);
        document
    }

    #[test]
    fn gold_annotations_that_only_json_lines_hold_are_noted() {
        fn aside<T>(item: T) -> Aside<T> {
            Aside {
                sentence: 1,
                at: 0,
                item,
            }
        }
        let event = |trigger, event_type: &str| DygieEvent {
            trigger,
            event_type: event_type.to_owned(),
            arguments: Vec::new(),
        };
        let mut document = Document::new("d", vec![Sentence::new(["a"]), Sentence::new(["b"])]);
        document.outside.entities = vec![aside(EntityMention {
            start: 0,
            end: 1,
            label: "X".to_owned(),
        })];
        document.outside.relations = vec![aside(Relation {
            subject: (1, 1),
            object: (0, 0),
            label: "r".to_owned(),
        })];
        document.clusters = Some(vec![vec![(0, 0), (1, 1)], vec![(0, 1)]]);
        document.events = Some(vec![
            vec![event(0, "E")],
            vec![event(1, "F"), event(1, "G")],
        ]);
        let mut report = ReadReport::default();
        note_left_out(&document, "d", Source::Predicted, &mut report);
        assert!(report.is_clean(), "{report}");
        note_left_out(&document, "d", Source::Gold, &mut report);
        let found: Vec<_> = report.findings().map(|(f, p)| (f, p.join("|"))).collect();
        let expected = [
            (Finding::EntityOutsideSentence, "d, sentence 1, X"),
            (
                Finding::Event,
                "d, sentence 0, E|d, sentence 1, F|d, sentence 1, G",
            ),
            (Finding::Cluster, "d, cluster 0|d, cluster 1"),
            (Finding::RelationNotWritten, "d, sentence 1, r"),
        ];
        assert_eq!(found, expected.map(|(f, p)| (f, p.to_owned())));
    }

    #[test]
    fn each_oddity_is_found_once() {
        let entity = |start, end, label: &str| Entity {
            span: WordSpan::new(start, end),
            label: label.to_owned(),
        };
        let relation = |subject, object, label: &str| RelationMention {
            subject: WordSpan::new(subject, subject),
            object: WordSpan::new(object, object),
            label: label.to_owned(),
        };
        let odd = Sentence {
            words: ["a", "", "c"].map(str::to_owned).to_vec(),
            entities: vec![
                entity(0, 0, "A"),
                entity(0, 0, "B"),
                entity(0, 0, "A"),
                entity(2, 2, ""),
            ],
            relations: vec![
                relation(0, 2, "r"),
                relation(0, 2, "r"),
                relation(0, 2, "s"),
                relation(0, 1, "r"),
                relation(2, 2, "r"),
            ],
            ..Sentence::default()
        };
        let mut report = ReadReport::default();
        check(
            &Document::new("d", vec![odd, Sentence::default()]),
            &mut report,
        );
        check(&Document::default(), &mut report);
        let found: Vec<_> = report.findings().map(|(f, p)| (f, p.join("|"))).collect();
        assert_eq!(
            found,
            [
                (Finding::EmptyWord, "d, sentence 0, word 1"),
                (Finding::EmptySentence, "d, sentence 1"),
                (Finding::EmptyDocument, "document 1"),
                (Finding::EmptyLabel, "d, sentence 0, [2, 2] "),
                (
                    Finding::RelationWithoutEntity,
                    "d, sentence 0, [0, 0] [1, 1] r"
                ),
                (Finding::SelfRelation, "d, sentence 0, [2, 2] [2, 2] r"),
                (Finding::DuplicateEntity, "d, sentence 0, [0, 0] A"),
                (Finding::SeveralTypes, "d, sentence 0, [0, 0] B"),
                (Finding::DuplicateRelation, "d, sentence 0, [0, 0] [2, 2] r"),
                (Finding::SeveralRelations, "d, sentence 0, [0, 0] [2, 2] s"),
            ]
            .map(|(f, p)| (f, p.to_owned()))
        );
        assert_eq!(
            (report.documents, report.entities, report.relations),
            (2, 4, 5)
        );
    }
}
