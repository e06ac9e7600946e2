//! What of a document a model does not see.

use super::toy::{documents, entity_stage, labels, relation_stage};
use crate::data::{Document, Entity, RelationMention, Sentence, Source};
use crate::pipeline::{
    Computation, EntitySettings, EntityStage, PredictionReport, RelationSettings,
};
use crate::spans::candidate_count;
use crate::testing::{device, span};
use crate::window::{LongSentences, WindowSettings};

/// A sentence of 30 words of one token each.
fn long_sentence(entities: &[usize]) -> Document {
    let names = ["Anna", "met", "Carl", "in", "Oslo"];
    let words = (0..30).map(|word| names[word % names.len()]);
    let mut sentence = Sentence::new(words);
    sentence.entities = entities
        .iter()
        .map(|&word| Entity {
            span: span(word, word),
            label: "PER".to_owned(),
        })
        .collect();
    let mut document = Document::new("long", vec![sentence]);
    document.join_words();
    document
}

fn windows(long: LongSentences) -> WindowSettings {
    WindowSettings {
        long,
        ..WindowSettings::new(16)
    }
}

#[test]
fn windows_of_a_long_sentence_lose_no_candidate() {
    let stage = entity_stage(0.3, &device());
    let with = |window: WindowSettings| {
        let settings = EntitySettings {
            window,
            ..stage.settings().clone()
        };
        let markers = stage.markers().to_vec();
        EntityStage::new(stage.model().clone(), labels(), settings, markers).unwrap()
    };
    let document = [long_sentence(&[0, 13, 14, 29])];
    let how = Computation::default();

    // Candidates have up to three words, and windows share three.
    let stage = with(windows(LongSentences::Overlap { overlap: 3 }));
    let (examples, report) = stage.examples(&document).unwrap();
    assert!(report.truncation.windowed == 1 && examples.len() > 1);
    assert_eq!(report.targets, candidate_count(30, 3));
    assert_eq!((report.gold, report.unused), (4, 0));
    let lost = stage.predict(&mut document.clone(), &how).unwrap();
    assert!(lost.cut.is_empty(), "{lost}");

    // Windows that share one word: 14 + 13 + 3 words. Of the spans across words 13 and 26, those of
    // three words with the shared word in the middle are in no window.
    let stage = with(windows(LongSentences::Overlap { overlap: 1 }));
    let (_, report) = stage.examples(&document).unwrap();
    assert_eq!(report.targets, candidate_count(30, 3) - 2);
    let lost = stage.predict(&mut document.clone(), &how).unwrap();
    assert_eq!(lost.cut[0].entities, [span(12, 14), span(25, 27)]);
    assert_eq!(lost.words(), 0);

    let stage = with(windows(LongSentences::Truncate));
    let (_, report) = stage.examples(&document).unwrap();
    assert_eq!(report.targets, candidate_count(14, 3));
    // Words 14 and 29 are cut.
    assert_eq!((report.gold, report.unused), (4, 2));
    let lost = stage.predict(&mut document.clone(), &how).unwrap();
    assert_eq!(lost.words(), 16);
}

#[test]
fn pairs_too_far_apart_are_named() {
    // 12 words beside two solid markers: 0..12, 8..20, 16..28, 24..30.
    let settings = RelationSettings {
        window: windows(LongSentences::Overlap { overlap: 4 }),
        ..RelationSettings::new(16)
    };
    let stage = relation_stage(0.3, settings, &device());
    let mut document = [long_sentence(&[0, 10, 11, 29])];
    let relation = |subject: usize, object: usize, label: &str| RelationMention {
        subject: span(subject, subject),
        object: span(object, object),
        label: label.to_owned(),
    };
    document[0].sentences[0].relations = vec![
        relation(0, 10, "lives"),
        relation(11, 29, "lives"),
        relation(0, 10, "works"),
        relation(10, 5, "in"),
    ];
    let (_, report) = stage.examples(&document).unwrap();
    // One too far apart, one of a pair that has another, one without entity.
    assert_eq!((report.gold, report.unused), (4, 3));
    assert_eq!(report.truncation.relations(), 1);
    let how = Computation::default();
    let lost = stage.predict(&mut document, Source::Gold, &how).unwrap();
    let far = [0, 10, 11].map(|word| [span(word, word), span(29, 29)]);
    assert_eq!(lost.cut[0].relations, far);
    assert!(lost.cut[0].entities.is_empty() && lost.words() == 0);
    for found in &document[0].sentences[0].predicted_relations {
        let ends = [found.relation.subject, found.relation.object];
        assert!(!ends.contains(&span(29, 29)));
    }
}

