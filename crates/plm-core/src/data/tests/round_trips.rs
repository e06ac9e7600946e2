//! What is written is read back.

use proptest::prelude::*;
use serde_json::{Map, Value};

use crate::data::{
    ConllFormat, ConllReader, DygieDocument, DygieEvent, EntityMention, EventArgument, JsonLines,
    Lines, Relation, Table, TableFormat, TableWriter, TaggedSentence, read_dygie, write_conll,
    write_dygie, write_json_lines,
};

/// Text that is hard on tables: delimiters, quotes, line ends, a byte-order mark.
fn nasty() -> impl Strategy<Value = String> {
    prop::collection::vec(
        prop::sample::select(vec![
            "a", "é", "\t", ",", "\"", "\n", "\r", "\r\n", " ", "\u{feff}", "\0", "語",
        ]),
        0..6,
    )
    .prop_map(|parts| parts.concat())
}

fn table() -> impl Strategy<Value = Vec<Vec<String>>> {
    (1_usize..4)
        .prop_flat_map(|width| prop::collection::vec(prop::collection::vec(nasty(), width), 1..6))
}

fn written(rows: &[Vec<String>], format: TableFormat) -> crate::Result<Vec<u8>> {
    let mut writer = TableWriter::new(Vec::new(), "out", format)?;
    for row in rows {
        writer.write(row)?;
    }
    writer.finish()
}

/// Whether a file of `rows` would start with a byte-order mark.
fn marked(rows: &[Vec<String>]) -> bool {
    rows[0][0].starts_with('\u{feff}')
}

fn read(bytes: &[u8], format: TableFormat) -> Vec<Vec<String>> {
    let table = Table::new(bytes, "in", format).unwrap();
    table.map(|row| row.unwrap().fields).collect()
}

