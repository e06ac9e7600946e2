//! Which words of a sentence each of its windows is about.

use std::ops::Range;

use super::LongSentences;

/// Ranges of the words of a sentence, each of at most `room` sub-words; `starts` has the number of
/// sub-words before each word and at the end (one entry more than words). One range where all fit.
/// Words of more than `room` sub-words are in no range.
pub(super) fn cores(starts: &[usize], room: usize, long: LongSentences) -> Vec<Range<usize>> {
    let words = starts.len() - 1;
    let length = |words: Range<usize>| starts[words.end] - starts[words.start];
    if length(0..words) == 0 {
        return Vec::new();
    }
    if length(0..words) <= room {
        return std::iter::once(0..words).collect();
    }
    let longest = |from: usize| {
        let fitting = starts.partition_point(|&sum| sum <= starts[from] + room);
        from..fitting - 1
    };
    let overlap = match long {
        LongSentences::Overlap { overlap } => overlap,
        LongSentences::Truncate => {
            let kept = longest(0);
            return if length(kept.clone()) == 0 {
                Vec::new()
            } else {
                vec![kept]
            };
        }
    };
    let mut cores = Vec::new();
    let mut from = 0;
    while from < words {
        if length(from..from + 1) > room {
            from += 1;
            continue;
        }
        let core = longest(from);
        let end = core.end;
        if length(core.clone()) > 0 {
            cores.push(core);
        }
        if end == words {
            break;
        }
        if length(end..end + 1) > room {
            from = end + 1;
            continue;
        }
        from = (from + 1..=end)
            .find(|&next| length(next..end) <= overlap && length(next..end + 1) <= room)
            .unwrap_or(end);
    }
    cores
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sums(counts: &[usize]) -> Vec<usize> {
        let mut starts = vec![7];
        for count in counts {
            starts.push(starts[starts.len() - 1] + count);
        }
        starts
    }

    #[test]
    fn hand_worked_ranges() {
        let starts = sums(&[2, 2, 1, 3, 1, 1, 2]);
        let ends = |long, room| -> Vec<(usize, usize)> {
            let cores = cores(&starts, room, long);
            cores
                .into_iter()
                .map(|core| (core.start, core.end))
                .collect()
        };
        let cut = |room| ends(LongSentences::Truncate, room);
        assert_eq!(cut(12), [(0, 7)]);
        assert_eq!(cut(11), [(0, 6)]);
        assert_eq!(cut(5), [(0, 3)]);
        assert_eq!(cut(4), [(0, 2)]);
        assert!(cut(1).is_empty());
        let overlapping = |room, overlap| ends(LongSentences::Overlap { overlap }, room);
        assert_eq!(overlapping(12, 0), [(0, 7)]);
        assert_eq!(overlapping(5, 0), [(0, 3), (3, 6), (6, 7)]);
        assert_eq!(overlapping(5, 1), [(0, 3), (2, 5), (4, 7)]);
        assert_eq!(overlapping(5, 2), [(0, 3), (2, 5), (4, 7)]);
        assert_eq!(overlapping(5, 3), [(0, 3), (2, 5), (4, 7)]);
        assert_eq!(overlapping(6, 3), [(0, 3), (1, 4), (3, 6), (4, 7)]);
        assert_eq!(overlapping(2, 1), [(0, 1), (1, 2), (2, 3), (4, 6), (6, 7)]);
        assert!(cores(&[3], 5, LongSentences::Truncate).is_empty());
        assert!(cores(&[3, 3, 3], 5, LongSentences::Truncate).is_empty());
    }

    proptest! {
        #[test]
        fn nothing_that_fits_is_lost(
            counts in prop::collection::vec(0_usize..9, 0..40),
            room in 1_usize..20,
            share in 0.0..1.0_f64,
        ) {
            let overlap = ((room as f64) * share) as usize;
            let starts = sums(&counts);
            let cores = cores(&starts, room, LongSentences::Overlap { overlap });
            let length = |range: &Range<usize>| starts[range.end] - starts[range.start];
            for pair in cores.windows(2) {
                prop_assert!(pair[0].start < pair[1].start && pair[0].end < pair[1].end);
                let shared = pair[1].start.min(pair[0].end)..pair[0].end;
                prop_assert!(length(&shared) <= overlap);
            }
            for core in &cores {
                prop_assert!((1..=room).contains(&length(core)));
            }
            let held = |span: &Range<usize>| {
                cores.iter().any(|core| core.start <= span.start && span.end <= core.end)
            };
            for start in 0..counts.len() {
                let spans = (start + 1..=counts.len()).map(|end| start..end);
                for span in spans.filter(|span| (1..=overlap).contains(&length(span))) {
                    prop_assert!(held(&span), "{span:?} of {counts:?} in none of {cores:?}");
                }
                let word = start..start + 1;
                prop_assert_eq!(held(&word) || length(&word) == 0, length(&word) <= room);
            }
        }
    }
}
