//! Solid markers: tokens that are put into the text.

use crate::layout::MarkerPair;

/// Where a span lies after start and end marker were put around `subject`; both are first and last
/// token, counted before and after. A boundary moves by one for the start marker if it is not before
/// the subject, and by one more for the end marker if it is behind it.
pub fn shifted_span(span: [usize; 2], subject: [usize; 2]) -> [usize; 2] {
    let [start, end] = subject;
    span.map(|at| at + usize::from(at >= start) + usize::from(at > end))
}

/// `tokens` with markers around each of `spans`, and where the markers are. At one place end markers
/// come before start markers, and those of earlier spans before those of later ones (as PURE does).
pub(super) fn surround(
    tokens: &[u32],
    spans: &[(MarkerPair, [usize; 2])],
) -> (Vec<u32>, Vec<[usize; 2]>) {
    // Gap `g` is the place before token `g`; ends sort before starts.
    let ends = spans
        .iter()
        .enumerate()
        .map(|(at, (m, [_, end]))| (end + 1, 0, at, m.end));
    let starts = spans
        .iter()
        .enumerate()
        .map(|(at, (m, [start, _]))| (*start, 1, at, m.start));
    let mut insertions: Vec<_> = ends.chain(starts).collect();
    insertions.sort_unstable();
    let mut places = vec![[0; 2]; spans.len()];
    let mut marked = Vec::with_capacity(tokens.len() + insertions.len());
    let mut copied = 0;
    for (gap, side, span, id) in insertions {
        marked.extend_from_slice(&tokens[copied..gap]);
        copied = gap;
        places[span][1 - side] = marked.len();
        marked.push(id);
    }
    marked.extend_from_slice(&tokens[copied..]);
    (marked, places)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn shift_goldens() {
        // [CLS] david green and his wife are in dallas [SEP], subject "david green".
        let subject = [1, 2];
        let tokens: Vec<u32> = (0..10).collect();
        let (marked, places) = surround(&tokens, &[(MarkerPair::new(90, 91), subject)]);
        assert_eq!(marked, [0, 90, 1, 2, 91, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(places, [[1, 4]]);
        for (object, wanted) in [
            ([4, 4], [6, 6]),
            ([4, 5], [6, 7]),
            ([8, 8], [10, 10]),
            ([2, 2], [3, 3]),
            ([1, 3], [2, 5]),
            ([1, 2], [2, 3]),
            ([0, 0], [0, 0]),
        ] {
            assert_eq!(shifted_span(object, subject), wanted, "{object:?}");
        }
    }

    #[test]
    fn ends_come_before_starts() {
        let (s, o) = (MarkerPair::new(90, 91), MarkerPair::new(92, 93));
        let tokens: Vec<u32> = (0..6).collect();
        let marked = |subject, object| surround(&tokens, &[(s, subject), (o, object)]);
        let (touching, places) = marked([1, 2], [3, 4]);
        assert_eq!(touching, [0, 90, 1, 2, 91, 92, 3, 4, 93, 5]);
        assert_eq!(places, [[1, 4], [5, 8]]);
        let (before, places) = marked([3, 4], [1, 2]);
        assert_eq!(before, [0, 92, 1, 2, 93, 90, 3, 4, 91, 5]);
        assert_eq!(places, [[5, 8], [1, 4]]);
        let (same, _) = marked([1, 2], [1, 2]);
        assert_eq!(same, [0, 90, 92, 1, 2, 91, 93, 3, 4, 5]);
        let (inside, _) = marked([1, 4], [2, 2]);
        assert_eq!(inside, [0, 90, 1, 92, 2, 93, 3, 4, 91, 5]);
    }

    proptest! {
        #[test]
        fn shifted_tokens_stay_the_same(
            length in 1_usize..20, subject in any::<[usize; 2]>(), object in any::<[usize; 2]>(),
        ) {
            let within = |ends: [usize; 2]| {
                let [a, b] = ends.map(|at| at % length);
                [a.min(b), a.max(b)]
            };
            let (subject, object) = (within(subject), within(object));
            let tokens: Vec<u32> = (0..length as u32).collect();
            let markers = MarkerPair::new(90, 91);
            let (marked, places) = surround(&tokens, &[(markers, subject)]);
            let [a, b] = shifted_span(object, subject);
            prop_assert_eq!((marked[a], marked[b]), (object[0] as u32, object[1] as u32));
            let [start, end] = places[0];
            prop_assert_eq!((marked[start], marked[end]), (90, 91));
            prop_assert_eq!(&marked[start + 1..end], &tokens[subject[0]..=subject[1]]);
            let (both, places) = surround(&tokens, &[(markers, subject), (markers, object)]);
            for ([start, end], span) in places.into_iter().zip([subject, object]) {
                let inner = both[start + 1..end].iter().filter(|&&id| id < 90).copied();
                prop_assert_eq!(inner.collect::<Vec<_>>(), &tokens[span[0]..=span[1]]);
            }
            prop_assert_eq!(both.len(), length + 4);
        }
    }
}
