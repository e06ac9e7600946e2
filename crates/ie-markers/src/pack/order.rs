//! The order of spans and where it is cut.

use plm_core::rng::Seed;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::data::WordSpan;
use crate::error::at_least_one;

/// A boundary of spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Axis {
    /// The first word.
    Start,
    /// The last word.
    End,
}

impl Axis {
    fn of(self, span: WordSpan) -> usize {
        self.key(span).0
    }

    /// This boundary, then the other.
    fn key(self, span: WordSpan) -> (usize, usize) {
        match self {
            Self::Start => (span.start, span.end),
            Self::End => (span.end, span.start),
        }
    }
}

/// How spans are put into groups.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Packing {
    /// As they come, cut into full groups. Spans that come by start and end are PL-Marker's
    /// neighborhood-oriented packing as it was published.
    #[default]
    Natural,
    /// By a boundary, then by the other, cut into full groups.
    Sorted {
        /// The boundary.
        axis: Axis,
        /// Whether the last come first.
        descending: bool,
    },
    /// In an order drawn from the seed, cut into full groups: an ablation.
    Shuffled(Seed),
    /// By a boundary, then by the other. Spans that share the boundary stay in one group, so that groups
    /// may be smaller; where more share it than fit, their groups are full.
    GroupEdge {
        /// The boundary.
        axis: Axis,
    },
}

impl Packing {
    /// Groups of at most `limit` spans (`max_pair_length` in PL-Marker's code), each span once, as
    /// indices in `spans`.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) for a limit of 0.
    pub fn groups(self, spans: &[WordSpan], limit: usize) -> Result<Vec<Vec<usize>>> {
        at_least_one("limit", limit)?;
        let mut order: Vec<usize> = (0..spans.len()).collect();
        match self {
            Self::Natural => {}
            Self::Sorted { axis, descending } => {
                order.sort_by_key(|&at| axis.key(spans[at]));
                if descending {
                    order.reverse();
                }
            }
            Self::Shuffled(seed) => order.shuffle(&mut seed.stream("packing")),
            Self::GroupEdge { axis } => {
                order.sort_by_key(|&at| axis.key(spans[at]));
                return Ok(cut_at_edges(&order, limit, |at| axis.of(spans[at])));
            }
        }
        Ok(order.chunks(limit).map(<[usize]>::to_vec).collect())
    }
}

