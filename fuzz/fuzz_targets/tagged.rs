//! One word and its tag a line: what is written without loss comes back.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plm_core::data::{
    ConllFormat, ConllReader, Lines, TagReading, TagScheme, spans_to_tags, tags_to_spans,
    write_conll,
};
use plm_fuzz::kind;
use plm_ie_markers::data::{
    ReadOptions, Sentence, Source, TaggedFormat, Tagging, read_tagged, tag_sentences,
};

fn entities(bytes: &[u8], format: &TaggedFormat) {
    let options = ReadOptions {
        skip_unreadable: true,
        restore_brackets: false,
    };
    let corpus = read_tagged(Lines::new(bytes, "f"), format, &options).unwrap();
    assert!(corpus.report.words <= bytes.len());
    let (sentences, report) =
        tag_sentences(&corpus.documents, format.tagging, Source::Gold).unwrap();
    let mut written = Vec::new();
    if write_conll(&mut written, "f", &format.columns, &sentences).is_err() || !report.is_clean() {
        return;
    }
    let again = read_tagged(
        Lines::new(&written[..], "f"),
        format,
        &ReadOptions::default(),
    )
    .unwrap();
    let all = |documents: &[plm_ie_markers::data::Document]| -> Vec<Sentence> {
        documents.iter().flat_map(|d| d.sentences.clone()).collect()
    };
    assert_eq!(all(&again.documents), all(&corpus.documents));
}

fn columns(bytes: &[u8], format: &ConllFormat) {
    let reader = ConllReader::new(Lines::new(bytes, "f"), format.clone());
    let found: Vec<_> = reader.take(bytes.len() + 2).collect();
    assert!(found.len() < bytes.len() + 2);
    let sentences: Vec<_> = found.into_iter().flatten().collect();
    for sentence in &sentences {
        for scheme in [TagScheme::Iob2, TagScheme::Bioes] {
            let _ = tags_to_spans(&sentence.tags, scheme, TagReading::Lenient);
            if let Ok(spans) = tags_to_spans(&sentence.tags, scheme, TagReading::Strict) {
                let tags = spans_to_tags(sentence.tags.len(), &spans, scheme).unwrap();
                assert_eq!(
                    tags_to_spans(&tags, scheme, TagReading::Strict).unwrap(),
                    spans
                );
            }
        }
    }
    let mut written = Vec::new();
    if write_conll(&mut written, "f", format, &sentences).is_ok() {
        let again: Vec<_> = ConllReader::new(Lines::new(&written[..], "f"), format.clone())
            .map(Result::unwrap)
            .collect();
        assert!(
            again
                .iter()
                .map(|s| (&s.tokens, &s.tags))
                .eq(sentences.iter().map(|s| (&s.tokens, &s.tags)))
        );
    }
}

fuzz_target!(|bytes: &[u8]| {
    let (kind, bytes) = kind(bytes);
    match kind % 6 {
        0 => entities(bytes, &TaggedFormat::few_nerd()),
        1 => entities(bytes, &TaggedFormat::conll2003(Tagging::Iob1)),
        2 => entities(bytes, &TaggedFormat::conll2003(Tagging::Iob2)),
        3 => entities(bytes, &TaggedFormat::conll2003(Tagging::Bilou)),
        4 => columns(bytes, &ConllFormat::conll2003()),
        _ => columns(bytes, &ConllFormat::tab_separated()),
    }
});
