//! MAVEN, MAVEN-Arg, OmniEvent, DyGIE and HMEAE: documents are valid, and the unified form comes back.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plm_core::data::Lines;
use plm_event_contrast::data::{
    EventDocument, SentenceSplit, TextLayout, Tokenization, UnifiedUnit, read_dygie_events,
    read_hmeae, read_maven, read_maven_arg, read_unified, write_unified,
};
use plm_fuzz::{folder, kind};

fn words(document: &EventDocument) -> Vec<&str> {
    let tokens = document.sentences.iter().flat_map(|s| &s.tokens);
    tokens.map(String::as_str).collect()
}

/// The words come back, tokens between spaces as they are written.
fn write_again(documents: &[EventDocument]) {
    let path = folder().join("written.jsonl");
    if write_unified(&path, documents, UnifiedUnit::Document).is_err() {
        return;
    }
    let bytes = std::fs::read(&path).unwrap();
    let layout = TextLayout::new(Tokenization::Whitespace, SentenceSplit::Lines);
    let again = read_unified(Lines::new(&bytes[..], "f")).with_layout(layout);
    let again: Vec<_> = again.map(Result::unwrap).collect();
    assert_eq!(again.len(), documents.len());
    for (again, document) in again.iter().zip(documents) {
        let joined = words(document).join(" ");
        let expected: Vec<_> = joined.split_whitespace().collect();
        assert_eq!(words(again), expected);
    }
}

fuzz_target!(|bytes: &[u8]| {
    let (kind, bytes) = kind(bytes);
    let lines = Lines::new(bytes, "f");
    let reader = match kind % 5 {
        0 => read_maven(lines),
        1 => read_maven_arg(lines),
        2 => read_unified(lines),
        3 => read_dygie_events(lines),
        _ => {
            if let Ok((documents, _)) = read_hmeae(bytes, "f", 1 << 20) {
                documents.iter().for_each(|d| d.validate().unwrap());
                write_again(&documents);
            }
            return;
        }
    };
    let found: Vec<_> = reader.take(bytes.len() + 2).collect();
    assert!(found.len() < bytes.len() + 2);
    let documents: Vec<_> = found.into_iter().flatten().collect();
    documents.iter().for_each(|d| d.validate().unwrap());
    write_again(&documents);
});
