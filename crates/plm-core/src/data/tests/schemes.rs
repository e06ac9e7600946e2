//! Tags and spans; `make_data.py` beside the fixture made the numbers.

use proptest::prelude::*;
use serde::Deserialize;

use crate::data::{TagReading, TagScheme, TagSpan, spans_to_tags, tags_to_spans};

#[derive(Deserialize)]
struct Case {
    tags: Vec<String>,
    lenient: Vec<(String, usize, usize)>,
    strict: Vec<Strict>,
}

#[derive(Deserialize)]
struct Strict {
    scheme: TagScheme,
    /// `None` where the reference refuses a prefix.
    spans: Option<Vec<(String, usize, usize)>>,
}

const SCHEMES: [TagScheme; 3] = [TagScheme::Iob1, TagScheme::Iob2, TagScheme::Bioes];

fn tuples(spans: Vec<TagSpan>) -> Vec<(String, usize, usize)> {
    spans
        .into_iter()
        .map(|s| (s.label, s.start, s.end))
        .collect()
}

#[test]
fn spans_are_those_of_seqeval() {
    let text = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/data/tags.json"
    ));
    let cases: Vec<Case> = serde_json::from_str(text).unwrap();
    assert!(cases.len() > 300);
    let mut refused = 0;
    for case in &cases {
        let lenient = tags_to_spans(&case.tags, TagScheme::Iob2, TagReading::Lenient).unwrap();
        assert_eq!(tuples(lenient), case.lenient, "{:?}", case.tags);
        for Strict { scheme, spans } in &case.strict {
            let found = tags_to_spans(&case.tags, *scheme, TagReading::Strict);
            match spans {
                Some(spans) => {
                    assert_eq!(&tuples(found.unwrap()), spans, "{scheme:?} {:?}", case.tags);
                }
                None => {
                    refused += 1;
                    assert!(found.is_err(), "{scheme:?} {:?}", case.tags);
                }
            }
        }
    }
    assert!(refused > 50);
}

#[test]
fn bad_tags_and_spans_are_named() {
    for tag in ["", "X-PER", "B", "B-", "OPER", "b-PER", "O-PER"] {
        let error = tags_to_spans(&["O", tag], TagScheme::Iob2, TagReading::Lenient).unwrap_err();
        assert!(
            error.to_string().starts_with(&format!("tag 1: `{tag}`")),
            "{error}"
        );
    }
    let error = tags_to_spans(&["S-A"], TagScheme::Iob2, TagReading::Strict).unwrap_err();
    assert!(error.to_string().contains("Iob2"), "{error}");
    let span = |start, end, label: &str| TagSpan::new(start, end, label);
    for bad in [
        vec![span(1, 1, "A")],
        vec![span(2, 1, "A")],
        vec![span(3, 5, "A")],
        vec![span(0, 1, "")],
        vec![span(2, 4, "B"), span(0, 3, "A")],
    ] {
        assert!(spans_to_tags(4, &bad, TagScheme::Iob2).is_err(), "{bad:?}");
    }
    let tags = spans_to_tags(4, &[span(2, 4, "A"), span(0, 2, "A")], TagScheme::Iob1).unwrap();
    assert_eq!(tags, ["I-A", "I-A", "B-A", "I-A"]);
    let dashed = tags_to_spans(&["B-a-b/c"], TagScheme::Iob2, TagReading::Strict).unwrap();
    assert_eq!(dashed, [span(0, 1, "a-b/c")]);
}

proptest! {
    #[test]
    fn spans_survive_every_scheme(
        lengths in prop::collection::vec((0_usize..3, 1_usize..4, 0_usize..2), 0..6),
    ) {
        let mut at = 0;
        let mut spans = Vec::new();
        for (gap, length, label) in lengths {
            let start = at + gap;
            at = start + length;
            spans.push(TagSpan::new(start, at, ["A", "B-x"][label]));
        }
        for scheme in SCHEMES {
            let tags = spans_to_tags(at + 1, &spans, scheme).unwrap();
            let lenient = tags_to_spans(&tags, scheme, TagReading::Lenient).unwrap();
            prop_assert_eq!(&lenient, &spans);
            // seqeval's strict IOB1 misses a B- after a span of the same label that is one B-.
            if scheme != TagScheme::Iob1 {
                let strict = tags_to_spans(&tags, scheme, TagReading::Strict).unwrap();
                prop_assert_eq!(&strict, &spans);
            }
        }
    }
}