#[test]
fn what_has_no_tokens_is_lost() {
    // The tokenizer makes nothing of the second word.
    let mut sentence = Sentence::new(["Anna", "\u{2063}", "met", "Carl"]);
    let spans = [span(0, 0), span(1, 1), span(1, 2), span(3, 3)];
    sentence.entities = spans
        .iter()
        .map(|&span| Entity {
            span,
            label: "PER".to_owned(),
        })
        .collect();
    sentence.relations = vec![RelationMention {
        subject: spans[1],
        object: spans[3],
        label: "lives".to_owned(),
    }];
    let mut document = [Document::new("d", vec![sentence])];
    let how = Computation::default();

    let stage = entity_stage(0.3, &device());
    let (_, report) = stage.examples(&document).unwrap();
    // [0, 0], [0, 2], [2, 2], [2, 3] and [3, 3]: [0, 1] and [1, 2] have the tokens of others.
    assert_eq!((report.targets, report.gold, report.unused), (5, 4, 2));
    assert_eq!(report.truncation.cut[0].entities, [spans[1]]);
    let lost = stage.predict(&mut document, &how).unwrap();
    assert_eq!((lost.empty_words, lost.cut.len()), (1, 0));
    for found in &document[0].sentences[0].predicted_entities {
        assert!(found.entity.span.start != 1 && found.entity.span.end != 1);
    }
    let of_entities = PredictionReport {
        entities: lost,
        ..PredictionReport::default()
    };
    assert!(!of_entities.is_complete());

    let stage = relation_stage(0.3, RelationSettings::new(40), &device());
    let (_, report) = stage.examples(&document).unwrap();
    assert_eq!((report.gold, report.unused), (1, 1));
    assert_eq!(report.truncation.relations(), 1);
    let lost = stage.predict(&mut document, Source::Gold, &how).unwrap();
    assert_eq!(lost.cut[0].entities, [spans[1]]);
    let pairs = [[0, 1], [1, 2], [1, 3]].map(|pair| pair.map(|at| spans[at]));
    assert_eq!(lost.cut[0].relations, pairs);
    let of_relations = PredictionReport {
        relations: lost,
        ..PredictionReport::default()
    };
    assert!(!of_relations.is_complete() && PredictionReport::default().is_complete());
}

#[test]
fn single_entities_teach_their_types() {
    let stage = relation_stage(0.3, RelationSettings::new(40), &device());
    let (examples, report) = stage.examples(&documents()).unwrap();
    // Of sentences with n entities: n rows of n objects, and a row without subject; the sentence
    // without entities has none. Entities: 2, 3, 3, 3, 2, 1, 2.
    assert_eq!(report.rows, 16 + 7);
    assert_eq!(report.targets, 4 + 9 + 9 + 9 + 4 + 1 + 4 + 16);
    let dummies = examples
        .iter()
        .filter(|one| one.row.subject[0] + 2 == one.row.row.tokens.len());
    let mut count = 0;
    for dummy in dummies {
        count += dummy.entities.len();
        assert!(dummy.relations.iter().all(|&class| class == 0));
        assert!(dummy.entities.iter().all(|&class| class > 0));
    }
    assert_eq!(count, 16);
}
