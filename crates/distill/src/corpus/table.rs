//! Examples as rows of a table.

use std::io::{BufRead, Cursor, Read};
use std::path::Path;

use plm_core::data::{Table, TableFormat};

use super::Corpus;
use super::collect::{Collector, Parts};
use crate::Result;

/// What the column of the text may be called.
const TEXT: [&str; 2] = ["text", "sentence"];

/// Where the parts of an example stand.
struct Columns {
    id: Option<usize>,
    text: usize,
    pair: Option<usize>,
    label: Option<usize>,
}

impl Columns {
    fn find<R: BufRead>(table: &Table<R>) -> Result<Self> {
        let names = table.names().unwrap_or_default();
        let refuse = |reason| plm_core::Error::format(table.origin(), reason);
        let column = |wanted: &[&str]| {
            let mut found = (0..names.len()).filter(|&i| wanted.contains(&names[i].as_str()));
            match (found.next(), found.next()) {
                (Some(first), Some(second)) => Err(refuse(format!(
                    "has both `{}` and `{}`, columns {} and {}; keep one",
                    names[first],
                    names[second],
                    first + 1,
                    second + 1
                ))),
                (first, _) => Ok(first),
            }
        };
        Ok(Self {
            id: column(&["id"])?,
            text: column(&TEXT)?.ok_or_else(|| {
                refuse(format!(
                    "has no column `text` or `sentence`; its columns are {names:?}"
                ))
            })?,
            pair: column(&["text_b"])?,
            label: column(&["label"])?,
        })
    }
}

/// The corpus in the table of `reader`.
pub(super) fn read(reader: impl BufRead, origin: &Path, format: TableFormat) -> Result<Corpus> {
    let table = Table::new(reader, origin, format.with_header(true))?;
    let columns = Columns::find(&table)?;
    let mut collector = Collector::new(origin, "line");
    for row in table {
        let mut row = row?;
        // The table's rows are all as wide as its header.
        let mut take = |column: usize| std::mem::take(&mut row.fields[column]);
        let text = take(columns.text);
        let mut given = |column: Option<usize>| column.map(&mut take).filter(|f| !f.is_empty());
        let parts = Parts {
            id: given(columns.id),
            text,
            pair: given(columns.pair),
            label: given(columns.label),
        };
        collector.push_parts(row.line, parts)?;
    }
    Ok(collector.finish())
}

/// The corpus in the table of `reader`, whose header shows what separates its fields.
pub(super) fn read_csv(mut reader: impl BufRead, origin: &Path) -> Result<Corpus> {
    let mut header = Vec::new();
    let limit = TableFormat::csv().row_limit as u64;
    (&mut reader)
        .take(limit)
        .read_until(b'\n', &mut header)
        .map_err(|error| plm_core::Error::io(origin, error))?;
    let format = if has_text(&header, b'\t') && !has_text(&header, b',') {
        TableFormat::tsv()
    } else {
        TableFormat::csv()
    };
    read(Cursor::new(header).chain(reader), origin, format)
}

/// Whether `header` names a column of texts where `delimiter` separates its fields.
fn has_text(header: &[u8], delimiter: u8) -> bool {
    let header = header.strip_prefix(b"\xef\xbb\xbf").unwrap_or(header);
    let line = header.strip_suffix(b"\n").unwrap_or(header);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    line.split(|&byte| byte == delimiter).any(|field| {
        let inner = field
            .strip_prefix(b"\"")
            .and_then(|f| f.strip_suffix(b"\""));
        let name = inner.unwrap_or(field);
        TEXT.iter().any(|text| text.as_bytes() == name)
    })
}
