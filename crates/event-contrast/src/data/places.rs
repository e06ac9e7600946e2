//! Finding spans of a document by character offsets, with losses counted.

use super::document::{EventSentence, TokenSpan};
use super::report::{Loss, ReadReport};
use super::segment::{Segmented, TextLayout};

/// A document's text, and where losses are counted.
pub(super) struct Places<'a> {
    document: &'a str,
    text: Segmented,
    report: &'a mut ReadReport,
}

impl<'a> Places<'a> {
    /// `text` of `document`, cut at the borders of `spans`.
    pub(super) fn new(
        document: &'a str,
        text: &str,
        layout: TextLayout,
        spans: impl IntoIterator<Item = (usize, usize)>,
        report: &'a mut ReadReport,
    ) -> Self {
        let text = Segmented::new(text, layout, spans);
        report.add(Loss::CutToken, text.cuts, || document.to_owned());
        Self {
            document,
            text,
            report,
        }
    }

    /// The tokens of characters `start..end`, which the file calls `item` and says to be `text`.
    pub(super) fn find(
        &mut self,
        item: &str,
        (start, end): (usize, usize),
        text: Option<&str>,
    ) -> Option<TokenSpan> {
        match self.text.span(start, end) {
            Ok(span) => {
                if text.is_some_and(|text| !self.text.reads(start, end, text)) {
                    self.lose(Loss::TextMismatch, item);
                }
                Some(span)
            }
            Err(loss) => {
                self.lose(loss, &format!("{item} [{start}, {end})"));
                None
            }
        }
    }

    /// Counts a loss of `item`.
    pub(super) fn lose(&mut self, loss: Loss, item: &str) {
        self.report.lose(loss, self.document, item);
    }

    /// The sentences.
    pub(super) fn sentences(&mut self) -> Vec<EventSentence> {
        std::mem::take(&mut self.text.sentences)
    }
}
