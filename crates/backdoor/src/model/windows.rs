//! Windows over texts that are longer than a language model's input.

use std::ops::Range;

use plm_core::text::Encoding;

/// A window of a text, and which of the text's tokens it scores. Each token is scored in one window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Window {
    /// What the model sees, as places in the text.
    pub(super) tokens: Range<usize>,
    /// What is scored, as places in the text.
    pub(super) scored: Range<usize>,
}

/// Windows of at most `room` of `count` tokens, each `stride` tokens after the one before. A window scores
/// what comes after the end of the window before it, so that all it scores has tokens before it.
pub(super) fn after_the_last(count: usize, room: usize, stride: usize) -> Vec<Window> {
    let mut end = 0;
    let windows = ranges(count, room, stride).into_iter().map(|tokens| {
        let scored = end..tokens.end;
        end = tokens.end;
        Window { tokens, scored }
    });
    windows.collect()
}

/// Windows of at most `room` of `count` tokens that overlap by half. Two windows part in the middle of what
/// they share, so that all that is scored has tokens on both sides.
pub(super) fn in_the_middle(count: usize, room: usize) -> Vec<Window> {
    let ranges = ranges(count, room, (room / 2).max(1));
    let mut end = 0;
    (0..ranges.len())
        .map(|number| {
            let begin = end;
            end = match ranges.get(number + 1) {
                Some(next) => (next.start + ranges[number].end) / 2,
                None => count,
            };
            Window {
                tokens: ranges[number].clone(),
                scored: begin..end,
            }
        })
        .collect()
}

/// The first range that reaches the end is the last.
fn ranges(count: usize, room: usize, stride: usize) -> Vec<Range<usize>> {
    let (mut begin, mut end) = (0, 0);
    let mut ranges = Vec::new();
    while end < count {
        end = (begin + room).min(count);
        ranges.push(begin..end);
        begin += stride;
    }
    ranges
}

/// The tokens at `places`.
pub(super) fn take(encoding: &Encoding, places: &[usize]) -> Encoding {
    Encoding {
        ids: places.iter().map(|&at| encoding.ids[at]).collect(),
        type_ids: places.iter().map(|&at| encoding.type_ids[at]).collect(),
        ..Encoding::default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn window(tokens: Range<usize>, scored: Range<usize>) -> Window {
        Window { tokens, scored }
    }

    #[test]
    fn hand_worked_windows() {
        let found = after_the_last(11, 6, 3);
        // 9..11 would score nothing: the third window reaches the end.
        let expected = [window(0..6, 0..6), window(3..9, 6..9), window(6..11, 9..11)];
        assert_eq!(found, expected);
        let found = in_the_middle(11, 6);
        // The first two share 3..6, the last two 6..9.
        let expected = [window(0..6, 0..4), window(3..9, 4..7), window(6..11, 7..11)];
        assert_eq!(found, expected);
        assert!(after_the_last(0, 6, 3).is_empty() && in_the_middle(0, 6).is_empty());
    }

    proptest! {
        #[test]
        fn every_token_is_scored_once(count in 0..40_usize, room in 1..12_usize, stride in 1..12_usize) {
            let all = [after_the_last(count, room, stride.min(room)), in_the_middle(count, room)];
            for windows in all {
                let scored: Vec<usize> = windows.iter().flat_map(|one| one.scored.clone()).collect();
                prop_assert_eq!(scored, (0..count).collect::<Vec<_>>());
                for one in &windows {
                    prop_assert!(one.tokens.len() <= room && !one.scored.is_empty());
                    prop_assert!(one.tokens.start <= one.scored.start && one.scored.end <= one.tokens.end);
                }
                prop_assert_eq!(windows.len() > 1, count > room);
            }
        }
    }
}
