use std::io::BufRead;
use std::path::Path;

use super::lines::LINE_LIMIT;
use super::{Line, Lines, TextEncoding};
use crate::{Error, Result};

/// How a table is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TableFormat {
    /// What separates fields.
    pub delimiter: u8,
    /// Whether `"` encloses fields, which may then hold delimiters, line ends and doubled quotes
    /// (RFC 4180). Otherwise quotes are text, as in GLUE.
    pub quoting: bool,
    /// Whether the first row names the columns.
    pub header: bool,
    /// The character encoding.
    pub encoding: TextEncoding,
    /// The largest row in bytes.
    pub row_limit: usize,
}

impl TableFormat {
    /// Tab-separated, no quoting, with a header.
    pub fn tsv() -> Self {
        Self {
            delimiter: b'\t',
            quoting: false,
            header: true,
            encoding: TextEncoding::default(),
            row_limit: LINE_LIMIT,
        }
    }

    /// Comma-separated, quoted where need be, with a header.
    pub fn csv() -> Self {
        Self {
            delimiter: b',',
            quoting: true,
            ..Self::tsv()
        }
    }

    /// With or without a header.
    #[must_use]
    pub fn with_header(mut self, header: bool) -> Self {
        self.header = header;
        self
    }

    /// With or without quoting.
    #[must_use]
    pub fn with_quoting(mut self, quoting: bool) -> Self {
        self.quoting = quoting;
        self
    }

    /// With another delimiter.
    #[must_use]
    pub fn with_delimiter(mut self, delimiter: u8) -> Self {
        self.delimiter = delimiter;
        self
    }

    /// In another encoding.
    #[must_use]
    pub fn with_encoding(mut self, encoding: TextEncoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// With rows of at most `bytes` bytes.
    #[must_use]
    pub fn with_row_limit(mut self, bytes: usize) -> Self {
        self.row_limit = bytes;
        self
    }

    /// Refuses delimiters that cannot be told from text or line ends.
    pub(super) fn check(&self) -> Result<()> {
        let delimiter = self.delimiter;
        if delimiter.is_ascii() && !matches!(delimiter, b'\n' | b'\r' | b'"' | 0) {
            Ok(())
        } else {
            Err(Error::invalid(
                "delimiter",
                format!("byte {delimiter} cannot separate fields"),
            ))
        }
    }
}

/// One row of a [`Table`]. All rows of a table have the same number of fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The number of the line on which it starts, from 1.
    pub line: usize,
    /// Its fields.
    pub fields: Vec<String>,
}

/// The rows of a TSV or CSV file. Blank lines are skipped.
///
/// Rows are put together from whole lines here, and not by the csv crate that writes them: its
/// reader knows neither the line of a row after `\r\n` nor whether the last quote was closed.
/// A quote inside a field that does not begin with one is text. With quoting, nothing is read
/// after a line that cannot be decoded, because it may have opened or closed a quote.
#[derive(Debug)]
pub struct Table<R> {
    lines: Lines<R>,
    format: TableFormat,
    names: Option<Vec<String>>,
    width: Option<usize>,
    done: bool,
}

impl<R: BufRead> Table<R> {
    /// Reads the table in `reader`, which errors call `origin`.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a delimiter that cannot be one, and as the iterator for the header.
    pub fn new(reader: R, origin: impl AsRef<Path>, format: TableFormat) -> Result<Self> {
        format.check()?;
        let lines = Lines::new(reader, origin)
            .with_encoding(format.encoding)
            .with_limit(format.row_limit);
        let mut table = Self {
            lines,
            format,
            names: None,
            width: None,
            done: false,
        };
        if format.header {
            table.names = table.next().transpose()?.map(|row| row.fields);
        }
        Ok(table)
    }

    /// The names of the columns, where there is a header and the file is not empty.
    pub fn names(&self) -> Option<&[String]> {
        self.names.as_deref()
    }

    /// The index of the column called `name`.
    ///
    /// # Errors
    /// [`Error::Format`] where there is none, listing those that there are.
    pub fn column(&self, name: &str) -> Result<usize> {
        let names = self.names.as_deref().unwrap_or_default();
        names.iter().position(|n| n == name).ok_or_else(|| {
            Error::format(
                self.origin(),
                format!("has no column `{name}`; its columns are {names:?}"),
            )
        })
    }

