//! Scored binary labels, over every threshold at once.

use super::{check, correlation};
use crate::{Error, Result};

/// Area under the ROC curve: the chance that a positive item scores above a negative one, ties
/// counting one half (the Mann-Whitney statistic).
///
/// # Errors
/// [`Error::Invalid`] where the lengths differ, nothing is given, a score is NaN, or only one class
/// occurs (the curve is undefined then).
pub fn roc_auc(gold: &[bool], scores: &[f64]) -> Result<f64> {
    check::paired("gold", gold.len(), "scores", scores.len())?;
    check::ordered("scores", scores)?;
    let positive = gold.iter().filter(|label| **label).count();
    let negative = gold.len() - positive;
    if positive == 0 || negative == 0 {
        return Err(Error::invalid(
            "gold",
            format!(
                "{positive} positive and {negative} negative labels, at least 1 of each needed"
            ),
        ));
    }
    let ranks = correlation::ranks(scores);
    let sum: f64 = gold
        .iter()
        .zip(ranks)
        .filter_map(|(label, rank)| label.then_some(rank))
        .sum();
    let (positive, negative) = (positive as f64, negative as f64);
    Ok((sum - positive * (positive + 1.0) / 2.0) / (positive * negative))
}

/// Average precision: precision at each distinct score, weighted with the gain in recall there
/// (no interpolation). It is 0 where there is no positive item, as in scikit-learn.
///
/// # Errors
/// [`Error::Invalid`] where the lengths differ, nothing is given, or a score is NaN.
pub fn average_precision(gold: &[bool], scores: &[f64]) -> Result<f64> {
    check::paired("gold", gold.len(), "scores", scores.len())?;
    check::ordered("scores", scores)?;
    let mut order: Vec<usize> = (0..gold.len()).collect();
    order.sort_unstable_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let (mut retrieved, mut found, mut sum) = (0, 0, 0.0);
    for tied in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
        let gain = tied.iter().filter(|&&index| gold[index]).count();
        retrieved += tied.len();
        found += gain;
        sum += gain as f64 * found as f64 / retrieved as f64;
    }
    Ok(if found == 0 { 0.0 } else { sum / found as f64 })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{assert_close, assert_error, cases, get, shuffled};
    use super::*;

    #[test]
    fn scikit_learn_gives_the_same() {
        for case in cases("/ranking") {
            let gold: Vec<u8> = get(case, "gold");
            let gold: Vec<bool> = gold.into_iter().map(|label| label == 1).collect();
            let scores: Vec<f64> = get(case, "scores");
            let context = case.to_string();
            match get::<Option<f64>>(case, "roc_auc") {
                Some(value) => {
                    assert_close(roc_auc(&gold, &scores).unwrap(), value, 1e-9, &context);
                }
                None => assert_error(roc_auc(&gold, &scores), &["gold", "at least 1 of each"]),
            }
            let value = average_precision(&gold, &scores).unwrap();
            assert_close(value, get(case, "average_precision"), 1e-9, &context);
        }
    }

    #[test]
    fn bad_input_is_named() {
        for measure in [roc_auc, average_precision] {
            assert_error(measure(&[true], &[]), &["scores", "0", "1"]);
            assert_error(measure(&[], &[]), &["gold", "empty"]);
            assert_error(
                measure(&[true, false], &[0.0, f64::NAN]),
                &["scores[1]", "NaN"],
            );
        }
        let infinite = [f64::NEG_INFINITY, f64::INFINITY];
        assert_eq!(roc_auc(&[false, true], &infinite).unwrap(), 1.0);
    }

    fn scored() -> impl Strategy<Value = Vec<(bool, f64)>> {
        let pair = (any::<bool>(), (-5..5_i32).prop_map(f64::from));
        prop::collection::vec(pair, 1..40)
    }

    proptest! {
        #[test]
        fn roc_auc_counts_pairs(pairs in scored(), seed: u64) {
            let (gold, scores): (Vec<bool>, Vec<f64>) = pairs.iter().copied().unzip();
            let (mut sum, mut number) = (0.0, 0.0);
            for (_, above) in pairs.iter().filter(|pair| pair.0) {
                for (_, below) in pairs.iter().filter(|pair| !pair.0) {
                    number += 1.0;
                    sum += if above > below { 1.0 } else if above == below { 0.5 } else { 0.0 };
                }
            }
            prop_assume!(number > 0.0);
            let value = roc_auc(&gold, &scores).unwrap();
            prop_assert!((value - sum / number).abs() < 1e-12);
            let flipped: Vec<bool> = gold.iter().map(|label| !label).collect();
            prop_assert!((value + roc_auc(&flipped, &scores).unwrap() - 1.0).abs() < 1e-12);
            let (gold, scores): (Vec<bool>, Vec<f64>) = shuffled(&pairs, seed).into_iter().unzip();
            prop_assert_eq!(value, roc_auc(&gold, &scores).unwrap());
        }

        #[test]
        fn average_precision_sums_over_thresholds(pairs in scored()) {
            let (gold, scores): (Vec<bool>, Vec<f64>) = pairs.iter().copied().unzip();
            let positive = gold.iter().filter(|label| **label).count() as f64;
            prop_assume!(positive > 0.0);
            // One positive at a time: the precision at the threshold of its own score.
            let naive: f64 = pairs
                .iter()
                .filter(|pair| pair.0)
                .map(|(_, threshold)| {
                    let above: Vec<_> = pairs.iter().filter(|pair| pair.1 >= *threshold).collect();
                    let right = above.iter().filter(|pair| pair.0).count();
                    right as f64 / above.len() as f64
                })
                .sum::<f64>() / positive;
            let value = average_precision(&gold, &scores).unwrap();
            prop_assert!((value - naive).abs() < 1e-12);
            prop_assert!((0.0..=1.0 + 1e-12).contains(&value));
        }

        #[test]
        fn separated_scores_are_perfect(gold in prop::collection::vec(any::<bool>(), 1..30)) {
            prop_assume!(gold.iter().any(|g| *g) && gold.iter().any(|g| !*g));
            let scores: Vec<f64> = gold.iter().map(|g| f64::from(u8::from(*g))).collect();
            prop_assert_eq!(roc_auc(&gold, &scores).unwrap(), 1.0);
            prop_assert!((average_precision(&gold, &scores).unwrap() - 1.0).abs() < 1e-12);
        }
    }
}
