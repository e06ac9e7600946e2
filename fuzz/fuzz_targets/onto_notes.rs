//! The brackets of OntoNotes: entities lie within their sentences.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plm_core::data::Lines;
use plm_ie_markers::data::{ReadOptions, read_onto_notes};

fuzz_target!(|bytes: &[u8]| {
    let strict = read_onto_notes(Lines::new(bytes, "f"), &ReadOptions::default());
    let options = ReadOptions {
        skip_unreadable: true,
        restore_brackets: true,
    };
    let corpus = read_onto_notes(Lines::new(bytes, "f"), &options).unwrap();
    for sentence in corpus.documents.iter().flat_map(|d| &d.sentences) {
        let words = sentence.words.len();
        assert!(sentence.entities.iter().all(|e| e.span.is_within(words)));
    }
    if let Ok(strict) = strict {
        assert_eq!(strict.report.words, corpus.report.words);
        assert_eq!(strict.report.entities, corpus.report.entities);
    }
});
