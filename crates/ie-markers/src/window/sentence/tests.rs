use proptest::prelude::*;

use super::*;
use crate::spans::candidate_count;
use crate::testing::{CLS, SEP, span, toy_document, toy_id};

#[test]
fn a_sentence_with_context_on_both_sides() {
    // Words 0..3 | 3..6 | 6..8 with sub-words 0..5 | 5..9 | 9..14.
    let subwords = toy_document(&[vec![2, 2, 1], vec![1, 0, 3], vec![4, 1]]);
    let windows = sentence_windows(&subwords, 1, &WindowSettings::new(9)).unwrap();
    assert_eq!((windows.words, windows.windows.len()), (3, 1));
    assert_eq!(
        (windows.cut.as_slice(), windows.empty.as_slice()),
        (&[][..], &[1][..])
    );
    let window = &windows.windows[0];
    let ids = [(1, 1), (2, 0), (3, 0), (5, 0), (5, 1), (5, 2), (6, 0)];
    let mut tokens = vec![CLS];
    tokens.extend(ids.map(|(word, piece)| toy_id(word, piece)));
    tokens.push(SEP);
    assert_eq!(window.tokens, tokens);
    assert_eq!(
        (window.offset, window.sentence_start, window.room),
        (3, 3, 0)
    );
    assert_eq!(window.words, 0..3);
    assert_eq!(window.token_span(span(0, 0)), Some([3, 3]));
    assert_eq!(window.token_span(span(1, 1)), None);
    assert_eq!(window.token_span(span(1, 2)), Some([4, 6]));
    assert_eq!(window.token_span(span(0, 2)), Some([3, 6]));
    assert_eq!(window.token_span(span(2, 3)), None);
    assert_eq!(window.context_of(span(0, 0)), Some([2, 4]));
    assert_eq!(window.context_of(span(2, 2)), Some([3, 1]));
    assert!(window.holds(span(1, 1)) && !window.holds(span(1, 0)));
    // Word 1 has no tokens: [0, 1] would be [0, 0] again, and [1, 2] would be [2, 2].
    let spans = [span(0, 0), span(0, 2), span(2, 2)];
    assert_eq!(windows.candidates(3).unwrap(), [spans.to_vec()]);
    assert!(windows.reads(span(0, 1)) && !windows.reads(span(1, 1)));
    assert!(windows.reads_pair(span(0, 0), span(1, 2)));
    assert!(!windows.reads_pair(span(0, 0), span(1, 1)));
    assert!(!windows.reads_pair(span(0, 0), span(2, 3)));
    assert!(windows.candidates(0).is_err());
}

#[test]
fn room_and_context_are_limits() {
    let subwords = toy_document(&[vec![2, 2, 1], vec![1, 0, 3], vec![4, 1]]);
    let window = |settings: WindowSettings| {
        let windows = sentence_windows(&subwords, 1, &settings).unwrap();
        windows.windows[0].clone()
    };
    let base = WindowSettings::new(12);
    assert_eq!(window(base).tokens.len(), 12);
    let solid = window(base.with_solid_markers(2));
    assert_eq!((solid.tokens.len(), solid.room, solid.offset), (10, 2, 3));
    for (context, tokens, offset) in [(0, 6, 5), (5, 7, 4), (6, 8, 4), (10, 12, 2), (99, 12, 2)] {
        let window = window(base.with_context(context));
        assert_eq!(
            (window.tokens.len(), window.offset),
            (tokens, offset),
            "{context}"
        );
    }
    let wide = window(WindowSettings::new(30));
    assert_eq!((wide.tokens.len(), wide.offset, wide.room), (16, 0, 14));
    assert!(sentence_windows(&subwords, 3, &base).is_err());
}

#[test]
fn a_long_sentence_is_cut_at_a_word_or_gets_windows() {
    let subwords = toy_document(&[vec![3], vec![2, 2, 1, 3, 1, 1, 2], vec![3]]);
    let cut = sentence_windows(&subwords, 1, &WindowSettings::new(8)).unwrap();
    assert_eq!(cut.cut, [3, 4, 5, 6]);
    let window = &cut.windows[0];
    assert_eq!(
        (window.tokens.len(), window.offset, &window.words),
        (7, 3, &(0..3))
    );
    assert_eq!(
        (cut.decider(span(0, 2)), cut.decider(span(0, 3))),
        (Some(0), None)
    );

    let settings = WindowSettings::new(8).with_overlap(3);
    let long = sentence_windows(&subwords, 1, &settings).unwrap();
    assert!(long.cut.is_empty());
    let words: Vec<_> = long.windows.iter().map(|w| w.words.clone()).collect();
    assert_eq!(words, [0..3, 1..4, 3..6, 4..7]);
    // Word 2 has 4 and 1 tokens around it in window 0 (a token of context on the right), 2 and 3 in
    // window 1.
    assert_eq!(long.windows[0].context_of(span(2, 2)), Some([4, 1]));
    assert_eq!(long.windows[1].context_of(span(2, 2)), Some([2, 3]));
    assert_eq!(long.decider(span(2, 2)), Some(1));
    assert_eq!(long.decider(span(0, 1)), Some(0));
    assert_eq!(long.decider(span(0, 3)), None);
    assert_eq!(long.pair_decider(span(6, 6), span(4, 4)), Some(3));
    assert_eq!(long.pair_decider(span(0, 0), span(4, 4)), None);
    let of = |at| vec![(span(2, 2), at), (span(1, 2), at)];
    let merged = long.merge(vec![of(0), of(1), of(2), of(3)]).unwrap();
    assert_eq!(merged, [(span(1, 2), 0), (span(2, 2), 1)]);
    assert!(long.merge(vec![of(0)]).is_err());
}

