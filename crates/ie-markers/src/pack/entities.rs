//! Rows of the entity model.

use super::Packing;
use crate::data::WordSpan;
use crate::layout::{MarkerGroup, MarkerPair, MarkerRow};
use crate::window::Window;
use crate::{Error, Result};

/// A row and what it asks about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed<R> {
    /// The row.
    pub row: R,
    /// What each of its targets is, as an index in the list that was packed.
    pub targets: Vec<usize>,
}

/// The text of `window` with levitated markers of all `spans`, at most `limit` spans a row
/// (PL-Marker, section 3.2).
///
/// # Errors
/// [`Error::Span`] for a span that the window does not hold or that has no tokens,
/// [`Error::Setting`] for a limit of 0.
pub fn entity_rows(
    window: &Window,
    spans: &[WordSpan],
    markers: MarkerPair,
    packing: Packing,
    limit: usize,
) -> Result<Vec<Packed<MarkerRow>>> {
    let places = token_spans(window, spans)?;
    let groups = packing.groups(spans, limit)?.into_iter();
    let rows = groups.map(|targets| {
        let of = |&at: &usize| MarkerGroup::span(markers, places[at]);
        let groups = targets.iter().map(of).collect();
        let row = MarkerRow::new(window.tokens.clone(), groups)?;
        Ok(Packed { row, targets })
    });
    rows.collect()
}

/// First and last token of each span.
///
/// # Errors
/// [`Error::Span`] for a span without.
pub(super) fn token_spans(window: &Window, spans: &[WordSpan]) -> Result<Vec<[usize; 2]>> {
    let places = spans.iter().map(|&span| {
        window.token_span(span).ok_or_else(|| Error::Span {
            start: span.start,
            end: span.end,
            reason: format!(
                "has no tokens among words {}..{} of sentence {}; leave it out",
                window.words.start, window.words.end, window.sentence
            ),
        })
    });
    places.collect()
}

#[cfg(test)]
mod tests {
    use super::super::Axis;
    use super::*;
    use crate::testing::{span, toy_document};
    use crate::window::{WindowSettings, sentence_windows};

    #[test]
    fn markers_share_the_positions_of_their_spans() {
        let subwords = toy_document(&[vec![1, 2], vec![2, 1, 0, 3]]);
        let windows = sentence_windows(&subwords, 1, &WindowSettings::new(20)).unwrap();
        let window = &windows.windows[0];
        let spans = [span(0, 0), span(0, 1), span(1, 3), span(3, 3)];
        let packing = Packing::Sorted {
            axis: Axis::End,
            descending: true,
        };
        let rows = entity_rows(window, &spans, MarkerPair::new(1, 9), packing, 3).unwrap();
        let targets: Vec<_> = rows.iter().map(|packed| packed.targets.clone()).collect();
        assert_eq!(targets, [vec![3, 2, 1], vec![0]]);
        let markers = |row: &MarkerRow| -> Vec<_> {
            let markers = row.groups.iter().flat_map(|group| &group.markers);
            markers.map(|m| (m.id, m.position)).collect()
        };
        // [CLS] 3 tokens, then words of 2, 1, 0 and 3 tokens from 4 on.
        assert_eq!(
            markers(&rows[0].row),
            [(1, 7), (9, 9), (1, 6), (9, 9), (1, 4), (9, 6)]
        );
        assert_eq!(markers(&rows[1].row), [(1, 4), (9, 5)]);
        assert!(rows.iter().all(|packed| packed.row.tokens == window.tokens));
        for bad in [span(2, 2), span(3, 4), span(1, 0)] {
            let error = entity_rows(window, &[bad], MarkerPair::new(1, 9), packing, 3);
            assert!(matches!(error, Err(Error::Span { .. })), "{bad}");
        }
    }
}