fn cut_at_edges(order: &[usize], limit: usize, edge: impl Fn(usize) -> usize) -> Vec<Vec<usize>> {
    let mut groups = Vec::new();
    let mut rest = order;
    while rest.len() > limit {
        let differs = |cut: &usize| edge(rest[cut - 1]) != edge(rest[*cut]);
        let cut = (1..=limit).rev().find(differs).unwrap_or(limit);
        let (group, after) = rest.split_at(cut);
        groups.push(group.to_vec());
        rest = after;
    }
    if !rest.is_empty() {
        groups.push(rest.to_vec());
    }
    groups
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::spans::{candidate_count, candidate_spans};
    use crate::testing::span;

    fn all(words: usize, width: usize) -> Vec<WordSpan> {
        candidate_spans(0..words, width).unwrap().collect()
    }

    fn sizes(packing: Packing, spans: &[WordSpan], limit: usize) -> Vec<usize> {
        let groups = packing.groups(spans, limit).unwrap();
        groups.iter().map(Vec::len).collect()
    }

    const VARIANTS: [Packing; 7] = [
        Packing::Natural,
        Packing::Sorted {
            axis: Axis::Start,
            descending: true,
        },
        Packing::Sorted {
            axis: Axis::End,
            descending: false,
        },
        Packing::Sorted {
            axis: Axis::End,
            descending: true,
        },
        Packing::GroupEdge { axis: Axis::Start },
        Packing::GroupEdge { axis: Axis::End },
        Packing::Sorted {
            axis: Axis::Start,
            descending: false,
        },
    ];

    #[test]
    fn size_goldens() {
        assert_eq!(sizes(Packing::Natural, &all(60, 8), 256), [256, 196]);
        assert_eq!(sizes(Packing::Natural, &all(20, 8), 256), [132]);
        let six = sizes(Packing::Natural, &all(100, 16), 256);
        assert_eq!(six, [256, 256, 256, 256, 256, 200]);
        let spans = all(10, 4);
        let start = Packing::GroupEdge { axis: Axis::Start };
        let end = Packing::GroupEdge { axis: Axis::End };
        assert_eq!(sizes(start, &spans, 10), [8, 8, 8, 10]);
        assert_eq!(sizes(end, &spans, 10), [10, 8, 8, 8]);
        let mut wanted = [3, 1].repeat(7);
        wanted.extend([3, 3]);
        assert_eq!(sizes(start, &spans, 3), wanted);
        assert_eq!(sizes(start, &spans, 34), [34]);
        assert_eq!(sizes(start, &[], 3), [0; 0]);
    }

    #[test]
    fn orders() {
        let spans = [span(0, 2), span(1, 1), span(0, 0), span(1, 2)];
        let order = |axis, descending| {
            let packing = Packing::Sorted { axis, descending };
            packing.groups(&spans, 4).unwrap().remove(0)
        };
        assert_eq!(order(Axis::Start, false), [2, 0, 1, 3]);
        assert_eq!(order(Axis::Start, true), [3, 1, 0, 2]);
        assert_eq!(order(Axis::End, false), [2, 1, 0, 3]);
        assert_eq!(order(Axis::End, true), [3, 0, 1, 2]);
        let natural = Packing::Natural.groups(&spans, 3).unwrap();
        assert_eq!(natural, [vec![0, 1, 2], vec![3]]);
        let spans = all(10, 4);
        let shuffled = |seed| {
            Packing::Shuffled(Seed::new(seed))
                .groups(&spans, 34)
                .unwrap()
        };
        assert_eq!(shuffled(1), shuffled(1));
        assert_ne!(shuffled(1), shuffled(2));
        assert_ne!(shuffled(1), Packing::Natural.groups(&spans, 34).unwrap());
        assert!(Packing::Natural.groups(&spans, 0).is_err());
    }

    fn check(packing: Packing, spans: &[WordSpan], limit: usize) {
        let groups = packing.groups(spans, limit).unwrap();
        assert!(
            groups
                .iter()
                .all(|group| (1..=limit).contains(&group.len()))
        );
        let mut seen = groups.concat();
        seen.sort_unstable();
        assert_eq!(
            seen,
            (0..spans.len()).collect::<Vec<_>>(),
            "{packing:?} {limit}"
        );
        let Packing::GroupEdge { axis } = packing else {
            assert_eq!(groups.len(), spans.len().div_ceil(limit));
            return;
        };
        for pair in groups.windows(2) {
            let edge = axis.of(spans[pair[1][0]]);
            if axis.of(spans[pair[0][pair[0].len() - 1]]) == edge {
                // One boundary alone fills the group before the cut.
                assert_eq!(pair[0].len(), limit);
                assert!(pair[0].iter().all(|&at| axis.of(spans[at]) == edge));
            }
        }
    }

    #[test]
    fn every_span_once_for_all_sizes() {
        for words in 0..=40 {
            for width in 1..=25 {
                let spans = all(words, width);
                assert_eq!(spans.len(), candidate_count(words, width));
                for packing in VARIANTS {
                    check(packing, &spans, 64);
                }
                check(Packing::Shuffled(Seed::new(words as u64)), &spans, 64);
            }
        }
    }

    proptest! {
        #[test]
        fn every_span_once_for_any_spans_and_limit(
            spans in prop::collection::vec((0_usize..9, 0_usize..5), 0..60), limit in 1_usize..20,
        ) {
            let spans: Vec<_> = spans.iter().map(|&(s, w)| span(s, s + w)).collect();
            for packing in VARIANTS {
                check(packing, &spans, limit);
            }
        }
    }
}