#[test]
fn a_word_longer_than_every_window_is_named() {
    let subwords = toy_document(&[vec![1, 9, 1]]);
    let overlapping = WindowSettings::new(6).with_overlap(1);
    let windows = sentence_windows(&subwords, 0, &overlapping).unwrap();
    assert_eq!(
        (windows.windows.len(), windows.cut.as_slice()),
        (2, &[1][..])
    );
    let first = sentence_windows(&subwords, 0, &WindowSettings::new(6)).unwrap();
    assert_eq!(
        (first.windows.len(), first.cut.as_slice()),
        (1, &[1, 2][..])
    );
    let none = sentence_windows(&toy_document(&[vec![9]]), 0, &WindowSettings::new(6)).unwrap();
    assert_eq!((none.windows.len(), none.cut.as_slice()), (0, &[0][..]));
}

fn documents() -> impl Strategy<Value = Vec<Vec<u32>>> {
    let sentence = prop::collection::vec(prop_oneof![1 => Just(0_u32), 9 => 1_u32..5], 0..25);
    prop::collection::vec(sentence, 1..5)
}

proptest! {
    #[test]
    fn tokens_are_those_of_the_words(
        counts in documents(), max_length in 7_usize..40, solid in 0_usize..3,
        overlap in prop::option::of(0_usize..4), context in prop::option::of(0_usize..50),
    ) {
        let subwords = toy_document(&counts);
        let mut settings = WindowSettings::new(max_length + 2 * solid).with_solid_markers(2 * solid);
        settings.context = context;
        if let Some(overlap) = overlap {
            settings = settings.with_overlap(overlap);
        }
        let mut first = 0;
        for (sentence, counts) in counts.iter().enumerate() {
            let windows = sentence_windows(&subwords, sentence, &settings).unwrap();
            for window in &windows.windows {
                prop_assert!(window.tokens.len() + 2 * solid <= settings.max_length);
                prop_assert_eq!(window.room, settings.max_length - window.tokens.len());
                let text = &window.tokens[1..window.tokens.len() - 1];
                let wanted = &subwords.ids()[window.offset..window.offset + text.len()];
                prop_assert_eq!(text, wanted);
                for start in 0..counts.len() {
                    for end in start..counts.len() {
                        let Some([a, b]) = window.token_span(span(start, end)) else { continue };
                        let own = subwords.of_span(sentence, span(start, end)).unwrap();
                        prop_assert_eq!(&window.tokens[a..=b], &subwords.ids()[own]);
                    }
                }
            }
            let length: u32 = counts.iter().sum();
            if length as usize <= max_length - 2 && length > 0 {
                prop_assert_eq!(windows.windows.len(), 1);
                let all = 0..counts.len();
                prop_assert_eq!(&windows.windows[0].words, &all);
                if context.is_none() {
                    let whole = subwords.ids().len().min(max_length - 2) + 2;
                    prop_assert_eq!(windows.windows[0].tokens.len(), whole);
                }
            }
            first += counts.len();
        }
        prop_assert_eq!(first, subwords.words());
    }

    #[test]
    fn every_span_is_decided_once(
        counts in prop::collection::vec(0_u32..4, 0..30), width in 1_usize..7,
        overlap in 0_usize..5, max_length in 8_usize..20,
    ) {
        let subwords = toy_document(std::slice::from_ref(&counts));
        let settings = WindowSettings::new(max_length).with_overlap(overlap);
        let windows = sentence_windows(&subwords, 0, &settings).unwrap();
        let candidates = windows.candidates(width).unwrap();
        let mut all: Vec<WordSpan> = candidates.concat();
        all.sort_unstable();
        let wanted: Vec<WordSpan> = candidate_spans(0..counts.len(), width)
            .unwrap()
            .filter(|s| counts[s.start] > 0 && counts[s.end] > 0)
            .filter(|&s| windows.windows.iter().any(|w| w.holds(s)))
            .collect();
        prop_assert_eq!(&all, &wanted);
        for (window, spans) in windows.windows.iter().zip(&candidates) {
            let places: std::collections::HashSet<_> =
                spans.iter().map(|&span| window.token_span(span)).collect();
            prop_assert!(places.len() == spans.len() && !places.contains(&None));
        }
        let predicted = candidate_spans(0..counts.len(), width).unwrap();
        let predicted: Vec<_> = predicted.map(|span| (span, ())).collect();
        let merged = windows.merge(vec![predicted; windows.windows.len()]).unwrap();
        let mut merged: Vec<WordSpan> = merged.into_iter().map(|(span, ())| span).collect();
        merged.sort_unstable();
        let held: Vec<WordSpan> = candidate_spans(0..counts.len(), width)
            .unwrap()
            .filter(|&s| windows.windows.iter().any(|w| w.holds(s)))
            .collect();
        prop_assert_eq!(merged, held);
        if windows.windows.len() == 1 && windows.empty.is_empty() && windows.cut.is_empty() {
            prop_assert_eq!(all.len(), candidate_count(counts.len(), width));
        }
    }
}
