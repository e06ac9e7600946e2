//! Labeled spans: exact-match F1 over all documents (micro) and per label.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::scores::Scores;
use crate::{Error, Result};

/// One labeled span of one document.
///
/// Whether `end` is the last position or the one after it does not matter, as long as gold and
/// predicted spans agree on it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Span<L> {
    /// Which document or sentence it lies in.
    pub document: usize,
    /// Its first position.
    pub start: usize,
    /// Its end.
    pub end: usize,
    /// Its label: an entity type, or any key that must match, such as a pair of types.
    pub label: L,
}

/// Scores of a set of spans and the counts behind them.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct SpanScores {
    /// Precision, recall and F1; 0 where a denominator is zero.
    pub scores: Scores,
    /// Spans in both sets.
    pub correct: usize,
    /// Gold spans.
    pub gold: usize,
    /// Predicted spans.
    pub predicted: usize,
}

/// Micro scores of `predicted` against `gold`: a span is right if document, start, end and label
/// all match. Both are taken as sets; repetitions count once. Either may be empty.
///
/// # Errors
/// [`Error::Invalid`] for a span that ends before it starts.
pub fn span_scores<L: Ord>(gold: &[Span<L>], predicted: &[Span<L>]) -> Result<SpanScores> {
    let (gold, predicted) = (set("gold", gold)?, set("predicted", predicted)?);
    Ok(compare(
        gold.intersection(&predicted).count(),
        gold.len(),
        predicted.len(),
    ))
}

/// [`span_scores`] of each label that occurs in `gold` or `predicted`.
///
/// # Errors
/// As [`span_scores`].
pub fn span_scores_by_label<L: Ord + Clone>(
    gold: &[Span<L>],
    predicted: &[Span<L>],
) -> Result<BTreeMap<L, SpanScores>> {
    let (gold, predicted) = (set("gold", gold)?, set("predicted", predicted)?);
    let mut counts: BTreeMap<L, [usize; 3]> = BTreeMap::new();
    for (slot, spans) in [(1, &gold), (2, &predicted)] {
        for span in spans {
            counts.entry(span.label.clone()).or_default()[slot] += 1;
        }
    }
    for span in gold.intersection(&predicted) {
        counts.entry(span.label.clone()).or_default()[0] += 1;
    }
    Ok(counts
        .into_iter()
        .map(|(label, [correct, gold, predicted])| (label, compare(correct, gold, predicted)))
        .collect())
}

fn set<'a, L: Ord>(name: &str, spans: &'a [Span<L>]) -> Result<BTreeSet<&'a Span<L>>> {
    if let Some(at) = spans.iter().position(|span| span.end < span.start) {
        let Span { start, end, .. } = spans[at];
        return Err(Error::invalid(
            format!("{name}[{at}]"),
            format!("end {end} lies before start {start}"),
        ));
    }
    Ok(spans.iter().collect())
}

fn compare(correct: usize, gold: usize, predicted: usize) -> SpanScores {
    SpanScores {
        scores: Scores::from_counts(correct, predicted, gold),
        correct,
        gold,
        predicted,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::super::testing::{assert_error, assert_scores, cases, get, shuffled};
    use super::*;

    fn span<L>((document, start, end, label): (usize, usize, usize, L)) -> Span<L> {
        Span {
            document,
            start,
            end,
            label,
        }
    }

    fn assert_same(ours: SpanScores, reference: &Value) {
        assert_scores(ours.scores, reference, 1e-9, &reference.to_string());
        assert_eq!(ours.correct, get::<usize>(reference, "correct"));
        assert_eq!(ours.gold, get::<usize>(reference, "gold"));
        assert_eq!(ours.predicted, get::<usize>(reference, "predicted"));
    }

    #[test]
    fn set_arithmetic_gives_the_same() {
        for case in cases("/spans") {
            let read = |key| -> Vec<Span<String>> {
                let rows: Vec<(usize, usize, usize, String)> = get(case, key);
                rows.into_iter().map(span).collect()
            };
            let (gold, predicted) = (read("gold"), read("predicted"));
            assert_same(span_scores(&gold, &predicted).unwrap(), &case["all"]);
            let by_label = span_scores_by_label(&gold, &predicted).unwrap();
            let reference = case["by_label"].as_object().unwrap();
            assert_eq!(by_label.len(), reference.len());
            for (label, scores) in by_label {
                assert_same(scores, &reference[&label]);
            }
        }
    }

    #[test]
    fn reversed_spans_are_errors() {
        let (good, bad) = (span((0, 1, 1, 'a')), span((0, 3, 2, 'a')));
        let parts = ["predicted[1]", "end 2", "start 3"];
        assert_error(span_scores(&[], &[good.clone(), bad.clone()]), &parts);
        assert_error(span_scores_by_label(&[bad], &[good]), &["gold[0]"]);
    }

    fn spans() -> impl Strategy<Value = Vec<Span<u8>>> {
        let row = (0..2_usize, 0..4_usize, 4..6_usize, 0..3_u8);
        prop::collection::vec(row.prop_map(span), 0..30)
    }

    proptest! {
        #[test]
        fn labels_add_up_and_order_does_not_matter(a in spans(), b in spans(), seed: u64) {
            let all = span_scores(&a, &b).unwrap();
            prop_assert_eq!(all, span_scores(&shuffled(&a, seed), &shuffled(&b, seed)).unwrap());
            let labels = span_scores_by_label(&a, &b).unwrap();
            let total = |f: fn(&SpanScores) -> usize| labels.values().map(f).sum::<usize>();
            prop_assert_eq!(total(|s| s.correct), all.correct);
            prop_assert_eq!(total(|s| s.gold), all.gold);
            prop_assert_eq!(total(|s| s.predicted), all.predicted);
        }

        #[test]
        fn f1_is_symmetric_and_counts_agree_with_pairs(a in spans(), b in spans()) {
            let all = span_scores(&a, &b).unwrap();
            prop_assert_eq!(all.scores.f1, span_scores(&b, &a).unwrap().scores.f1);
            let distinct = |list: &[Span<u8>]| -> Vec<Span<u8>> {
                let mut kept: Vec<Span<u8>> = Vec::new();
                for span in list {
                    if !kept.contains(span) {
                        kept.push(span.clone());
                    }
                }
                kept
            };
            let theirs = distinct(&b);
            let naive = distinct(&a).iter().filter(|span| theirs.contains(span)).count();
            prop_assert_eq!(all.correct, naive);
        }
    }
}
