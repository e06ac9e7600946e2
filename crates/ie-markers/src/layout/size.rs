//! How large rows are.

use super::{MarkerRow, PairRow, SpanRow, SubjectRow, TokenPairRow, WordRow};

/// What batching and training ask a row.
pub trait Row {
    /// Number of text tokens.
    fn text_length(&self) -> usize;

    /// Number of levitated markers.
    fn marker_count(&self) -> usize {
        0
    }

    /// Number of spans, pairs or words that are classified.
    fn targets(&self) -> usize;
}

impl Row for MarkerRow {
    fn text_length(&self) -> usize {
        self.tokens.len()
    }

    fn marker_count(&self) -> usize {
        self.markers()
    }

    fn targets(&self) -> usize {
        self.groups.len()
    }
}

impl Row for SubjectRow {
    fn text_length(&self) -> usize {
        self.row.text_length()
    }

    fn marker_count(&self) -> usize {
        self.row.marker_count()
    }

    fn targets(&self) -> usize {
        self.row.targets()
    }
}

impl Row for SpanRow {
    fn text_length(&self) -> usize {
        self.tokens.len()
    }

    fn targets(&self) -> usize {
        self.spans.len()
    }
}

impl Row for WordRow {
    fn text_length(&self) -> usize {
        self.tokens.len()
    }

    fn targets(&self) -> usize {
        self.words.len()
    }
}

impl Row for PairRow {
    fn text_length(&self) -> usize {
        self.tokens.len()
    }

    fn targets(&self) -> usize {
        1
    }
}

impl Row for TokenPairRow {
    fn text_length(&self) -> usize {
        self.tokens.len()
    }

    fn targets(&self) -> usize {
        self.pairs.len()
    }
}

impl<R: Row> Row for &R {
    fn text_length(&self) -> usize {
        (**self).text_length()
    }

    fn marker_count(&self) -> usize {
        (**self).marker_count()
    }

    fn targets(&self) -> usize {
        (**self).targets()
    }
}