proptest! {
    #[test]
    fn quoted_tables(rows in table()) {
        let format = TableFormat::csv().with_header(false);
        match written(&rows, format) {
            Ok(bytes) => {
                prop_assert_eq!(read(&bytes, format), rows.clone());
                // The csv crate reads the same, and so does a table with a header.
                let mut other = csv::ReaderBuilder::new()
                    .has_headers(false)
                    .flexible(true)
                    .from_reader(bytes.as_slice());
                let others: Vec<Vec<String>> = other
                    .records()
                    .map(|record| record.unwrap().iter().map(str::to_owned).collect())
                    .collect();
                prop_assert_eq!(others, rows.clone());
                let with = Table::new(&bytes[..], "in", TableFormat::csv()).unwrap();
                prop_assert_eq!(with.names().unwrap(), &rows[0][..]);
                prop_assert_eq!(with.count(), rows.len() - 1);
            }
            Err(_) => prop_assert!(marked(&rows)),
        }
    }

    #[test]
    fn plain_tables(rows in table()) {
        let format = TableFormat::tsv().with_header(false);
        if let Ok(bytes) = written(&rows, format) {
            prop_assert_eq!(read(&bytes, format), rows);
        } else {
            let lossy = |row: &Vec<String>| {
                row.iter().any(|f| f.contains(['\t', '\n', '\r'])) || row == &[String::new()]
            };
            prop_assert!(marked(&rows) || rows.iter().any(lossy));
        }
    }

    #[test]
    fn json_lines(values in prop::collection::vec((".{0,8}", any::<i64>()), 0..6)) {
        let mut bytes = Vec::new();
        write_json_lines(&mut bytes, "out", &values).unwrap();
        prop_assert_eq!(bytes.iter().filter(|&&b| b == b'\n').count(), values.len());
        let back: Vec<(String, i64)> = JsonLines::new(&bytes[..], "in")
            .map(Result::unwrap)
            .collect();
        prop_assert_eq!(back, values);
    }

    #[test]
    fn conll(
        sentences in prop::collection::vec(
            (prop::collection::vec((nasty(), "[BI]-[A-Z]{1,3}|O"), 1..4), 0_usize..3),
            0..5,
        ),
        tabs: bool,
    ) {
        let mut document = 0;
        let sentences: Vec<TaggedSentence> = sentences
            .into_iter()
            .map(|(words, new)| {
                document += new;
                let (tokens, tags) = words.into_iter().unzip();
                TaggedSentence { line: 0, document, tokens, tags }
            })
            .collect();
        let format = if tabs { ConllFormat::tab_separated() } else { ConllFormat::conll2003() };
        let mut bytes = Vec::new();
        if write_conll(&mut bytes, "out", &format, &sentences).is_ok() {
            let back: Vec<TaggedSentence> = ConllReader::new(Lines::new(&bytes[..], "in"), format)
                .map(|sentence| TaggedSentence { line: 0, ..sentence.unwrap() })
                .collect();
            prop_assert_eq!(back, sentences);
        } else {
            let hard = |token: &String| {
                token.is_empty() || token.contains(['\n', '\r', '\u{feff}', '\t', ' '])
            };
            prop_assert!(sentences.iter().flat_map(|s| &s.tokens).any(hard));
        }
    }

    #[test]
    fn dygie(
        sentences in prop::collection::vec(prop::collection::vec("[a-zé]{1,3}", 1..5), 1..4),
        picks in prop::collection::vec((any::<u16>(), any::<u16>()), 4),
        weight in prop::option::of(any::<i32>()),
        layers: bool,
    ) {
        let mut document = DygieDocument { sentences, ..Default::default() };
        let ranges = document.sentence_ranges();
        let span = |pick: usize, sentence: usize| {
            let range = &ranges[sentence];
            let (a, b) = picks[pick];
            let at = |x: u16| range.start + usize::from(x) % range.len();
            (at(a).min(at(b)), at(a).max(at(b)))
        };
        if layers {
            let mut lists = (Vec::new(), Vec::new(), Vec::new());
            for index in 0..ranges.len() {
                let (subject, object) = (span(0, index), span(1, 0));
                let label = "x-y".to_owned();
                let (start, end) = subject;
                lists.0.push(vec![EntityMention { start, end, label: label.clone() }]);
                lists.1.push(vec![Relation { subject, object, label: label.clone() }]);
                let argument = EventArgument { start, end, role: label.clone() };
                let arguments = vec![argument; index];
                lists.2.push(vec![DygieEvent { trigger: start, event_type: label, arguments }]);
            }
            (document.ner, document.relations, document.events) =
                (Some(lists.0), Some(lists.1), Some(lists.2));
            document.clusters = Some(vec![vec![span(2, 0), span(3, 0)]]);
            document.doc_key = Some("d".to_owned());
        }
        if let Some(weight) = weight {
            document.other = Map::from_iter([("weight".to_owned(), Value::from(weight))]);
        }
        let documents = [document];
        let mut bytes = Vec::new();
        write_dygie(&mut bytes, "out", &documents).unwrap();
        let back: Vec<DygieDocument> = read_dygie(Lines::new(&bytes[..], "in"))
            .map(Result::unwrap)
            .collect();
        prop_assert_eq!(back, documents);
    }
}

#[test]
fn writers_refuse_what_readers_refuse() {
    let bad = DygieDocument {
        sentences: vec![vec!["a".to_owned()]],
        ner: Some(vec![]),
        ..Default::default()
    };
    let error = write_dygie(Vec::new(), "out.json", &[bad])
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("out.json:1: ner"), "{error}");
    let mut writer = TableWriter::new(Vec::new(), "out", TableFormat::tsv()).unwrap();
    writer.write(&["a", "b"]).unwrap();
    for row in [&["a"][..], &["a", "b\tc"], &[]] {
        let error = writer.write(row).unwrap_err().to_string();
        assert!(error.starts_with("out:2: "), "{error}");
    }
    let sentence = |document, tokens: &[&str], tags: &[&str]| TaggedSentence {
        line: 0,
        document,
        tokens: tokens.iter().map(|&t| t.to_owned()).collect(),
        tags: tags.iter().map(|&t| t.to_owned()).collect(),
    };
    let format = ConllFormat::conll2003().with_comment("#");
    for bad in [
        sentence(1, &["a"], &[]),
        sentence(1, &[], &[]),
        sentence(1, &["-DOCSTART-"], &["O"]),
        sentence(1, &["#"], &["O"]),
        sentence(0, &["a"], &["O"]),
    ] {
        let good = sentence(1, &["a"], &["O"]);
        let error = write_conll(Vec::new(), "out", &format, [&good, &bad]).unwrap_err();
        assert!(error.to_string().starts_with("out:2: "), "{error}");
    }
}
