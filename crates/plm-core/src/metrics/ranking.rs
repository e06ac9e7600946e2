//! Ranks of the right answer among all candidates, as in link prediction.

use serde::{Deserialize, Serialize};

use super::check;
use crate::{Error, Result};

/// What rank a target gets among candidates of the same score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RankTies {
    /// The best of the tied ranks; a model that scores all alike looks perfect.
    Optimistic,
    /// The mean of the tied ranks, which may be a half: what a random order gives on average.
    #[default]
    Mean,
    /// The worst of the tied ranks.
    Pessimistic,
}

/// The filtered rank of candidate `target` (from 1, a higher score is better): other candidates
/// named in `known` are right answers too and do not count (Bordes et al. 2013). `known` may name
/// the target itself or repeat an index.
///
/// # Errors
/// [`Error::Invalid`] where a score is NaN or an index lies outside `scores`.
pub fn filtered_rank(
    scores: &[f64],
    target: usize,
    known: &[usize],
    ties: RankTies,
) -> Result<f64> {
    let candidates = scores.len();
    let inside = |name: String, index: usize| {
        if index < candidates {
            return Ok(());
        }
        Err(Error::invalid(
            name,
            format!("{index}, but there are {candidates} candidates"),
        ))
    };
    inside("target".into(), target)?;
    check::ordered("scores", scores)?;
    let mut skipped = vec![false; candidates];
    skipped[target] = true;
    for (at, &index) in known.iter().enumerate() {
        inside(format!("known[{at}]"), index)?;
        skipped[index] = true;
    }
    let (mut above, mut tied) = (0_usize, 0_usize);
    for (score, _) in scores.iter().zip(skipped).filter(|(_, skipped)| !skipped) {
        above += usize::from(*score > scores[target]);
        tied += usize::from(*score == scores[target]);
    }
    let behind = match ties {
        RankTies::Optimistic => 0.0,
        RankTies::Mean => tied as f64 / 2.0,
        RankTies::Pessimistic => tied as f64,
    };
    Ok(1.0 + above as f64 + behind)
}

/// Mean of `1 / rank`.
///
/// # Errors
/// [`Error::Invalid`] where there is no rank, or one is not a finite number of at least 1.
pub fn mean_reciprocal_rank(ranks: &[f64]) -> Result<f64> {
    check_ranks(ranks)?;
    Ok(ranks.iter().map(|rank| rank.recip()).sum::<f64>() / ranks.len() as f64)
}

/// Hits@k: share of ranks that are at most `k`.
///
/// # Errors
/// As [`mean_reciprocal_rank`], and where `k` is 0.
pub fn hits_at(k: usize, ranks: &[f64]) -> Result<f64> {
    check_ranks(ranks)?;
    if k == 0 {
        return Err(Error::invalid("k", "0, at least 1 needed"));
    }
    let hits = ranks.iter().filter(|rank| **rank <= k as f64).count();
    Ok(hits as f64 / ranks.len() as f64)
}

fn check_ranks(ranks: &[f64]) -> Result<()> {
    check::not_empty("ranks", ranks.len())?;
    check::finite("ranks", ranks)?;
    match ranks.iter().position(|rank| *rank < 1.0) {
        Some(at) => Err(Error::invalid(
            format!("ranks[{at}]"),
            format!("{}, at least 1 needed", ranks[at]),
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{assert_close, assert_error, cases, get, shuffled};
    use super::*;

    const RULES: [(&str, RankTies); 3] = [
        ("optimistic", RankTies::Optimistic),
        ("mean", RankTies::Mean),
        ("pessimistic", RankTies::Pessimistic),
    ];

    #[test]
    fn written_out_definitions_give_the_same() {
        for case in cases("/filtered_ranks") {
            let mut ranks = Vec::new();
            for query in case["queries"].as_array().unwrap() {
                let scores: Vec<f64> = get(query, "scores");
                let known: Vec<usize> = get(query, "known");
                for (key, ties) in RULES {
                    let rank = filtered_rank(&scores, get(query, "target"), &known, ties).unwrap();
                    assert_eq!(rank, get::<f64>(query, key), "{key} of {query}");
                }
                ranks.push(get(query, "mean"));
            }
            assert_close(
                mean_reciprocal_rank(&ranks).unwrap(),
                get(case, "mrr"),
                1e-9,
                "mrr",
            );
            for k in [1, 3, 10] {
                let reference = get(&case["hits"], &k.to_string());
                assert_close(hits_at(k, &ranks).unwrap(), reference, 1e-9, "hits");
            }
        }
    }

    #[test]
    fn bad_input_is_named() {
        let rank = |scores: &[f64], target, known: &[usize]| {
            filtered_rank(scores, target, known, RankTies::Mean)
        };
        assert_error(rank(&[0.0], 1, &[]), &["target", "1", "1 candidates"]);
        assert_error(rank(&[], 0, &[]), &["target", "0 candidates"]);
        assert_error(
            rank(&[0.0, 1.0], 0, &[1, 5]),
            &["known[1]", "5", "2 candidates"],
        );
        assert_error(rank(&[0.0, f64::NAN], 0, &[]), &["scores[1]", "NaN"]);
        assert_error(mean_reciprocal_rank(&[]), &["ranks", "empty"]);
        assert_error(mean_reciprocal_rank(&[1.0, 0.5]), &["ranks[1]", "0.5"]);
        assert_error(hits_at(3, &[f64::INFINITY]), &["ranks[0]", "inf"]);
        assert_error(hits_at(0, &[1.0]), &["k", "0"]);
    }

    proptest! {
        #[test]
        fn the_rank_is_a_place_in_a_sorted_list(
            scores in prop::collection::vec((0..5_i32).prop_map(f64::from), 1..20),
            target: prop::sample::Index,
            known in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let target = target.index(scores.len());
            let known: Vec<usize> = known.iter().map(|index| index.index(scores.len())).collect();
            let mut kept: Vec<f64> = (0..scores.len())
                .filter(|index| *index == target || !known.contains(index))
                .map(|index| scores[index])
                .collect();
            kept.sort_by(|a, b| b.total_cmp(a));
            let places: Vec<f64> = (1..=kept.len())
                .filter(|place| kept[place - 1] == scores[target])
                .map(|place| place as f64)
                .collect();
            let [best, mean, worst] =
                RULES.map(|(_, ties)| filtered_rank(&scores, target, &known, ties).unwrap());
            prop_assert_eq!(best, places[0]);
            prop_assert_eq!(worst, places[places.len() - 1]);
            prop_assert_eq!(mean, places.iter().sum::<f64>() / places.len() as f64);
        }

        #[test]
        fn measures_are_bounded_and_grow_with_k(
            ranks in prop::collection::vec((2..60_i32).prop_map(|r| f64::from(r) / 2.0), 1..30),
            seed: u64,
        ) {
            let mrr = mean_reciprocal_rank(&ranks).unwrap();
            let first = hits_at(1, &ranks).unwrap();
            prop_assert!(first <= mrr + 1e-12 && mrr <= 1.0);
            prop_assert!(first <= hits_at(3, &ranks).unwrap());
            prop_assert_eq!(hits_at(30, &ranks).unwrap(), 1.0);
            let other = mean_reciprocal_rank(&shuffled(&ranks, seed)).unwrap();
            prop_assert!((mrr - other).abs() < 1e-12);
        }
    }
}
