//! All spans of a sentence up to a width.

use std::ops::Range;

use crate::Result;
use crate::data::WordSpan;
use crate::error::at_least_one;

/// The spans of `words` of at most `width` words, by start and then by end.
///
/// # Errors
/// [`Error::Setting`](crate::Error::Setting) for a width of 0.
pub fn candidate_spans(
    words: Range<usize>,
    width: usize,
) -> Result<impl Iterator<Item = WordSpan>> {
    at_least_one("width", width)?;
    let after = words.end;
    Ok(words.flat_map(move |start| {
        let end = after.min(start.saturating_add(width));
        (start..end).map(move |end| WordSpan::new(start, end))
    }))
}

/// How many spans of at most `width` words a sentence of `words` words has: `n W - W (W - 1) / 2`
/// where it has at least `width` words, else `n (n + 1) / 2`.
pub fn candidate_count(words: usize, width: usize) -> usize {
    let width = width.min(words);
    words * width - width * width.saturating_sub(1) / 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::span;

    #[test]
    fn goldens() {
        assert_eq!(candidate_count(20, 8), 132);
        assert_eq!(candidate_count(60, 8), 452);
        assert_eq!(candidate_count(100, 16), 1480);
        assert_eq!(candidate_count(10, 4), 34);
        assert_eq!((candidate_count(3, 8), candidate_count(0, 8)), (6, 0));
        let spans: Vec<_> = candidate_spans(2..5, 2).unwrap().collect();
        assert_eq!(
            spans,
            [span(2, 2), span(2, 3), span(3, 3), span(3, 4), span(4, 4)]
        );
        assert!(candidate_spans(0..3, 0).is_err());
    }

    #[test]
    fn all_spans_once_in_order_for_all_sizes() {
        for words in 0..=40 {
            for width in 1..=25 {
                let spans: Vec<_> = candidate_spans(0..words, width).unwrap().collect();
                assert_eq!(
                    spans.len(),
                    candidate_count(words, width),
                    "{words} {width}"
                );
                assert!(
                    spans.is_sorted_by(|one, next| one < next),
                    "{words} {width}"
                );
                let fits = |s: &WordSpan| s.is_within(words) && s.width() <= width;
                assert!(spans.iter().all(fits), "{words} {width}");
                let mut every = 0;
                for start in 0..words {
                    every += (start..words).filter(|end| end - start < width).count();
                }
                assert_eq!(spans.len(), every, "{words} {width}");
            }
        }
    }
}
