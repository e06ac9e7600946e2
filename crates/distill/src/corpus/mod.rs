//! Collections of examples: reading, writing, checking, splitting.

mod check;
mod collect;
mod json;
mod split;
mod table;

use std::ffi::OsStr;
use std::io::BufRead;
use std::path::Path;

use plm_core::data::{TableFormat, open};
use plm_core::files::write_atomic;

pub use check::{ClassCount, SharedText, Statistics, conflicts, duplicates, leakage, statistics};
pub use split::{Split, SplitShares, few_shot, split};

use self::collect::Collector;
use crate::{Error, Example, Result};

/// Examples whose ids all differ.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Corpus {
    examples: Vec<Example>,
}

impl Corpus {
    /// A corpus of `examples`.
    ///
    /// # Errors
    /// [`Error::DuplicateId`] where two share an id; it counts the examples from 1.
    pub fn new(examples: impl IntoIterator<Item = Example>) -> Result<Self> {
        let mut collector = Collector::new("corpus", "example");
        for (index, example) in examples.into_iter().enumerate() {
            collector.push(index + 1, example)?;
        }
        Ok(collector.finish())
    }

    /// Reads the file at `path`, by its extension: JSON lines (`.jsonl`, `.json`), or a table with a
    /// header (`.tsv`, `.csv`).
    ///
    /// # Errors
    /// [`Error::Core`] where it cannot be opened or has another extension, else as
    /// [`Corpus::read_json_lines`], [`Corpus::read_table`] and [`Corpus::read_csv`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        match path.extension().and_then(OsStr::to_str) {
            Some("jsonl" | "json") => Self::read_json_lines(open(path)?, path),
            Some("tsv") => Self::read_table(open(path)?, path, TableFormat::tsv()),
            Some("csv") => Self::read_csv(open(path)?, path),
            _ => Err(plm_core::Error::format(
                path,
                "has none of the extensions .jsonl, .json, .tsv, .csv; give it that of its format",
            )
            .into()),
        }
    }

    /// Reads JSON lines with the keys `text` (or `sentence`) and, where wanted, `id`, `text_b` and
    /// `label`. Ids and labels are strings or integers; an integer stands for its decimal digits.
    /// Other keys are ignored.
    ///
    /// An example without an id is named by its row, counted from 1, and its
    /// [text hash](Example::text_hash).
    ///
    /// # Errors
    /// [`Error::Core`] with the line where one cannot be read, [`Error::DuplicateId`] with both lines
    /// where two examples share an id.
    pub fn read_json_lines(reader: impl BufRead, origin: impl AsRef<Path>) -> Result<Self> {
        json::read(reader, origin.as_ref())
    }

    /// Reads a table with a header that names the columns of [`Corpus::read_json_lines`]. An empty
    /// `id`, `text_b` or `label` stands for none. `format` is taken with a header, whatever it says.
    ///
    /// # Errors
    /// [`Error::Core`] where the table or a row cannot be read, where there is no column `text` or
    /// `sentence` (it lists the columns), or where one is there twice. [`Error::DuplicateId`] with
    /// both lines where two examples share an id.
    pub fn read_table(
        reader: impl BufRead,
        origin: impl AsRef<Path>,
        format: TableFormat,
    ) -> Result<Self> {
        table::read(reader, origin.as_ref(), format)
    }

    /// Reads a table that is separated by commas, or by tabs where its header shows that. MUKI's data
    /// is called `.csv` and is separated by tabs.
    ///
    /// With commas, fields may be quoted. With tabs, quotes are text, because a sentence that starts
    /// with an open quote would swallow the rows after it.
    ///
    /// # Errors
    /// As [`Corpus::read_table`].
    pub fn read_csv(reader: impl BufRead, origin: impl AsRef<Path>) -> Result<Self> {
        table::read_csv(reader, origin.as_ref())
    }

    /// Writes the examples to `path` as JSON lines, which [`Corpus::open`] gives back. Ids are written
    /// as the examples' names.
    ///
    /// # Errors
    /// [`Error::Core`] where the file cannot be written; what was there before is then still there.
    pub fn write_json_lines(&self, path: impl AsRef<Path>) -> Result<()> {
        write_json_lines(
            path.as_ref(),
            self.examples.iter().map(|example| (example, None)),
        )
    }

    /// The examples, in the order of their rows.
    pub fn examples(&self) -> &[Example] {
        &self.examples
    }

    /// The number of examples.
    pub fn len(&self) -> usize {
        self.examples.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.examples.is_empty()
    }

    /// The examples at `rows`, in that order.
    ///
    /// # Errors
    /// [`Error::Row`] for a row that does not exist, [`Error::DuplicateId`] for one that is given
    /// twice.
    pub fn select(&self, rows: &[usize]) -> Result<Self> {
        let rows: Vec<Example> = rows
            .iter()
            .map(|&row| {
                self.examples.get(row).cloned().ok_or(Error::Row {
                    row,
                    rows: self.len(),
                })
            })
            .collect::<Result<_>>()?;
        Self::new(rows)
    }

    /// The examples of a data set among those of others: `dataset/` goes before every name and label.
    ///
    /// # Errors
    /// [`Error::Dataset`] where `dataset` is empty or holds a `/`.
    pub fn of_dataset(self, dataset: &str) -> Result<Self> {
        let qualify = |name: &str| crate::labels::qualified(Some(dataset), name);
        crate::labels::check_dataset(dataset)?;
        Self::new(self.examples.into_iter().map(|mut example| {
            example.label = example.label.as_deref().map(qualify);
            let name = qualify(&example.name);
            example.with_name(name)
        }))
    }

    /// The examples of several corpora, one corpus after the other.
    ///
    /// # Errors
    /// [`Error::DuplicateId`] where two share an id; [`Corpus::of_dataset`] tells them apart.
    pub fn concat(corpora: impl IntoIterator<Item = Self>) -> Result<Self> {
        Self::new(corpora.into_iter().flat_map(|corpus| corpus.examples))
    }
}

/// Writes `examples` to `path`, with the name of the example that one was made from.
pub(crate) fn write_json_lines<'a>(
    path: &Path,
    examples: impl IntoIterator<Item = (&'a Example, Option<&'a str>)>,
) -> Result<()> {
    Ok(write_atomic(path, |writer| json::write(writer, examples))?)
}

#[cfg(test)]
mod tests;
