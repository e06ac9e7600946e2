//! Which of several overlapping spans are entities.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use plm_core::check::finite;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::data::WordSpan;

/// Which entities may overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overlaps {
    /// All.
    Any,
    /// Those of different types: for nested data (ACE, SciERC).
    OtherTypes,
    /// None: for flat data (CoNLL-2003, OntoNotes, Few-NERD). Taking the best span on free words
    /// again and again is the same.
    None,
}

/// A span that may be an entity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpanCandidate<L> {
    /// Its words.
    pub span: WordSpan,
    /// Its type.
    pub label: L,
    /// Its score, such as the probability of its type.
    pub score: f64,
}

/// Disjoint spans: start to end.
#[derive(Default)]
struct Taken(BTreeMap<usize, usize>);

impl Taken {
    /// Adds `span` where it shares no word with the others; whether it did.
    fn add(&mut self, span: WordSpan) -> bool {
        let before = self.0.range(..=span.end).next_back();
        let free = before.is_none_or(|(_, &end)| end < span.start);
        if free {
            self.0.insert(span.start, span.end);
        }
        free
    }
}

/// Indices in `candidates` of the spans that remain, ascending. The best one is kept and what may
/// not overlap it dropped, then the next best, and so on (greedy non-maximum suppression). Of equal
/// scores the span that starts first goes first, then the shorter one, then the first of the list.
///
/// # Errors
/// [`crate::Error::NotFinite`] for a score.
pub fn suppress_spans<L: Clone + Eq + Hash>(
    candidates: &[SpanCandidate<L>],
    overlaps: Overlaps,
) -> Result<Vec<usize>> {
    finite("the scores of spans", candidates.iter().map(|c| c.score))?;
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_by(|&a, &b| {
        by_score(candidates[a].score, candidates[b].score)
            .then_with(|| candidates[a].span.cmp(&candidates[b].span))
    });
    let mut taken: HashMap<Option<L>, Taken> = HashMap::new();
    order.retain(|&index| {
        let candidate = &candidates[index];
        let group = match overlaps {
            Overlaps::Any => return true,
            Overlaps::OtherTypes => Some(candidate.label.clone()),
            Overlaps::None => None,
        };
        taken.entry(group).or_default().add(candidate.span)
    });
    order.sort_unstable();
    Ok(order)
}

/// The higher score first.
pub(super) fn by_score(a: f64, b: f64) -> Ordering {
    b.total_cmp(&a)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn candidate((start, end, score, label): (usize, usize, f64, char)) -> SpanCandidate<char> {
        SpanCandidate {
            span: WordSpan::new(start, end),
            label,
            score,
        }
    }

    #[test]
    fn nested_data_keeps_other_types_and_flat_data_nothing() {
        let candidates = [(0, 2, 0.9, 'X'), (1, 3, 0.8, 'X'), (1, 4, 0.7, 'Y')].map(candidate);
        let kept = |overlaps| suppress_spans(&candidates, overlaps).unwrap();
        assert_eq!(kept(Overlaps::OtherTypes), [0, 2]);
        assert_eq!(kept(Overlaps::None), [0]);
        assert_eq!(kept(Overlaps::Any), [0, 1, 2]);
    }

    #[test]
    fn equal_scores_go_by_place() {
        let candidates = [(1, 2, 0.5, 'X'), (0, 1, 0.5, 'X'), (0, 0, 0.5, 'X')].map(candidate);
        assert_eq!(suppress_spans(&candidates, Overlaps::None).unwrap(), [0, 2]);
        let bad = [candidate((0, 0, f64::NAN, 'X'))];
        assert!(suppress_spans(&bad, Overlaps::None).is_err());
    }

    fn candidates() -> impl Strategy<Value = Vec<SpanCandidate<char>>> {
        let row = (
            0..12_usize,
            0..5_usize,
            0..6_u8,
            prop::char::range('A', 'C'),
        );
        let row = row.prop_map(|(s, w, score, l)| candidate((s, s + w, f64::from(score), l)));
        prop::collection::vec(row, 0..20)
    }

    proptest! {
        #[test]
        fn same_as_comparing_all_pairs(candidates in candidates()) {
            for overlaps in [Overlaps::OtherTypes, Overlaps::None] {
                let mut order: Vec<usize> = (0..candidates.len()).collect();
                order.sort_by_key(|&i| (-(candidates[i].score as i64), candidates[i].span, i));
                let mut kept: Vec<usize> = Vec::new();
                for i in order {
                    let clashes = |&j: &usize| {
                        candidates[i].span.overlaps(candidates[j].span)
                            && (overlaps == Overlaps::None
                                || candidates[i].label == candidates[j].label)
                    };
                    if !kept.iter().any(clashes) {
                        kept.push(i);
                    }
                }
                kept.sort();
                prop_assert_eq!(suppress_spans(&candidates, overlaps).unwrap(), kept);
            }
        }

        #[test]
        fn flat_is_the_greedy_choice_of_free_words(candidates in candidates()) {
            let mut order: Vec<usize> = (0..candidates.len()).collect();
            order.sort_by_key(|&i| (-(candidates[i].score as i64), candidates[i].span, i));
            let mut used = [false; 20];
            let mut kept = Vec::new();
            for i in order {
                let words = candidates[i].span.start..=candidates[i].span.end;
                if !used[words.clone()].contains(&true) {
                    used[words].fill(true);
                    kept.push(i);
                }
            }
            kept.sort();
            prop_assert_eq!(suppress_spans(&candidates, Overlaps::None).unwrap(), kept);
        }
    }
}
