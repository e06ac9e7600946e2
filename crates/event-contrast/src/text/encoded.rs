use std::ops::Range;

use plm_core::text::Encoding;

/// A sentence in sub-words, with the sub-words of some spans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedSpans {
    /// The sub-words.
    pub encoding: Encoding,
    /// The sub-words of each span; none where some were cut off or there are none.
    pub ranges: Vec<Option<Range<usize>>>,
}

impl EncodedSpans {
    /// Puts the token `id` before sub-word `at`, and moves the spans that begin there or later; one
    /// that holds `at` in its middle is stretched.
    ///
    /// # Panics
    /// If `at` is beyond the end.
    pub fn insert(&mut self, at: usize, id: u32) {
        let encoding = &mut self.encoding;
        let type_id = encoding.type_ids.get(at).copied().unwrap_or(0);
        encoding.ids.insert(at, id);
        encoding.type_ids.insert(at, type_id);
        encoding.offsets.insert(at, (0, 0));
        encoding.word_ids.insert(at, None);
        encoding.sequence_ids.insert(at, None);
        encoding.special_tokens_mask.insert(at, false);
        for range in self.ranges.iter_mut().flatten() {
            range.start += usize::from(range.start >= at);
            range.end += usize::from(range.end > at);
        }
    }

    /// Cuts sub-words off before the special tokens at the end, so that `max_length` are left, and
    /// drops the spans that lose some.
    pub(crate) fn truncate(&mut self, max_length: usize) {
        let encoding = &mut self.encoding;
        let length = encoding.len();
        if length <= max_length {
            return;
        }
        let closing = encoding.special_tokens_mask.iter().rev();
        let closing = closing.take_while(|&&special| special).count();
        let keep = max_length.saturating_sub(closing);
        let cut = keep..length - closing;
        encoding.truncated += cut.len();
        encoding.ids.drain(cut.clone());
        encoding.type_ids.drain(cut.clone());
        encoding.offsets.drain(cut.clone());
        encoding.word_ids.drain(cut.clone());
        encoding.sequence_ids.drain(cut.clone());
        encoding.special_tokens_mask.drain(cut);
        for range in &mut self.ranges {
            if range.as_ref().is_some_and(|range| range.end > keep) {
                *range = None;
            }
        }
    }
}
