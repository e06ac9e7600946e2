use plm_core::data::{Lines, write_json_lines};
use proptest::prelude::*;

use super::super::{
    CharSpan, Document, Entity, Finding, PredictedEntity, PredictedRelation, ReadOptions,
    RelationMention, Score, Sentence, WordSpan,
};
use super::{read_documents, write_documents};

fn strict(text: &str) -> super::super::Corpus {
    read_documents(Lines::new(text.as_bytes(), "f"), &ReadOptions::default()).unwrap()
}

fn bytes(documents: &[Document]) -> String {
    let documents: Vec<_> = documents.iter().map(|d| d.to_dygie().unwrap()).collect();
    let mut bytes = Vec::new();
    write_json_lines(&mut bytes, "f", &documents).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// Keys in the order in which they are written.
const LINE: &str = concat!(
    r#"{"doc_key":"d","sentences":[["a","b"],[],["c","","e"]],"#,
    r#""ner":[[[0,2,"X"],[0,1,"A"],[1,0,"X"],[9,9,"X"]],[],[[4,4,"B"],[2,3,"A"]]],"#,
    r#""relations":[[[0,1,4,4,"far"],[0,1,0,1,"self"],[2,3,4,4,"moved"]],[[0,0,9,9,"out"]],"#,
    r#"[[1,0,4,4,"reversed"],[2,3,4,4,"r"],[0,2,3,3,"across"]]],"#,
    r#""events":[[],[],[[[4,"E"],[0,1,"role"]]]],"clusters":[[[0,0],[4,4]]],"#,
    r#""dataset":"x","predicted_ner":[[[0,1,"A",2.5,0.75]],[],[[4,4,"B"]]],"#,
    r#""predicted_relations":[[],[],[[2,3,4,4,"r",-0.5,0.625]]],"weight":0.1}"#,
    "\n",
);

#[test]
fn spans_count_from_their_sentence() {
    let corpus = strict(LINE);
    let document = &corpus.documents[0];
    let last = &document.sentences[2];
    let entity = |start, end, label: &str| Entity {
        span: WordSpan::new(start, end),
        label: label.to_owned(),
    };
    assert_eq!(document.sentences[0].entities, [entity(0, 1, "A")]);
    assert_eq!(last.entities, [entity(2, 2, "B"), entity(0, 1, "A")]);
    let relation = RelationMention {
        subject: WordSpan::new(0, 1),
        object: WordSpan::new(2, 2),
        label: "r".to_owned(),
    };
    assert_eq!(last.relations, std::slice::from_ref(&relation));
    let score = |raw, probability| Some(Score { raw, probability });
    let predicted = &document.sentences[0].predicted_entities[0];
    assert_eq!(predicted.entity, entity(0, 1, "A"));
    assert_eq!(predicted.score, score(2.5, 0.75));
    assert_eq!(last.predicted_entities[0].score, None);
    assert_eq!(last.predicted_relations[0].relation, relation);
    assert_eq!(last.predicted_relations[0].score, score(-0.5, 0.625));
    assert_eq!(document.outside.entities.len(), 3);
    assert_eq!(document.outside.relations.len(), 5);
}

#[test]
fn nothing_is_lost_silently() {
    let corpus = strict(LINE);
    let counts: Vec<_> = corpus
        .report
        .findings()
        .map(|(f, p)| (f, p.len()))
        .collect();
    assert_eq!(
        counts,
        [
            (Finding::EmptyWord, 1),
            (Finding::EmptySentence, 1),
            (Finding::ReversedSpan, 2),
            (Finding::EntityOutsideSentence, 2),
            (Finding::CrossSentenceRelation, 2),
            (Finding::RelationInOtherSentence, 1),
            (Finding::RelationOutsideDocument, 1),
            (Finding::SelfRelation, 1),
        ]
    );
    assert_eq!(
        corpus.report.places(Finding::EntityOutsideSentence)[0],
        "d, sentence 0, words 0 to 2 X"
    );
    assert_eq!(bytes(&corpus.documents), LINE);
}

#[test]
fn what_is_absent_stays_absent() {
    for line in [
        "{\"sentences\":[]}\n",
        "{\"sentences\":[[\"a\"]],\"ner\":[[]]}\n",
        "{\"doc_key\":\"x\",\"sentences\":[[\"a\"]],\"relations\":[[]],\"predicted_ner\":[[]]}\n",
    ] {
        assert_eq!(bytes(&strict(line).documents), line);
    }
}

#[test]
fn predictions_of_another_form_are_kept_and_reported() {
    for layer in [
        r#""predicted_ner":[[[0,1,"A"]]]"#,
        r#""predicted_ner":[[[0,0,"A",1.0]]]"#,
        r#""predicted_ner":[[],[]]"#,
        r#""predicted_relations":"none""#,
    ] {
        let line = format!("{{\"sentences\":[[\"a\"]],{layer}}}\n");
        let corpus = strict(&line);
        assert_eq!(
            corpus.report.count(Finding::UnreadPredictions),
            1,
            "{layer}"
        );
        assert_eq!(bytes(&corpus.documents), line);
    }
}

#[test]
fn offsets_and_types_come_back() {
    let relation = RelationMention {
        subject: WordSpan::new(0, 0),
        object: WordSpan::new(1, 1),
        label: "r".to_owned(),
    };
    let mut sentence = Sentence::new(["né", "b"]);
    sentence.predicted_relations.push(PredictedRelation {
        relation,
        types: Some(("A".to_owned(), "B".to_owned())),
        score: None,
    });
    let mut document = Document::new("d", vec![sentence]);
    document.layers.predicted_relations = true;
    document.join_words();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f.jsonl");
    write_documents(&path, std::slice::from_ref(&document)).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let corpus = strict(&text);
    assert!(corpus.report.is_clean(), "{}", corpus.report);
    assert_eq!(corpus.documents, [document]);
    let broken = text.replace("[0,2]", "[0,99]");
    assert_ne!(broken, text);
    let corpus = strict(&broken);
    assert_eq!(corpus.report.count(Finding::UnreadOffsets), 1);
    assert_eq!(corpus.documents[0].sentences[0].offsets, None);
    assert_eq!(bytes(&corpus.documents), broken);
}

#[test]
fn what_cannot_be_written_is_an_error() {
    let mut document = strict(LINE).documents.remove(0);
    document.sentences[2].predicted_relations[0].score = Some(Score {
        raw: f64::NAN,
        probability: 0.5,
    });
    let error = document.to_dygie().unwrap_err().to_string();
    assert!(error.contains("NaN"), "{error}");
    let mut document = strict(LINE).documents.remove(0);
    document.sentences.truncate(1);
    let error = document.to_dygie().unwrap_err().to_string();
    assert!(error.contains("sentence 1, there are 1"), "{error}");
}

#[test]
fn spans_beyond_their_sentence_are_refused() {
    let (within, beyond) = (WordSpan::new(0, 0), WordSpan::new(1, 2));
    let entity = |span| Entity {
        span,
        label: "A".to_owned(),
    };
    let relation = |subject, object| RelationMention {
        subject,
        object,
        label: "r".to_owned(),
    };
    let sentence = || Sentence::new(["a", "b"]);
    let mut broken = vec![sentence(), sentence(), sentence(), sentence()];
    broken[0].entities.push(entity(beyond));
    broken[1].relations.push(relation(within, beyond));
    broken[2].predicted_entities.push(PredictedEntity {
        entity: entity(beyond),
        score: None,
    });
    broken[3].predicted_relations.push(PredictedRelation {
        relation: relation(beyond, within),
        types: None,
        score: None,
    });
    for first in broken {
        // The number of the word after it is that of the next sentence's first.
        let document = Document::new("d", vec![first, Sentence::new(["c"])]);
        let error = document.to_dygie().unwrap_err().to_string();
        let expected = "d: sentence 0 has no words [1, 2], it has 2;";
        assert!(error.starts_with(expected), "{error}");
    }
    let mut document = Document::new("d", vec![sentence(), sentence()]);
    let last = WordSpan::new(usize::MAX, usize::MAX);
    document.sentences[1].entities.push(entity(last));
    let error = document.to_dygie().unwrap_err().to_string();
    assert!(error.contains("sentence 1 has no words"), "{error}");
}

#[test]
fn types_of_unread_relations_do_not_hide_new_ones() {
    let line = concat!(
        r#"{"doc_key":"d","sentences":[["a"]],"predicted_relations":"none","#,
        r#""_predicted_relation_types":[[["A","B"]]]}"#,
        "\n",
    );
    let mut document = strict(line).documents.remove(0);
    document.layers.predicted_relations = true;
    let corpus = strict(&bytes(std::slice::from_ref(&document)));
    assert!(corpus.report.is_clean(), "{}", corpus.report);
    assert!(corpus.documents[0].layers.predicted_relations);
}

#[test]
fn unreadable_lines_stop_or_are_left_out() {
    let text = "{\"sentences\":[[\"a\"]],\"ner\":[]}\nno\n{\"sentences\":[[\"b\"]]}\n";
    let read = |options| read_documents(Lines::new(text.as_bytes(), "f"), &options);
    let error = read(ReadOptions::default()).unwrap_err().to_string();
    assert_eq!(error, "f:1: document 0: lists of `ner`: 0, expected 1");
    let options = ReadOptions {
        skip_unreadable: true,
        ..ReadOptions::default()
    };
    let corpus = read(options).unwrap();
    assert_eq!(corpus.documents.len(), 1);
    assert_eq!(corpus.report.count(Finding::UnreadLine), 2);
}

#[test]
fn brackets_are_restored_on_demand() {
    let line = "{\"sentences\":[[\"-LRB-\",\"a\"]]}\n";
    assert_eq!(strict(line).documents[0].sentences[0].words[0], "-LRB-");
    let options = ReadOptions {
        restore_brackets: true,
        ..ReadOptions::default()
    };
    let corpus = read_documents(Lines::new(line.as_bytes(), "f"), &options).unwrap();
    assert_eq!(corpus.documents[0].sentences[0].words, ["(", "a"]);
    assert_eq!(
        corpus.documents[0].sentences[0].offsets,
        None::<Vec<CharSpan>>
    );
}

/// A document with one prediction.
fn scored(raw: f64, probability: f64) -> Document {
    let mut document = Document::new("d", vec![Sentence::new(["a"])]);
    document.layers.predicted_entities = true;
    let span = WordSpan::new(0, 0);
    let label = "X".to_owned();
    document.sentences[0]
        .predicted_entities
        .push(PredictedEntity {
            entity: Entity { span, label },
            score: Some(Score { raw, probability }),
        });
    document
}

#[test]
fn scores_are_rounded() {
    let text = bytes(&[scored(-1.0 / 3.0, 2e-21), scored(1e300, 0.0)]);
    assert!(text.contains(r#""X",-0.333333333333,0.0]"#), "{text}");
    assert!(
        text.contains(r#""X",1e300,0.0]"#) || text.contains(r#""X",1e+300,0.0]"#),
        "{text}"
    );
}

fn lines() -> impl Strategy<Value = String> {
    let words = prop::collection::vec(prop::collection::vec("[a-c]{0,2}", 0..4), 0..4);
    words.prop_flat_map(|sentences| {
        let count = sentences.len();
        let entity = (0..9_usize, 0..9_usize, "[A-C]{0,1}");
        let relation = (0..9_usize, 0..9_usize, 0..9_usize, 0..9_usize, "[r-s]");
        // Four decimals, as DyGIE++ writes them.
        let score = (-20_000..20_000_i32, 0..=10_000_i32);
        let score = score.prop_map(|(raw, p)| (f64::from(raw) / 1e4, f64::from(p) / 1e4));
        let scored = (entity.clone(), score).prop_map(|((s, e, l), (a, b))| (s, e, l, a, b));
        (
            Just(sentences),
            prop::collection::vec(prop::collection::vec(entity, 0..4), count),
            prop::collection::vec(prop::collection::vec(relation, 0..4), count),
            prop::collection::vec(prop::collection::vec(scored, 0..3), count),
        )
            .prop_map(|(sentences, ner, relations, predicted)| {
                let value = serde_json::json!({
                    "sentences": sentences, "ner": ner, "relations": relations,
                    "predicted_ner": predicted, "zz": {"b": 1, "a": [0.1, null]},
                });
                value.to_string() + "\n"
            })
    })
}

proptest! {
    #[test]
    fn what_is_written_once_is_written_alike_ever_after(line in lines()) {
        let first = strict(&line);
        let written = bytes(&first.documents);
        let again = strict(&written);
        prop_assert_eq!(&first, &again);
        prop_assert_eq!(bytes(&again.documents), written.clone());
        let values: Vec<serde_json::Value> =
            [&line, &written].map(|text| serde_json::from_str(text).unwrap()).to_vec();
        prop_assert_eq!(&values[0], &values[1]);
    }

    #[test]
    fn scores_come_back_as_they_are_written(
        raw in -40.0..40.0_f64, digits in -24..3_i32, probability in 0.0..1.0_f64,
    ) {
        let document = scored(raw, probability * 10.0_f64.powi(digits));
        let written = bytes(std::slice::from_ref(&document));
        let again = strict(&written).documents;
        prop_assert_eq!(bytes(&again), written);
        let scores = |d: &Document| d.sentences[0].predicted_entities[0].score.unwrap();
        let (ours, theirs) = (scores(&document), scores(&again[0]));
        prop_assert!((ours.raw - theirs.raw).abs() <= 1e-11 * ours.raw.abs());
        prop_assert!((ours.probability - theirs.probability).abs() <= 1e-11 * ours.probability + 1e-20);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let options = ReadOptions { skip_unreadable: true, restore_brackets: true };
        let corpus = read_documents(Lines::new(bytes.as_slice(), "f"), &options).unwrap();
        prop_assert!(corpus.report.words <= bytes.len());
    }
}
