//! Figures over several runs.

use serde::Serialize;

use super::check;
use crate::Result;

/// The mean of some values and how far they spread.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MeanStd {
    /// Their mean.
    pub mean: f64,
    /// Their sample standard deviation (divisor `count - 1`); none of a single value.
    pub std: Option<f64>,
    /// How many there are.
    pub count: usize,
}

/// Mean and sample standard deviation of `values`, one per seed.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) where nothing is given or a value is not finite.
pub fn mean_std(values: &[f64]) -> Result<MeanStd> {
    check::not_empty("values", values.len())?;
    check::finite("values", values)?;
    let count = values.len();
    let mean = mean(values);
    let std = (count > 1).then(|| deviation(values, mean));
    Ok(MeanStd { mean, std, count })
}

/// The mean of at least one value.
pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The sample standard deviation of at least two values.
pub(super) fn deviation(values: &[f64], mean: f64) -> f64 {
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / (values.len() - 1) as f64).sqrt()
}

/// The quantile `q` in `[0, 1]` of at least one sorted value, linear between neighbors (Hyndman and
/// Fan's type 7, NumPy's default).
pub(super) fn quantile(sorted: &[f64], q: f64) -> f64 {
    let place = q * (sorted.len() - 1) as f64;
    let below = place.floor();
    let (low, high) = (sorted[below as usize], sorted[place.ceil() as usize]);
    let part = place - below;
    // Not `low + (high - low) * part`: that difference may overflow. Rounding must not leave the
    // range, or quantiles of equal values would not be in order.
    (low * (1.0 - part) + high * part).clamp(low, high)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::testing::{assert_close, assert_error, cases, get};
    use super::*;

    #[test]
    fn numpy_gives_the_same() {
        for case in cases("/summary") {
            let mut values: Vec<f64> = get(case, "values");
            let summary = mean_std(&values).unwrap();
            let context = case.to_string();
            assert_close(summary.mean, get(case, "mean"), 1e-9, &context);
            assert_close(summary.std.unwrap(), get(case, "std"), 1e-9, &context);
            assert_eq!(summary.count, values.len());
            values.sort_by(f64::total_cmp);
            for percentile in case["percentiles"].as_array().unwrap() {
                let value = quantile(&values, get(percentile, "q"));
                assert_close(value, get::<f64>(percentile, "value"), 1e-9, &context);
            }
        }
    }

    #[test]
    fn quantiles_of_huge_values_are_finite() {
        let values = [-f64::MAX, f64::MAX];
        assert_eq!(quantile(&values, 0.0), -f64::MAX);
        assert_eq!(quantile(&values, 0.5), 0.0);
        assert_eq!(quantile(&values, 1.0), f64::MAX);
    }

    #[test]
    fn one_value_has_no_deviation() {
        let summary = mean_std(&[0.25]).unwrap();
        assert_eq!((summary.mean, summary.std), (0.25, None));
        let json = serde_json::to_value(summary).unwrap();
        assert_eq!(json["std"], Value::Null);
    }

    #[test]
    fn bad_input_is_named() {
        assert_error(mean_std(&[]), &["values", "empty"]);
        assert_error(mean_std(&[0.5, f64::NAN]), &["values[1]", "NaN"]);
    }
}
