//! How many gold spans no candidate reaches.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{GoldMap, Unreachable};

/// Counts over a data set; what cannot be reached bounds recall.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ReachReport {
    /// Candidates.
    pub candidates: usize,
    /// Gold spans.
    pub gold: usize,
    /// Gold spans that have the words of another of their sentence.
    pub repeated: usize,
    /// Gold spans that are no candidates, by reason.
    pub unreachable: BTreeMap<Unreachable, usize>,
}

impl ReachReport {
    /// Counts a sentence.
    pub fn add(&mut self, map: &GoldMap) {
        let targets = map.targets.iter().flatten();
        self.candidates += targets.clone().count();
        self.gold += targets.flatten().count() + map.unreachable.len() + map.repeated.len();
        self.repeated += map.repeated.len();
        for &(_, reason) in &map.unreachable {
            *self.unreachable.entry(reason).or_default() += 1;
        }
    }

    /// Gold spans that are no candidates.
    pub fn unreachable(&self) -> usize {
        self.unreachable.values().sum()
    }

    /// Their share of all gold spans; 0 where there are none.
    pub fn unreachable_share(&self) -> f64 {
        if self.gold == 0 {
            return 0.0;
        }
        self.unreachable() as f64 / self.gold as f64
    }
}

impl fmt::Display for ReachReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unreachable, share) = (self.unreachable(), 100.0 * self.unreachable_share());
        write!(
            f,
            "{unreachable} of {} gold spans ({share:.2} %) are not among {} candidates",
            self.gold, self.candidates
        )?;
        for (reason, count) in &self.unreachable {
            let reason = match reason {
                Unreachable::OutsideSentence => "no span of their sentence",
                Unreachable::Cut => "in no window",
                Unreachable::NoTokens => "without tokens",
                Unreachable::EmptyEnd => "with a first or last word without tokens",
                Unreachable::TooWide => "too wide",
                Unreachable::NotProposed => "not proposed",
            };
            write!(f, "; {count} {reason}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_over_sentences() {
        let mut report = ReachReport::default();
        assert_eq!(report.unreachable_share(), 0.0);
        let map = GoldMap {
            targets: vec![vec![None, Some(0)], vec![None]],
            unreachable: vec![(1, Unreachable::TooWide), (2, Unreachable::Cut)],
            repeated: vec![3],
        };
        report.add(&map);
        report.add(&map);
        assert_eq!((report.candidates, report.gold, report.repeated), (6, 8, 2));
        assert_eq!((report.unreachable(), report.unreachable_share()), (4, 0.5));
        assert_eq!(
            report.to_string(),
            "4 of 8 gold spans (50.00 %) are not among 6 candidates; 2 in no window; 2 too wide"
        );
    }
}
