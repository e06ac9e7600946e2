//! Rows without markers, for the baselines.

use super::Packing;
use super::entities::{Packed, token_spans};
use crate::Result;
use crate::data::WordSpan;
use crate::layout::{SpanRow, WordRow};
use crate::window::Window;

/// The text of `window` and the first and last tokens of all `spans`, at most `limit` spans a row: the
/// rows of T-Concat.
///
/// # Errors
/// As [`entity_rows`](super::entity_rows).
pub fn span_rows(
    window: &Window,
    spans: &[WordSpan],
    packing: Packing,
    limit: usize,
) -> Result<Vec<Packed<SpanRow>>> {
    let places = token_spans(window, spans)?;
    let groups = packing.groups(spans, limit)?.into_iter();
    let rows = groups.map(|targets| {
        let row = SpanRow {
            tokens: window.tokens.clone(),
            spans: targets.iter().map(|&at| places[at]).collect(),
        };
        Packed { row, targets }
    });
    Ok(rows.collect())
}

/// A row to be tagged word by word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaggedWords {
    /// The text and the first token of each word that has one.
    pub row: WordRow,
    /// Those words, counted from the start of the sentence.
    pub words: Vec<usize>,
}

/// The text of `window` and the first token of each of its words. Words without tokens have no tag.
pub fn word_row(window: &Window) -> TaggedWords {
    let starts = window.words.clone().filter_map(|word| {
        let [start, _] = window.token_span(WordSpan::new(word, word))?;
        Some((word, start))
    });
    let (words, starts) = starts.unzip();
    let row = WordRow {
        tokens: window.tokens.clone(),
        words: starts,
    };
    TaggedWords { row, words }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{span, toy_document};
    use crate::window::{WindowSettings, sentence_windows};

    #[test]
    fn first_and_last_tokens() {
        let subwords = toy_document(&[vec![1, 2], vec![2, 1, 0, 3]]);
        let windows = sentence_windows(&subwords, 1, &WindowSettings::new(20)).unwrap();
        let window = &windows.windows[0];
        let tagged = word_row(window);
        assert_eq!(
            (tagged.words, tagged.row.words),
            (vec![0, 1, 3], vec![4, 6, 7])
        );
        assert_eq!(tagged.row.tokens, window.tokens);
        let spans = [span(0, 1), span(3, 3), span(0, 0)];
        let rows = span_rows(window, &spans, Packing::Natural, 2).unwrap();
        assert_eq!(rows[0].row.spans, [[4, 6], [7, 9]]);
        assert_eq!(
            (rows[1].row.spans.as_slice(), rows[1].targets[0]),
            (&[[4, 5]][..], 2)
        );
        assert!(span_rows(window, &[span(2, 2)], Packing::Natural, 2).is_err());
    }
}
