use std::io::Write;
use std::path::{Path, PathBuf};

use super::{TableFormat, TextEncoding};
use crate::{Error, Result};

/// Writes rows that [`Table`](super::Table) reads back unchanged, in UTF-8.
#[derive(Debug)]
pub struct TableWriter<W: Write> {
    writer: csv::Writer<W>,
    origin: PathBuf,
    format: TableFormat,
    rows: usize,
    width: Option<usize>,
}

impl<W: Write> TableWriter<W> {
    /// Writes to `writer`, which errors call `origin`. The header, if the format has one, is the
    /// first row that is written.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a delimiter that cannot be one, or an encoding other than UTF-8.
    pub fn new(writer: W, origin: impl AsRef<Path>, format: TableFormat) -> Result<Self> {
        format.check()?;
        if format.encoding != TextEncoding::Utf8 {
            return Err(Error::invalid("encoding", "tables are written in UTF-8"));
        }
        let style = if format.quoting {
            csv::QuoteStyle::Necessary
        } else {
            csv::QuoteStyle::Never
        };
        let writer = csv::WriterBuilder::new()
            .delimiter(format.delimiter)
            .quote_style(style)
            .flexible(true)
            .from_writer(writer);
        Ok(Self {
            writer,
            origin: origin.as_ref().to_path_buf(),
            format,
            rows: 0,
            width: None,
        })
    }

    /// Writes one row.
    ///
    /// # Errors
    /// [`Error::Line`] where the row has no field or another number of fields than the first, or
    /// where, without quoting, it could not be read back: a field holds a delimiter or a line
    /// end, or the row would be a blank line. [`Error::Io`] where writing fails.
    pub fn write<S: AsRef<str>>(&mut self, fields: &[S]) -> Result<()> {
        let row = self.rows + 1;
        let refuse = |reason: String| Err(Error::line(&self.origin, row, reason));
        let width = *self.width.get_or_insert(fields.len());
        if fields.is_empty() || fields.len() != width {
            return refuse(format!(
                "{} fields in a table of {width} columns",
                fields.len()
            ));
        }
        let first = fields[0].as_ref();
        if row == 1 && first.starts_with('\u{feff}') {
            return refuse("the file would start with a byte-order mark".to_owned());
        }
        if !self.format.quoting {
            let delimiter = char::from(self.format.delimiter);
            for (index, field) in fields.iter().enumerate() {
                if field.as_ref().contains([delimiter, '\n', '\r']) {
                    return refuse(format!(
                        "field {} holds a delimiter or line end: {:?}",
                        index + 1,
                        field.as_ref()
                    ));
                }
            }
            if fields.len() == 1 && first.is_empty() {
                return refuse("a lone empty field would be a blank line".to_owned());
            }
        }
        self.writer
            .write_record(fields.iter().map(AsRef::as_ref))
            .map_err(|e| match e.into_kind() {
                csv::ErrorKind::Io(source) => Error::io(&self.origin, source),
                other => Error::format(&self.origin, format!("{other:?}")),
            })?;
        self.rows = row;
        Ok(())
    }

    /// Writes out what is buffered and gives the writer back.
    ///
    /// # Errors
    /// [`Error::Io`] where writing fails.
    pub fn finish(mut self) -> Result<W> {
        self.writer
            .flush()
            .map_err(|e| Error::io(&self.origin, e))?;
        self.writer
            .into_inner()
            .map_err(|e| Error::io(&self.origin, e.into_error()))
    }
}
