use plm_core::data::{DygieEvent, Lines};
use proptest::prelude::*;

use super::super::{Corpus, Document, Finding, ReadOptions, Segmentation, Source};
use super::{Alignment, BratOptions, brat_files, read_brat, read_brat_files, write_brat};
use crate::Result;

const TEXT: &str = "Zoë Doe's firm, Acme\nInc., hired Li.\nHe left.";

fn read(text: &str, annotations: &[u8], options: &BratOptions) -> Result<Corpus> {
    let mut corpus = Corpus::default();
    read_brat(
        "d",
        text,
        Lines::new(annotations, "d.ann"),
        options,
        &mut corpus,
    )?;
    Ok(corpus)
}

fn entities(document: &Document) -> Vec<String> {
    let sentences = document.sentences.iter().enumerate();
    sentences
        .flat_map(|(index, s)| {
            s.entities
                .iter()
                .map(move |e| format!("{index} {} {}", e.span, e.label))
        })
        .collect()
}

const ANNOTATIONS: &str = "T1\tPER 0 7\tZoë Doe\n\
    T2\tORG 16 20;21 25\tAcme Inc.\n\
    T3\tPER 33 35\tLi\n\
    T4\tPER 37 39\tHe\n\
    T5\tBAD 1 7\toë Doe\n\
    T6\tGAP 0 3;33 35\tZoë Li\n\
    T7\tFAR 40 99\tx\n\
    T8\tWIDE 33 39\tLi. He\n\
    T9\tODD 10 14\tform\n\
    R1\towns Arg2:T2 Arg1:T1\t\n\
    R2\thires Arg1:T2 Arg2:T3\n\
    R3\tsame Arg1:T3 Arg2:T4\n\
    R4\tlost Arg1:T5 Arg2:T1\n\
    R5\tthree A:T1 B:T2 C:T3\n\
    E1\tHire:T3 Arg:T2\n\
    A1\tNegation E1\n\
    M1\tSpeculation E1\n\
    #1\tAnnotatorNotes T1\tsure\n\
    N1\tReference T1 Wikipedia:1\tZoë\n\
    *\tEquiv T3 T4\n";

#[test]
fn all_is_read_or_reported_with_its_id() {
    let corpus = read(TEXT, ANNOTATIONS.as_bytes(), &BratOptions::default()).unwrap();
    let document = &corpus.documents[0];
    assert_eq!(
        document.sentences[0].words.join(" "),
        "Zoë Doe 's firm , Acme Inc. , hired Li ."
    );
    assert_eq!(
        entities(document),
        [
            "0 [0, 1] PER",
            "0 [5, 6] ORG",
            "0 [9, 9] PER",
            "0 [3, 3] ODD",
            "1 [0, 0] PER"
        ]
    );
    let relations = document.sentences[0].relations.iter();
    let relations: Vec<_> = relations
        .map(|r| format!("{} {} {}", r.label, r.subject, r.object))
        .collect();
    assert_eq!(relations, ["owns [0, 1] [5, 6]", "hires [5, 6] [9, 9]"]);
    let expected: [(Finding, &[&str]); 12] = [
        (Finding::EntityOutsideSentence, &["d, T8 WIDE"]),
        (Finding::CrossSentenceRelation, &["d, R3 same"]),
        (Finding::Discontinuous, &["d, T6 GAP"]),
        (Finding::Unaligned, &["d, T5 BAD", "d, T7 FAR"]),
        (Finding::TextMismatch, &["d, T9 ODD"]),
        (Finding::UnreadRelation, &["d, R5", "d, R4 lost"]),
        (Finding::Event, &["d, E1"]),
        (Finding::Attribute, &["d, A1", "d, M1"]),
        (Finding::Note, &["d, #1"]),
        (Finding::Normalization, &["d, N1"]),
        (Finding::Equivalence, &["d, *"]),
        (Finding::Widened, &[]),
    ];
    for (finding, places) in expected {
        assert_eq!(corpus.report.places(finding), places, "{finding:?}");
    }
    let total: usize = corpus
        .report
        .findings()
        .map(|(_, places)| places.len())
        .sum();
    let known: usize = expected.iter().map(|(_, places)| places.len()).sum();
    assert_eq!(total, known);
    let outside = &document.outside;
    assert_eq!(
        (outside.entities[0].item.start, outside.entities[0].item.end),
        (9, 11)
    );
    assert_eq!(outside.relations[0].item.object, (11, 11));
}

#[test]
fn widening_keeps_what_is_not_aligned() {
    let options = BratOptions {
        alignment: Alignment::Widen,
        ..BratOptions::default()
    };
    let corpus = read(TEXT, ANNOTATIONS.as_bytes(), &options).unwrap();
    assert!(entities(&corpus.documents[0]).contains(&"0 [0, 1] BAD".to_owned()));
    assert_eq!(corpus.report.places(Finding::Widened), ["d, T5 BAD"]);
    assert_eq!(corpus.report.places(Finding::Unaligned), ["d, T7 FAR"]);
    assert_eq!(corpus.documents[0].sentences[0].relations.len(), 3);
}

#[test]
fn lines_that_are_no_annotations_stop_or_are_reported() {
    for (line, part) in [
        ("T1\tPER\tx", "type and offsets"),
        ("T1\tPER 5 5\tx", "later end"),
        ("T1\tPER 1 2 3\tx", "later end"),
        ("T1\tPER -1 2\tx", "later end"),
        ("?\tx", "no kind"),
        ("T1\tPER 0 3\tZoë\nT1\tPER 4 7\tDoe", "already in line 1"),
    ] {
        let error = read(TEXT, line.as_bytes(), &BratOptions::default());
        let error = error.unwrap_err().to_string();
        assert!(
            error.starts_with("d.ann:") && error.contains(part),
            "{error}"
        );
        let options = BratOptions {
            read: ReadOptions {
                skip_unreadable: true,
                ..ReadOptions::default()
            },
            ..BratOptions::default()
        };
        let corpus = read(TEXT, line.as_bytes(), &options).unwrap();
        assert_eq!(corpus.report.count(Finding::UnreadLine), 1);
    }
}

