//! Tables, JSON lines, labeled lines, paragraphs and GLUE: readers end, and tables come back.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plm_core::data::{
    GlueReader, GlueTask, JsonLines, LabeledLines, Lines, Paragraphs, Row, Table, TableFormat,
    TableWriter, TextEncoding, read_json, write_json_lines,
};
use plm_fuzz::kind;

/// Reads to the end; there is one.
fn drain<T>(items: impl Iterator<Item = T>, size: usize) -> Vec<T> {
    let items: Vec<_> = items.take(size + 2).collect();
    assert!(items.len() < size + 2);
    items
}

fn fields(rows: Vec<Row>) -> Vec<Vec<String>> {
    rows.into_iter().map(|row| row.fields).collect()
}

fn table(bytes: &[u8], format: TableFormat) {
    let Ok(table) = Table::new(bytes, "f", format) else {
        return;
    };
    let rows: Result<Vec<Row>, _> = drain(table, bytes.len()).into_iter().collect();
    let Ok(rows) = rows.map(fields) else {
        return;
    };
    let format = TableFormat {
        encoding: TextEncoding::Utf8,
        header: false,
        row_limit: 1 << 20,
        ..format
    };
    let mut writer = TableWriter::new(Vec::new(), "f", format).unwrap();
    if rows.iter().all(|row| writer.write(row).is_ok()) {
        let written = writer.finish().unwrap();
        let again: Result<_, _> = Table::new(&written[..], "f", format).unwrap().collect();
        assert_eq!(fields(again.unwrap()), rows);
    }
}

fuzz_target!(|bytes: &[u8]| {
    let (kind, bytes) = kind(bytes);
    let size = bytes.len();
    let encoding = match kind & 16 {
        0 => TextEncoding::Utf8,
        _ => TextEncoding::Latin1,
    };
    let limit = match kind & 32 {
        0 => 1 << 20,
        _ => 24,
    };
    let lines = || {
        Lines::new(bytes, "f")
            .with_encoding(encoding)
            .with_limit(limit)
    };
    match kind % 9 {
        0 => table(bytes, TableFormat::csv().with_encoding(encoding)),
        1 => table(bytes, TableFormat::tsv().with_encoding(encoding)),
        2 => table(
            bytes,
            TableFormat::csv().with_header(false).with_row_limit(limit),
        ),
        3 => table(
            bytes,
            TableFormat::tsv().with_header(false).with_quoting(true),
        ),
        4 => drop(drain(LabeledLines::new(lines()), size)),
        5 => drop(drain(
            Paragraphs::new(lines()).packed(40).with_limit(limit),
            size,
        )),
        6 => {
            let values = drain(JsonLines::<_, serde_json::Value>::from_lines(lines()), size);
            let values: Vec<_> = values.into_iter().flatten().collect();
            let mut written = Vec::new();
            write_json_lines(&mut written, "f", &values).unwrap();
            let again = JsonLines::<_, serde_json::Value>::new(&written[..], "f");
            assert_eq!(again.map(Result::unwrap).count(), values.len());
        }
        7 => drop(read_json::<serde_json::Value>(bytes, "f", limit)),
        _ => {
            for task in GlueTask::ALL {
                for reader in [
                    GlueReader::labeled(bytes, "f", task),
                    GlueReader::unlabeled(bytes, "f", task),
                ] {
                    if let Ok(reader) = reader {
                        drain(reader, size);
                    }
                }
            }
        }
    }
});
