//! What all readers share.

use super::{Document, Finding, ReadReport, check};
use crate::Result;

/// What a reader does with what it finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReadOptions {
    /// Leave out what cannot be read, and report it, rather than stop.
    pub skip_unreadable: bool,
    /// Put brackets in the place of their Penn Treebank names in the documents
    /// ([`restore_bracket`](super::restore_bracket)), and so in what is written of them. Models read brackets
    /// in any case ([`WordSplitter`](crate::subwords::WordSplitter)).
    pub restore_brackets: bool,
}

/// What a reader returns.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Corpus {
    /// The documents.
    pub documents: Vec<Document>,
    /// What they hold and what was not kept.
    pub report: ReadReport,
}

impl Corpus {
    /// Checks `document` and adds it.
    pub(super) fn push(&mut self, mut document: Document, options: &ReadOptions) {
        if options.restore_brackets {
            document.restore_brackets();
        }
        check::check(&document, &mut self.report);
        self.documents.push(document);
    }

    /// The value of `result`, or none where it is an error that may be left out.
    ///
    /// # Errors
    /// That of `result`, where reading has to stop.
    pub(super) fn accept<T>(
        &mut self,
        result: Result<T>,
        options: &ReadOptions,
    ) -> Result<Option<T>> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(crate::Error::Core(error @ plm_core::Error::Io { .. })) => Err(error.into()),
            Err(error) if options.skip_unreadable => {
                self.report.note(Finding::UnreadLine, error.to_string());
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}