#[test]
fn files_come_back() {
    let corpus = read(TEXT, ANNOTATIONS.as_bytes(), &BratOptions::default()).unwrap();
    let document = &corpus.documents[0];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d");
    let report = write_brat(&path, document, Source::Gold).unwrap();
    assert_eq!(report.count(Finding::EntityOutsideSentence), 1);
    assert_eq!(report.count(Finding::RelationNotWritten), 1);
    let written = std::fs::read_to_string(path.with_extension("ann")).unwrap();
    assert!(
        written.starts_with("T1\tPER 0 7\tZoë Doe\nT2\tORG 16 25\tAcme Inc.\n"),
        "{written}"
    );
    assert!(written.contains("R1\towns Arg1:T1 Arg2:T2\n"), "{written}");
    let mut again = Corpus::default();
    let options = BratOptions::default();
    read_brat_files(path.with_extension("txt"), &options, &mut again).unwrap();
    assert!(again.report.is_clean(), "{}", again.report);
    assert_eq!(again.documents[0].id.as_deref(), Some("d"));
    assert_eq!(again.documents[0].sentences, document.sentences);
    assert_eq!(again.documents[0].text, document.text);
}

#[test]
fn events_and_clusters_are_reported_and_not_written() {
    let corpus = read(TEXT, ANNOTATIONS.as_bytes(), &BratOptions::default()).unwrap();
    let mut document = corpus.documents[0].clone();
    document.clusters = Some(vec![vec![(0, 1), (11, 11)]]);
    let hire = DygieEvent {
        trigger: 8,
        event_type: "Hire".to_owned(),
        arguments: Vec::new(),
    };
    document.events = Some(vec![vec![hire], Vec::new()]);
    let (_, report) = brat_files(&document, Source::Gold).unwrap();
    assert_eq!(report.places(Finding::Cluster), ["d, cluster 0"]);
    assert_eq!(report.places(Finding::Event), ["d, sentence 0, Hire"]);
    let (_, report) = brat_files(&document, Source::Predicted).unwrap();
    assert!(report.is_clean(), "{report}");
}

#[test]
fn a_text_is_made_where_none_is_known() {
    let corpus = read(TEXT, ANNOTATIONS.as_bytes(), &BratOptions::default()).unwrap();
    let mut document = corpus.documents[0].clone();
    document.text = None;
    document.sentences[1].predicted_entities = Vec::new();
    let (files, _) = brat_files(&document, Source::Gold).unwrap();
    assert_eq!(
        files.text,
        "Zoë Doe 's firm , Acme Inc. , hired Li .\nHe left .\n"
    );
    let options = BratOptions {
        segmentation: Segmentation::Tokenized,
        ..BratOptions::default()
    };
    let again = read(&files.text, files.annotations.as_bytes(), &options).unwrap();
    assert_eq!(entities(&again.documents[0]), entities(&document));
    let (files, _) = brat_files(&document, Source::Predicted).unwrap();
    assert_eq!(files.annotations, "");
}

#[test]
fn what_cannot_be_written_is_an_error() {
    let corpus = read(TEXT, ANNOTATIONS.as_bytes(), &BratOptions::default()).unwrap();
    let refused = |change: fn(&mut Document), part: &str| {
        let mut document = corpus.documents[0].clone();
        change(&mut document);
        let error = brat_files(&document, Source::Gold).unwrap_err().to_string();
        assert!(
            error.starts_with("d, sentence 0: ") && error.contains(part),
            "{error}"
        );
    };
    refused(
        |d| d.sentences[0].entities[0].label = "a b".to_owned(),
        "\"a b\"",
    );
    refused(
        |d| d.sentences[0].entities[0].span.end = 99,
        "beyond its sentence",
    );
    refused(
        |d| d.sentences[0].words.push("x".to_owned()),
        "another number",
    );
    refused(|d| d.text = Some("short".to_owned()), "no characters");
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(
        text in "[a-c .é\n]{0,30}",
        bytes in prop::collection::vec(any::<u8>(), 0..60),
        rows in prop::collection::vec((0..40_usize, 0..40_usize), 0..6),
    ) {
        let mut annotations = Vec::new();
        for (index, (start, end)) in rows.iter().enumerate() {
            annotations.extend(format!("T{index}\tX {start} {end}\ta\n").into_bytes());
            annotations.extend(format!("R{index}\tr Arg1:T{start} Arg2:T{end}\n").into_bytes());
        }
        annotations.extend(bytes);
        let options = BratOptions {
            alignment: Alignment::Widen,
            read: ReadOptions { skip_unreadable: true, restore_brackets: true },
            ..BratOptions::default()
        };
        let corpus = read(&text, &annotations, &options).unwrap();
        let document = &corpus.documents[0];
        for sentence in &document.sentences {
            prop_assert!(sentence.entities.iter().all(|e| e.span.is_within(sentence.words.len())));
        }
        let read = corpus.report.entities + document.outside.entities.len();
        let lost = [Finding::Unaligned, Finding::UnreadLine, Finding::Discontinuous];
        let lost: usize = lost.iter().map(|&f| corpus.report.count(f)).sum();
        prop_assert!(read + lost >= rows.len());
    }
}
