//! DyGIE documents: what is written is read, and written again the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plm_core::data::{Lines, read_dygie, write_dygie, write_json_lines};
use plm_ie_markers::data::{Document, ReadOptions, read_documents};

fn write(documents: &[Document]) -> Vec<u8> {
    let documents: Vec<_> = documents.iter().map(|d| d.to_dygie().unwrap()).collect();
    let mut bytes = Vec::new();
    write_json_lines(&mut bytes, "f", &documents).unwrap();
    bytes
}

fuzz_target!(|bytes: &[u8]| {
    let options = ReadOptions {
        skip_unreadable: true,
        restore_brackets: false,
    };
    let mut corpus = read_documents(Lines::new(bytes, "f"), &options).unwrap();
    assert!(corpus.report.words <= bytes.len());
    // Numbers of unknown keys are rounded in reading.
    corpus.documents.iter_mut().for_each(|d| d.other.clear());
    let written = write(&corpus.documents);
    let again = read_documents(Lines::new(&written[..], "f"), &ReadOptions::default()).unwrap();
    assert_eq!(write(&again.documents), written);

    let mut documents: Vec<_> = read_dygie(Lines::new(bytes, "f")).flatten().collect();
    documents.iter_mut().for_each(|d| d.other.clear());
    let mut written = Vec::new();
    write_dygie(&mut written, "f", &documents).unwrap();
    let again: Vec<_> = read_dygie(Lines::new(&written[..], "f"))
        .map(Result::unwrap)
        .collect();
    assert_eq!(again, documents);
});
