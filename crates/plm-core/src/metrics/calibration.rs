//! Quality of predicted probabilities.

use super::check;
use crate::{Error, Result};

/// Expected calibration error (Guo et al. 2017, equation 3): over `bins` bins of equal width, the
/// mean gap between accuracy and confidence, weighted with the bins' sizes.
///
/// Bin `m` of `M` holds the confidences in `((m-1)/M, m/M]`; the first one also holds 0.
///
/// # Errors
/// [`Error::Invalid`] where the lengths differ, nothing is given, a confidence lies outside
/// `[0, 1]`, or `bins` is 0.
pub fn expected_calibration_error(
    confidences: &[f64],
    correct: &[bool],
    bins: usize,
) -> Result<f64> {
    check::paired("confidences", confidences.len(), "correct", correct.len())?;
    check::finite("confidences", confidences)?;
    if let Some(at) = confidences.iter().position(|c| !(0.0..=1.0).contains(c)) {
        return Err(Error::invalid(
            format!("confidences[{at}]"),
            format!("{}, a number in [0, 1] needed", confidences[at]),
        ));
    }
    if bins == 0 {
        return Err(Error::invalid("bins", "0, at least 1 needed"));
    }
    // Sorting by bin keeps memory to the input's size, whatever `bins` is.
    let mut items: Vec<(usize, f64)> = confidences
        .iter()
        .zip(correct)
        .map(|(&confidence, &correct)| {
            (
                bin(confidence, bins),
                f64::from(u8::from(correct)) - confidence,
            )
        })
        .collect();
    items.sort_by_key(|item| item.0);
    // In each bin, size times |accuracy - confidence| is the sum of the differences.
    let gaps = items
        .chunk_by(|a, b| a.0 == b.0)
        .map(|bin| bin.iter().map(|item| item.1).sum::<f64>().abs());
    Ok(gaps.sum::<f64>() / confidences.len() as f64)
}

/// The bin of `confidence`, from 0. Multiplying may round across an edge, so the edges decide.
fn bin(confidence: f64, bins: usize) -> usize {
    let edge = |index: usize| index as f64 / bins as f64;
    let mut index = ((confidence * bins as f64) as usize).min(bins - 1);
    while index > 0 && confidence <= edge(index) {
        index -= 1;
    }
    while index + 1 < bins && confidence > edge(index + 1) {
        index += 1;
    }
    index
}

/// Perplexity: `exp` of the mean of `losses`, the negative log-likelihoods of the tokens in nats.
///
/// Averages over batches of unequal size give another value: pass the loss of every token.
///
/// # Errors
/// [`Error::Invalid`] where nothing is given, a loss is not finite or is negative (a probability
/// above 1, most often a missing minus sign; rounding down to -1e-6 is allowed), or the result
/// exceeds the range of `f64`.
pub fn perplexity(losses: &[f64]) -> Result<f64> {
    check::not_empty("losses", losses.len())?;
    check::finite("losses", losses)?;
    if let Some(at) = losses.iter().position(|loss| *loss < -1e-6) {
        return Err(Error::invalid(
            format!("losses[{at}]"),
            format!("{}, a negative log-likelihood is at least 0", losses[at]),
        ));
    }
    // Dividing first keeps the sum of huge losses finite.
    let mean: f64 = losses.iter().map(|loss| loss / losses.len() as f64).sum();
    let value = mean.exp();
    if value.is_infinite() {
        return Err(Error::invalid(
            "losses",
            format!(
                "have mean {mean}, at most {} is representable",
                f64::MAX.ln()
            ),
        ));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{REFERENCE, assert_close, assert_error, cases, get, shuffled};
    use super::*;

    #[test]
    fn written_out_definitions_give_the_same() {
        for case in cases("/calibration/ece") {
            let confidences: Vec<f64> = get(case, "confidences");
            let correct: Vec<bool> = get(case, "correct");
            let ours = expected_calibration_error(&confidences, &correct, get(case, "bins"));
            assert_close(ours.unwrap(), get(case, "value"), 1e-9, &case.to_string());
        }
        let case = &REFERENCE["calibration"]["perplexity"];
        let losses: Vec<f64> = get(case, "losses");
        assert_close(
            perplexity(&losses).unwrap(),
            get(case, "value"),
            1e-9,
            "perplexity",
        );
    }

    #[test]
    fn bad_input_is_named() {
        let ece = expected_calibration_error;
        assert_error(ece(&[0.5], &[], 3), &["correct", "0", "1"]);
        assert_error(ece(&[], &[], 3), &["confidences", "empty"]);
        assert_error(
            ece(&[0.5, 1.5], &[true; 2], 3),
            &["confidences[1]", "1.5", "[0, 1]"],
        );
        assert_error(ece(&[f64::NAN], &[true], 3), &["confidences[0]", "NaN"]);
        assert_error(ece(&[0.5], &[true], 0), &["bins", "0"]);
        assert_error(perplexity(&[]), &["losses", "empty"]);
        assert_error(perplexity(&[0.5, -0.1]), &["losses[1]", "-0.1"]);
        assert_error(perplexity(&[f64::INFINITY]), &["losses[0]", "inf"]);
        assert_error(perplexity(&[1e4]), &["losses", "10000", "709"]);
        assert_error(perplexity(&[f64::MAX; 3]), &["losses", "709"]);
    }

    #[test]
    fn a_uniform_model_has_the_vocabulary_as_perplexity() {
        let loss = 50.0_f64.ln();
        assert_close(perplexity(&[loss; 7]).unwrap(), 50.0, 1e-9, "uniform");
    }

    proptest! {
        #[test]
        fn error_is_bounded_and_free_of_order(
            items in prop::collection::vec((0.0..=1.0_f64, any::<bool>()), 1..40),
            bins in prop_oneof![1..30_usize, Just(usize::MAX)],
            seed: u64,
        ) {
            let ece = |items: Vec<(f64, bool)>, bins| {
                let (confidences, correct): (Vec<_>, Vec<_>) = items.into_iter().unzip();
                expected_calibration_error(&confidences, &correct, bins).unwrap()
            };
            let value = ece(items.clone(), bins);
            prop_assert!((0.0..=1.0 + 1e-12).contains(&value));
            prop_assert!((value - ece(shuffled(&items, seed), bins)).abs() < 1e-12);
            // Merging all bins into one can only cancel gaps.
            prop_assert!(ece(items, 1) <= value + 1e-12);
        }

        #[test]
        fn bins_are_closed_above(bins in 1..200_usize, part in 0.0..=1.0_f64) {
            let index = bin(part, bins);
            prop_assert!(part <= (index + 1) as f64 / bins as f64);
            prop_assert!(index == 0 || part > index as f64 / bins as f64);
        }
    }
}
