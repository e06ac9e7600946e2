//! Arbitrary bytes: every reader ends, and none panics.

use proptest::prelude::*;

use crate::data::{
    ConllFormat, ConllReader, GlueReader, GlueTask, JsonLines, LabeledLines, Lines, Paragraphs,
    Table, TableFormat, TagReading, TagScheme, TextEncoding, read_dygie, read_json, tags_to_spans,
};

/// Bytes, mostly those that the formats give a meaning.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "\n",
            "\r\n",
            "\t",
            ",",
            "\"",
            "\"\"",
            "0",
            "1",
            " ",
            "O",
            "B-X",
            "-DOCSTART-",
            "\u{feff}",
            "[",
            "]",
            "{\"sentences\":",
            "[[\"a\"]]",
            ",\"ner\":",
            "[0,0,\"T\"]",
            "}",
            ":",
            "sentence",
            "label",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..8),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// Reads to the end; an endless reader fails the test.
fn drain<T>(items: impl Iterator<Item = T>, size: usize) {
    assert!(
        items.take(size + 2).count() < size + 2,
        "the reader does not end"
    );
}

proptest! {
    #[test]
    fn every_reader_survives(bytes in bytes(), limit in 0_usize..64) {
        let size = bytes.len();
        let input = bytes.as_slice();
        for encoding in [TextEncoding::Utf8, TextEncoding::Latin1] {
            let lines = || Lines::new(input, "f").with_encoding(encoding).with_limit(limit);
            drain(lines(), size);
            drain(Lines::new(input, "f").with_encoding(encoding), size);
            drain(LabeledLines::new(lines()), size);
            drain(Paragraphs::new(lines()).packed(limit).with_limit(limit), size);
            drain(JsonLines::<_, serde_json::Value>::from_lines(lines()), size);
            drain(read_dygie(Lines::new(input, "f")), size);
            for format in [ConllFormat::conll2003(), ConllFormat::tab_separated()] {
                for sentence in ConllReader::new(Lines::new(input, "f"), format.clone()).flatten() {
                    for reading in [TagReading::Lenient, TagReading::Strict] {
                        let _ = tags_to_spans(&sentence.tags, TagScheme::Bioes, reading);
                    }
                }
                drain(ConllReader::new(lines(), format), size);
            }
            for format in [TableFormat::tsv(), TableFormat::csv()] {
                for format in [format, format.with_header(false), format.with_row_limit(limit)] {
                    if let Ok(table) = Table::new(input, "f", format.with_encoding(encoding)) {
                        drain(table, size);
                    }
                }
            }
        }
        for task in GlueTask::ALL {
            for reader in [
                GlueReader::labeled(input, "f", task),
                GlueReader::unlabeled(input, "f", task),
            ]
            .into_iter()
            .flatten()
            {
                drain(reader, size);
            }
        }
        let _ = read_json::<serde_json::Value>(input, "f", limit);
    }
}

/// A reader that fails after its bytes.
struct Failing(&'static [u8]);

impl std::io::Read for Failing {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.0.is_empty() {
            return Err(std::io::Error::other("disk on fire"));
        }
        std::io::Read::read(&mut self.0, buffer)
    }
}

#[test]
fn a_failing_reader_fails_once() {
    let lines = Lines::new(std::io::BufReader::new(Failing(b"a b\n1 2\n")), "f.txt");
    let found: Vec<_> = lines.collect();
    assert_eq!(found.len(), 3);
    let error = found[2].as_ref().unwrap_err().to_string();
    assert_eq!(error, "f.txt: disk on fire");
    for format in [TableFormat::tsv(), TableFormat::csv()] {
        let reader = std::io::BufReader::new(Failing(b"a\n\"b"));
        let table = Table::new(reader, "f", format).unwrap();
        drain(table, 10);
    }
}