    /// What errors call the input.
    pub fn origin(&self) -> &Path {
        self.lines.origin()
    }

    /// The next row as it stands.
    fn read(&mut self) -> Option<Result<Row>> {
        let line = loop {
            match self.lines.next()? {
                Ok(line) if line.text.is_empty() => {}
                Ok(line) => break line,
                Err(error) => {
                    self.done = self.format.quoting;
                    return Some(Err(error));
                }
            }
        };
        let delimiter = char::from(self.format.delimiter);
        if self.format.quoting {
            return Some(self.read_quoted(line, delimiter));
        }
        let fields = line.text.split(delimiter).map(str::to_owned).collect();
        Some(Ok(Row {
            line: line.number,
            fields,
        }))
    }

    /// The row that starts with `first` and goes on as long as a quote is open.
    fn read_quoted(&mut self, first: Line, delimiter: char) -> Result<Row> {
        let start = first.number;
        let mut record = Record::default();
        let mut size = first.text.len();
        record.push(&first.text, delimiter);
        while record.state == State::Quoted {
            record.field.push_str(self.lines.ending());
            let next = match self.lines.next() {
                Some(Ok(next)) => next,
                Some(Err(error)) => {
                    self.done = true;
                    return Err(error);
                }
                None => {
                    let reason = "a quote is opened in this row and never closed";
                    return Err(self.lines.error(start, reason));
                }
            };
            size += next.text.len() + 2;
            if size > self.format.row_limit {
                self.done = true;
                let reason = format!(
                    "longer than {} bytes, the limit for a row",
                    self.format.row_limit
                );
                return Err(self.lines.error(start, reason));
            }
            record.push(&next.text, delimiter);
        }
        if let Some(field) = record.broken {
            let reason = format!("field {field} goes on after its closing quote");
            return Err(self.lines.error(start, reason));
        }
        record.fields.push(record.field);
        Ok(Row {
            line: start,
            fields: record.fields,
        })
    }
}

impl<R: BufRead> Iterator for Table<R> {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let row = match self.read()? {
            Ok(row) => row,
            Err(error) => return Some(Err(error)),
        };
        let found = row.fields.len();
        let width = *self.width.get_or_insert(found);
        Some(if found == width {
            Ok(row)
        } else {
            let reason = format!("has {found} fields, but the table has {width} columns");
            Err(self.lines.error(row.line, reason))
        })
    }
}

/// Where in a quoted row the reading is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    /// Before a field.
    #[default]
    Start,
    /// In a field without quotes.
    Plain,
    /// In a field with quotes.
    Quoted,
    /// After a quote in a field with quotes.
    Closed,
}

/// A row with quotes, as far as it has been read.
#[derive(Default)]
struct Record {
    fields: Vec<String>,
    field: String,
    state: State,
    /// The first field with text after its closing quote, from 1.
    broken: Option<usize>,
}

