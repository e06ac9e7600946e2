//! Correlation of two series.

use super::check;
use crate::{Error, Result};

/// Pearson's correlation coefficient, in `[-1, 1]`.
///
/// # Errors
/// [`Error::Invalid`] where the lengths differ, fewer than two pairs are given, a value is not
/// finite, or one side is constant (the coefficient is undefined then).
pub fn pearson(x: &[f64], y: &[f64]) -> Result<f64> {
    check::paired("x", x.len(), "y", y.len())?;
    check::finite("x", x)?;
    check::finite("y", y)?;
    if x.len() < 2 {
        return Err(Error::invalid("x", "has 1 element, at least 2 needed"));
    }
    let (x, y) = (unit_deviations("x", x)?, unit_deviations("y", y)?);
    let sum: f64 = x.iter().zip(&y).map(|(a, b)| a * b).sum();
    Ok(sum.clamp(-1.0, 1.0))
}

/// Spearman's rank correlation: Pearson's coefficient of the [`average_ranks`].
///
/// # Errors
/// As [`pearson`], except that infinities are allowed: they have a rank.
pub fn spearman(x: &[f64], y: &[f64]) -> Result<f64> {
    check::paired("x", x.len(), "y", y.len())?;
    check::ordered("x", x)?;
    check::ordered("y", y)?;
    pearson(&ranks(x), &ranks(y))
}

/// The rank of each value, from 1 for the smallest; equal values share the mean of their ranks.
///
/// # Errors
/// [`Error::Invalid`] for NaN.
pub fn average_ranks(values: &[f64]) -> Result<Vec<f64>> {
    check::ordered("values", values)?;
    Ok(ranks(values))
}

/// [`average_ranks`] of values known to hold no NaN.
pub(super) fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for tied in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let mean = first as f64 + (tied.len() as f64 + 1.0) / 2.0;
        for &index in tied {
            ranks[index] = mean;
        }
        first += tied.len();
    }
    ranks
}

/// Deviations from the mean, scaled to Euclidean length 1. Scaling by the largest magnitude first
/// keeps squares from overflowing or vanishing.
fn unit_deviations(name: &str, values: &[f64]) -> Result<Vec<f64>> {
    let constant = || {
        Error::invalid(
            name,
            format!(
                "every value is {}, at least 2 different ones needed",
                values[0]
            ),
        )
    };
    if values.iter().all(|value| *value == values[0]) {
        return Err(constant());
    }
    let scale = |values: &mut [f64]| {
        let largest = values.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
        values.iter_mut().for_each(|value| *value /= largest);
        largest
    };
    let mut deviations = values.to_vec();
    scale(&mut deviations);
    let mean = deviations.iter().sum::<f64>() / deviations.len() as f64;
    deviations.iter_mut().for_each(|value| *value -= mean);
    if scale(&mut deviations) == 0.0 {
        return Err(constant());
    }
    let norm = deviations.iter().map(|v| v * v).sum::<f64>().sqrt();
    deviations.iter_mut().for_each(|value| *value /= norm);
    Ok(deviations)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{assert_close, assert_error, cases, get, shuffled};
    use super::*;

    #[test]
    fn scipy_gives_the_same() {
        for case in cases("/correlation") {
            let (x, y): (Vec<f64>, Vec<f64>) = (get(case, "x"), get(case, "y"));
            let context = format!("{x:?}");
            assert_close(
                pearson(&x, &y).unwrap(),
                get(case, "pearson"),
                1e-9,
                &context,
            );
            assert_close(
                spearman(&x, &y).unwrap(),
                get(case, "spearman"),
                1e-9,
                &context,
            );
            assert_eq!(average_ranks(&x).unwrap(), get::<Vec<f64>>(case, "ranks"));
        }
    }

    #[test]
    fn bad_input_is_named() {
        assert_error(pearson(&[1.0, 2.0], &[1.0]), &["y", "1", "2"]);
        assert_error(spearman(&[], &[]), &["x", "empty"]);
        assert_error(pearson(&[1.0], &[1.0]), &["x", "at least 2"]);
        assert_error(
            pearson(&[1.0, 2.0], &[3.0, 3.0]),
            &["y", "every value is 3"],
        );
        assert_error(spearman(&[0.5, 0.5], &[3.0, 1.0]), &["x", "at least 2"]);
        assert_error(
            pearson(&[1.0, f64::INFINITY], &[1.0, 2.0]),
            &["x[1]", "inf"],
        );
        assert_error(spearman(&[1.0, 2.0], &[f64::NAN, 2.0]), &["y[0]", "NaN"]);
        assert_error(average_ranks(&[f64::NAN]), &["values[0]", "NaN"]);
        let infinite = [f64::NEG_INFINITY, 0.0, f64::INFINITY];
        assert_close(
            spearman(&infinite, &[1.0, 2.0, 3.0]).unwrap(),
            1.0,
            1e-12,
            "",
        );
    }

    #[test]
    fn signed_zeros_tie() {
        assert_eq!(average_ranks(&[0.0, -0.0, 1.0]).unwrap(), [1.5, 1.5, 3.0]);
    }

    fn series() -> impl Strategy<Value = Vec<(f64, f64)>> {
        // Few levels on one side, so that ties are frequent.
        let pair = (-1e3..1e3_f64, (-4..4_i32).prop_map(f64::from));
        prop::collection::vec(pair, 2..30).prop_filter("a side is constant", |pairs| {
            pairs.iter().any(|p| p.0 != pairs[0].0) && pairs.iter().any(|p| p.1 != pairs[0].1)
        })
    }

    proptest! {
        #[test]
        fn ranks_count_smaller_and_equal_values(pairs in series()) {
            let values: Vec<f64> = pairs.iter().map(|pair| pair.1).collect();
            for (value, rank) in values.iter().zip(average_ranks(&values).unwrap()) {
                let below = values.iter().filter(|other| *other < value).count();
                let equal = values.iter().filter(|other| *other == value).count();
                prop_assert_eq!(rank, below as f64 + (equal as f64 + 1.0) / 2.0);
            }
        }

        #[test]
        fn correlation_is_bounded_symmetric_and_free_of_order(pairs in series(), seed: u64) {
            for measure in [pearson, spearman] {
                let (x, y): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
                let value = measure(&x, &y).unwrap();
                prop_assert!((-1.0..=1.0).contains(&value));
                prop_assert!((value - measure(&y, &x).unwrap()).abs() < 1e-12);
                let (x2, y2): (Vec<f64>, Vec<f64>) = shuffled(&pairs, seed).into_iter().unzip();
                prop_assert!((value - measure(&x2, &y2).unwrap()).abs() < 1e-9);
                prop_assert!((measure(&x, &x).unwrap() - 1.0).abs() < 1e-12);
                let negated: Vec<f64> = y.iter().map(|v| -v).collect();
                prop_assert!((value + measure(&x, &negated).unwrap()).abs() < 1e-9);
            }
        }

        #[test]
        fn spearman_sees_only_the_order(pairs in series()) {
            let (x, y): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
            let bent: Vec<f64> = y.iter().map(|v| v.powi(3) + 5.0).collect();
            let (a, b) = (spearman(&x, &y).unwrap(), spearman(&x, &bent).unwrap());
            prop_assert!((a - b).abs() < 1e-12);
        }
    }
}
