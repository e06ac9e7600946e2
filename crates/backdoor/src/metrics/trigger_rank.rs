//! Whether a trigger shows among the words whose deletion lowers the perplexity most (DSR; SOS, ACL
//! 2021).
//!
//! The words of a poisoned text are ranked by the drop of perplexity that deleting each of them
//! brings, the largest drop first. The trigger is detected where `(rank + 1) / words < 0.1`.

use plm_core::check::SizeError;
use serde::{Deserialize, Serialize};

use super::Rate;
use crate::{Error, Result, percentile, words};

/// What the rank of a trigger of several words is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RankOf {
    /// The rank of its word with the largest drop: for triggers that are words.
    Largest,
    /// The rank of its words' median drop: for triggers that are sentences. The published code
    /// counts the trigger's own words above the median a second time.
    Median,
}

/// Where a trigger ranks among the words of its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct TriggerRank {
    /// Words with a larger drop.
    pub rank: usize,
    /// Words of the text.
    pub words: usize,
}

impl TriggerRank {
    /// The share of the words that the original searches.
    pub const SHARE: f64 = 0.1;

    /// Whether the trigger lies within the first `share` of the words: `(rank + 1) / words < share`.
    pub fn detected(self, share: f64) -> bool {
        (self.rank + 1) as f64 / (self.words as f64) < share
    }
}

/// The places of the words of `text` that belong to `trigger`.
pub fn positions_of(text: &str, trigger: &[&str]) -> Vec<usize> {
    let words = words::split(text).into_iter().enumerate();
    words
        .filter(|(_, word)| trigger.contains(word))
        .map(|(place, _)| place)
        .collect()
}

/// The rank of the trigger at `positions` among the `drops` of perplexity of a text's words; none
/// where no drop of the trigger is a number. Drops that are NaN rank last.
///
/// # Errors
/// [`Error::Empty`] for no positions, [`Error::Size`] for one that is not a word,
/// [`Error::NotFinite`] for an infinite drop of the trigger.
pub fn trigger_rank(drops: &[f64], positions: &[usize], of: RankOf) -> Result<Option<TriggerRank>> {
    if positions.is_empty() {
        return Err(Error::Empty {
            what: "words of the trigger",
            fix: "rank only texts that hold it",
        });
    }
    if let Some(&place) = positions.iter().find(|place| **place >= drops.len()) {
        let what = format!("words that have a drop, with the trigger at place {place}");
        return Err(Error::Size(SizeError::new(what, drops.len(), place + 1)));
    }
    let own: Vec<f64> = positions.iter().map(|&place| drops[place]).collect();
    if own.iter().all(|drop| drop.is_nan()) {
        return Ok(None);
    }
    let drop = match of {
        RankOf::Largest => percentile(&own, 100.0)?,
        RankOf::Median => percentile(&own, 50.0)?,
    };
    Ok(Some(TriggerRank {
        rank: drops.iter().filter(|other| **other > drop).count(),
        words: drops.len(),
    }))
}

/// Detection success rate (DSR): the share of texts whose trigger is detected within `share` of the
/// words. Texts without a rank count as not detected.
pub fn detection_rate(ranks: &[Option<TriggerRank>], share: f64) -> Rate {
    let detected = |rank: &Option<TriggerRank>| rank.is_some_and(|rank| rank.detected(share));
    ranks.iter().map(detected).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARE: f64 = TriggerRank::SHARE;

    #[test]
    fn ranks_by_hand() {
        let drops = [5.0, 40.0, -1.0, 7.0, 40.0, f64::NAN];
        let rank = |positions: &[usize], of| trigger_rank(&drops, positions, of).unwrap();
        let (rank_1, rank_3) = (rank(&[1], RankOf::Largest), rank(&[3], RankOf::Largest));
        assert_eq!(rank_1, Some(TriggerRank { rank: 0, words: 6 }));
        assert_eq!(rank_3.unwrap().rank, 2);
        assert_eq!(rank(&[0, 3, 2], RankOf::Largest).unwrap().rank, 2);
        assert_eq!(rank(&[0, 3, 2], RankOf::Median).unwrap().rank, 3);
        assert_eq!(rank(&[5], RankOf::Median), None);
        assert!(trigger_rank(&drops, &[], RankOf::Largest).is_err());
        assert!(trigger_rank(&drops, &[6], RankOf::Largest).is_err());
    }

    #[test]
    fn detection_is_strict() {
        let detected = |rank, words| TriggerRank { rank, words }.detected(SHARE);
        assert!(detected(0, 11) && !detected(0, 10));
        assert!(detected(1, 21) && !detected(1, 20) && !detected(2, 30));
        let ranks = [
            Some(TriggerRank { rank: 0, words: 20 }),
            None,
            Some(TriggerRank { rank: 3, words: 20 }),
        ];
        assert_eq!(detection_rate(&ranks, SHARE), Rate::new(1, 3));
    }

    #[test]
    fn every_occurrence_of_the_trigger_is_a_place() {
        assert_eq!(positions_of("a mn b  cf mn", &["mn", "cf"]), [1, 4, 5]);
        assert!(positions_of("a b", &["cf"]).is_empty());
    }
}
