use plm_core::data::{GlueTask, TableFormat, TextEncoding};

/// Where a task comes from.
pub(super) struct Source {
    /// The task's name.
    pub(super) name: &'static str,
    /// What is to be told apart.
    pub(super) kind: &'static str,
    /// The data set's folder in the store.
    pub(super) asset: &'static str,
    /// How its files are read.
    pub(super) format: Format,
    /// The files from which training and development examples are drawn.
    pub(super) train: &'static [&'static str],
    /// The files from which test examples are drawn; with none, what is left of the others.
    pub(super) test: &'static [&'static str],
    /// The labels in the files and the words that stand for them, class by class.
    pub(super) labels: &'static [(&'static str, &'static str)],
    /// Labels that may occur in the files besides.
    pub(super) others: Others,
}

/// What to do with labels that are no class of the task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Others {
    /// All labels must be classes.
    Refuse,
    /// Their examples are left out.
    Skip,
}

/// How files are read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Format {
    /// Lines with the label before the text.
    Labeled(TextEncoding),
    /// A file of GLUE.
    Glue(GlueTask),
    /// A table whose columns have names.
    Named(TableFormat, Columns<&'static str>),
    /// A table whose columns have numbers, from 0.
    Numbered(TableFormat, Columns<usize>),
    /// An object per line, with one or more text fields for the first text.
    Json(&'static [&'static str], Option<&'static str>),
    /// One object in this file with a list of `[text, label]` per section; the sections take the
    /// place of files.
    Sections(&'static str),
}

/// The columns of a table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Columns<T> {
    /// That of the first or only text.
    pub(super) text: T,
    /// That of the second text.
    pub(super) pair: Option<T>,
    /// That of the label.
    pub(super) label: T,
}

impl Columns<usize> {
    /// The number of the last column that is needed.
    pub(super) fn last(self) -> usize {
        self.text.max(self.label).max(self.pair.unwrap_or(0))
    }
}

/// Tab-separated values with a header, without quotes.
pub(super) const TSV: TableFormat = TableFormat {
    delimiter: b'\t',
    quoting: false,
    header: true,
    encoding: TextEncoding::Utf8,
    row_limit: 1 << 20,
};

/// Comma-separated values with a header.
pub(super) const CSV: TableFormat = TableFormat {
    delimiter: b',',
    quoting: true,
    ..TSV
};
