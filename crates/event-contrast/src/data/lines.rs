//! Files with one document on a line.

use std::io::BufRead;

use plm_core::data::Lines;
use serde::de::DeserializeOwned;

use super::document::EventDocument;
use super::report::ReadReport;
use super::segment::TextLayout;
use crate::{Error, Result};

/// What a line's format gets to read it.
pub(super) struct LineContext<'a> {
    /// The line's number, from 1.
    pub(super) number: usize,
    pub(super) layout: TextLayout,
    pub(super) report: &'a mut ReadReport,
}

/// Reads one line, or says what is wrong with it.
pub(super) type ReadLine = fn(&str, &mut LineContext<'_>) -> Result<EventDocument, String>;

/// The documents of a JSON lines file. Blank lines are skipped; after an error, reading goes on
/// with the next line.
#[derive(Debug)]
pub struct EventReader<R> {
    lines: Lines<R>,
    layout: TextLayout,
    read: ReadLine,
    report: ReadReport,
}

impl<R: BufRead> EventReader<R> {
    pub(super) fn new(lines: Lines<R>, layout: TextLayout, read: ReadLine) -> Self {
        Self {
            lines,
            layout,
            read,
            report: ReadReport::default(),
        }
    }

    /// With another way to make sentences of text; formats that come in tokens do not ask.
    #[must_use]
    pub fn with_layout(mut self, layout: TextLayout) -> Self {
        self.layout = layout;
        self
    }

    /// What was read so far and what was lost.
    pub fn report(&self) -> &ReadReport {
        &self.report
    }
}

impl<R: BufRead> Iterator for EventReader<R> {
    type Item = Result<EventDocument>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let line = match self.lines.next()? {
                Ok(line) => line,
                Err(error) => return Some(Err(error.into())),
            };
            if line.text.trim().is_empty() {
                continue;
            }
            let mut report = ReadReport::default();
            let mut context = LineContext {
                number: line.number,
                layout: self.layout,
                report: &mut report,
            };
            return Some(match (self.read)(&line.text, &mut context) {
                Ok(document) => {
                    report.count(&document);
                    self.report.merge(&report);
                    Ok(document)
                }
                Err(reason) => Err(Error::line(self.lines.origin(), line.number, reason)),
            });
        }
    }
}

/// The value of a line, or what is wrong with it and in which column.
pub(super) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| {
        let text = error.to_string();
        let end = format!(" at line {} column {}", error.line(), error.column());
        let reason = text.strip_suffix(&end).unwrap_or(&text);
        format!("column {}: {reason}", error.column())
    })
}