impl Record {
    fn push(&mut self, line: &str, delimiter: char) {
        for c in line.chars() {
            self.state = match (self.state, c) {
                (State::Start, '"') => State::Quoted,
                (State::Quoted, '"') => State::Closed,
                (State::Closed, '"') => {
                    self.field.push('"');
                    State::Quoted
                }
                (State::Start | State::Plain | State::Closed, c) if c == delimiter => {
                    self.fields.push(std::mem::take(&mut self.field));
                    State::Start
                }
                (State::Closed, c) => {
                    self.broken.get_or_insert(self.fields.len() + 1);
                    self.field.push(c);
                    State::Plain
                }
                (State::Start | State::Plain, c) => {
                    self.field.push(c);
                    State::Plain
                }
                (State::Quoted, c) => {
                    self.field.push(c);
                    State::Quoted
                }
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &[u8], format: TableFormat) -> Vec<Result<Row>> {
        Table::new(text, "t.tsv", format).unwrap().collect()
    }

    fn fields(text: &str, format: TableFormat) -> Vec<Vec<String>> {
        let rows = rows(text.as_bytes(), format);
        rows.into_iter().map(|row| row.unwrap().fields).collect()
    }

    #[test]
    fn quotes_are_text_without_quoting() {
        let text = "a\tb\r\n\"x\ty\"\r\n\n'\t\"\n";
        let tsv = TableFormat::tsv();
        assert_eq!(fields(text, tsv), [["\"x", "y\""], ["'", "\""]]);
        let mut table = Table::new(text.as_bytes(), "t.tsv", tsv).unwrap();
        assert_eq!(table.names().unwrap(), ["a", "b"]);
        assert_eq!(table.column("b").unwrap(), 1);
        let error = table.column("c").unwrap_err().to_string();
        assert!(
            error.contains("`c`") && error.contains("[\"a\", \"b\"]"),
            "{error}"
        );
        assert_eq!(table.next().unwrap().unwrap().line, 2);
        assert_eq!(table.next().unwrap().unwrap().line, 4);
    }

    #[test]
    fn quoted_fields_hold_anything() {
        let csv = TableFormat::csv().with_header(false);
        let text = "\"a,\"\"b\"\"\nc\",d\r\ne,\"\"\n";
        assert_eq!(fields(text, csv), [["a,\"b\"\nc", "d"], ["e", ""]]);
        let lines: Vec<_> = rows(text.as_bytes(), csv)
            .into_iter()
            .map(|row| row.unwrap().line)
            .collect();
        assert_eq!(lines, [1, 3]);
    }

    #[test]
    fn an_open_quote_is_not_the_rest_of_the_file() {
        let csv = TableFormat::csv().with_header(false);
        for text in ["a,b\nc,\"d\ne,f\n", "a,b\nc,\"d\ne,f"] {
            let found = rows(text.as_bytes(), csv);
            assert_eq!(found.len(), 2);
            let error = found[1].as_ref().unwrap_err().to_string();
            assert!(
                error.starts_with("t.tsv:2:") && error.contains("never closed"),
                "{error}"
            );
        }
    }

    #[test]
    fn bad_rows_are_named_and_left_behind() {
        let found = rows(b"a\tb\n1\n2\t\xff\n3\t4\n", TableFormat::tsv());
        assert_eq!(found.len(), 3);
        let text = |i: usize| found[i].as_ref().unwrap_err().to_string();
        assert_eq!(
            text(0),
            "t.tsv:2: has 1 fields, but the table has 2 columns"
        );
        assert!(text(1).starts_with("t.tsv:3: not UTF-8"), "{}", text(1));
        assert_eq!(found[2].as_ref().unwrap().fields, ["3", "4"]);
        let latin = TableFormat::tsv().with_encoding(TextEncoding::Latin1);
        assert_eq!(rows(b"a\n\xe9\n", latin)[0].as_ref().unwrap().fields, ["é"]);
    }

    #[test]
    fn one_row_cannot_take_all_memory() {
        let csv = TableFormat::csv().with_row_limit(1000);
        for filler in ["x", "x\n"] {
            let text = format!("a,b\n\"{}", filler.repeat(100_000));
            let found = rows(text.as_bytes(), csv);
            assert_eq!(found.len(), 1);
            let error = found[0].as_ref().unwrap_err().to_string();
            assert!(
                error.starts_with("t.tsv:2: longer than 1000 bytes"),
                "{error}"
            );
        }
        let unlimited = csv.with_row_limit(usize::MAX);
        assert_eq!(fields("a,b\n\"x\ny\",z\n", unlimited), [["x\ny", "z"]]);
        // Many rows within the limit are fine, however long the file is.
        let many = "a,b\n".repeat(50_000);
        assert_eq!(
            rows(many.as_bytes(), csv)
                .iter()
                .filter(|r| r.is_ok())
                .count(),
            49_999
        );
    }

    #[test]
    fn quotes_that_do_not_enclose() {
        let csv = TableFormat::csv().with_header(false);
        assert_eq!(fields("a\"b,c \"d\"\n", csv), [["a\"b", "c \"d\""]]);
        let found = rows(b"x,y\n\"a\"b,c\nd,e\n", csv);
        let error = found[1].as_ref().unwrap_err().to_string();
        assert_eq!(error, "t.tsv:2: field 1 goes on after its closing quote");
        assert_eq!(found[2].as_ref().unwrap().fields, ["d", "e"]);
        assert_eq!(fields("\"a\r\nb\"\r\n\"\"\n", csv), [["a\r\nb"], [""]]);
    }

    #[test]
    fn delimiters_that_cannot_be() {
        for delimiter in [b'\n', b'"', b'\r', 0, 200] {
            let format = TableFormat::csv().with_delimiter(delimiter);
            assert!(Table::new(&b""[..], "t", format).is_err());
        }
        assert!(rows(b"", TableFormat::tsv()).is_empty());
    }
}
