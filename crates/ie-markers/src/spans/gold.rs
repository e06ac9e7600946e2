//! Where the gold spans are among the candidates.

use std::collections::HashMap;

use plm_core::check::same_size;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::data::WordSpan;
use crate::window::SentenceWindows;

/// Why a gold span is not among the candidates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unreachable {
    /// It is no span of its sentence.
    OutsideSentence,
    /// No window holds all of its words.
    Cut,
    /// Its words have no tokens.
    NoTokens,
    /// Its first or last word has no tokens.
    EmptyEnd,
    /// It has more words than a candidate may have.
    TooWide,
    /// It was not proposed.
    NotProposed,
}

/// The gold spans of a sentence by candidate. No gold span is lost: those that are not candidates stay
/// in the denominator of recall.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GoldMap {
    /// For each window and each of its candidates the gold span that it is.
    pub targets: Vec<Vec<Option<usize>>>,
    /// The gold spans that are no candidates.
    pub unreachable: Vec<(usize, Unreachable)>,
    /// The gold spans that have the words of an earlier one; that one is the target.
    pub repeated: Vec<usize>,
}

impl GoldMap {
    /// Finds `gold` spans among the candidates of each window, which have at most `width` words.
    ///
    /// # Errors
    /// [`Error::Size`](crate::Error::Size) for another number of lists than windows.
    pub fn new(
        windows: &SentenceWindows,
        candidates: &[Vec<WordSpan>],
        gold: &[WordSpan],
        width: usize,
    ) -> Result<Self> {
        same_size(
            "windows with candidates",
            candidates.len(),
            windows.windows.len(),
        )?;
        let mut places: HashMap<WordSpan, (usize, usize)> = HashMap::new();
        for (window, spans) in candidates.iter().enumerate() {
            for (at, &span) in spans.iter().enumerate() {
                places.entry(span).or_insert((window, at));
            }
        }
        let mut map = Self {
            targets: candidates
                .iter()
                .map(|spans| vec![None; spans.len()])
                .collect(),
            ..Self::default()
        };
        for (index, &span) in gold.iter().enumerate() {
            let Some(&(window, at)) = places.get(&span) else {
                map.unreachable.push((index, reason(windows, span, width)));
                continue;
            };
            let target = &mut map.targets[window][at];
            match target {
                Some(_) => map.repeated.push(index),
                None => *target = Some(index),
            }
        }
        Ok(map)
    }
}

fn reason(windows: &SentenceWindows, span: WordSpan, width: usize) -> Unreachable {
    if !span.is_within(windows.words) {
        return Unreachable::OutsideSentence;
    }
    if (span.start..=span.end).all(|word| windows.empty.contains(&word)) {
        return Unreachable::NoTokens;
    }
    match windows.decider(span) {
        None => Unreachable::Cut,
        Some(_) if span.width() > width => Unreachable::TooWide,
        Some(_)
            if [span.start, span.end]
                .iter()
                .any(|word| windows.empty.contains(word)) =>
        {
            Unreachable::EmptyEnd
        }
        Some(_) => Unreachable::NotProposed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{span, toy_document};
    use crate::window::{WindowSettings, sentence_windows};

    #[test]
    fn each_reason_has_its_name() {
        let subwords = toy_document(&[vec![1, 0, 1, 1, 1, 1, 1]]);
        let windows = sentence_windows(&subwords, 0, &WindowSettings::new(7)).unwrap();
        let mut candidates = windows.candidates(3).unwrap();
        candidates[0].retain(|&s| s != span(2, 2));
        let gold = [
            span(3, 4),
            span(0, 3),
            span(3, 4),
            span(5, 6),
            span(1, 1),
            span(2, 2),
            span(6, 7),
            span(1, 0),
            span(1, 2),
        ];
        let map = GoldMap::new(&windows, &candidates, &gold, 3).unwrap();
        assert_eq!(
            map.unreachable,
            [
                (1, Unreachable::TooWide),
                (3, Unreachable::Cut),
                (4, Unreachable::NoTokens),
                (5, Unreachable::NotProposed),
                (6, Unreachable::OutsideSentence),
                (7, Unreachable::OutsideSentence),
                (8, Unreachable::EmptyEnd),
            ]
        );
        assert_eq!(map.repeated, [2]);
        let at = candidates[0].iter().position(|&s| s == span(3, 4)).unwrap();
        let found = map.targets[0]
            .iter()
            .enumerate()
            .filter(|(_, t)| t.is_some());
        assert_eq!(found.collect::<Vec<_>>(), [(at, &Some(0))]);
        assert_eq!(map.targets[0].len(), candidates[0].len());
        assert!(GoldMap::new(&windows, &[], &gold, 3).is_err());
    }
}
