//! How large rows are.

use super::{MarkerRow, PairRow, SpanRow, SubjectRow, TokenPairRow, WordRow};

/// What batching and training ask a row.
pub trait Row {
    /// The text tokens. Rows that have the same are about one text.
    fn text(&self) -> &[u32];

    /// Number of text tokens.
    fn text_length(&self) -> usize {
        self.text().len()
    }

    /// Number of levitated markers.
    fn marker_count(&self) -> usize {
        0
    }

    /// Number of spans, pairs or words that are classified.
    fn targets(&self) -> usize;
}

impl Row for MarkerRow {
    fn text(&self) -> &[u32] {
        &self.tokens
    }

    fn marker_count(&self) -> usize {
        self.markers()
    }

    fn targets(&self) -> usize {
        self.groups.len()
    }
}

impl Row for SubjectRow {
    fn text(&self) -> &[u32] {
        self.row.text()
    }

    fn marker_count(&self) -> usize {
        self.row.marker_count()
    }

    fn targets(&self) -> usize {
        self.row.targets()
    }
}

impl Row for SpanRow {
    fn text(&self) -> &[u32] {
        &self.tokens
    }

    fn targets(&self) -> usize {
        self.spans.len()
    }
}

impl Row for WordRow {
    fn text(&self) -> &[u32] {
        &self.tokens
    }

    fn targets(&self) -> usize {
        self.words.len()
    }
}

impl Row for PairRow {
    fn text(&self) -> &[u32] {
        &self.tokens
    }

    fn targets(&self) -> usize {
        1
    }
}

impl Row for TokenPairRow {
    fn text(&self) -> &[u32] {
        &self.tokens
    }

    fn targets(&self) -> usize {
        self.pairs.len()
    }
}

impl<R: Row> Row for &R {
    fn text(&self) -> &[u32] {
        (**self).text()
    }

    fn marker_count(&self) -> usize {
        (**self).marker_count()
    }

    fn targets(&self) -> usize {
        (**self).targets()
    }
}
