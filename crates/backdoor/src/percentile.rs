//! Percentiles with linear interpolation.

use plm_core::check::finite;

use crate::{Error, Result};

/// How close to a whole number a place counts as that number.
const WHOLE: f64 = 1e-9;

/// The percentile `level`, 0 to 100, of `values`, linear between neighbors (Hyndman and Fan's type
/// 7, `numpy.nanpercentile`). NaN is ignored.
///
/// The place `level (n - 1) / 100` among the sorted values is rounded to a whole number within
/// 1e-9, where NumPy may land a rounding error above the value meant.
///
/// # Errors
/// [`Error::Setting`] for a level out of 0 to 100, [`Error::Empty`] where no value is a number,
/// [`Error::NotFinite`] for an infinite one.
pub fn percentile(values: &[f64], level: f64) -> Result<f64> {
    check_level(level)?;
    let (sorted, _) = sorted(values)?;
    Ok(percentile_of_sorted(&sorted, level))
}

/// `level` is from 0 to 100.
pub(crate) fn check_level(level: f64) -> Result<()> {
    if (0.0..=100.0).contains(&level) {
        return Ok(());
    }
    Err(Error::Setting {
        name: "level",
        value: level.to_string(),
        limit: "must be a percentage from 0 to 100",
    })
}

/// The values that are numbers, rising, and how many are not.
pub(crate) fn sorted(values: &[f64]) -> Result<(Vec<f64>, usize)> {
    let mut numbers: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    if numbers.is_empty() {
        return Err(Error::Empty {
            what: "values of a percentile",
            fix: "give at least one that is a number",
        });
    }
    // Infinities only, so that the place is the one in `values`.
    finite(
        "values of a percentile",
        values.iter().map(|v| if v.is_nan() { 0.0 } else { *v }),
    )?;
    numbers.sort_unstable_by(f64::total_cmp);
    let ignored = values.len() - numbers.len();
    Ok((numbers, ignored))
}

/// The percentile `level`, 0 to 100, of at least one sorted finite value.
pub(crate) fn percentile_of_sorted(sorted: &[f64], level: f64) -> f64 {
    let mut place = level * (sorted.len() - 1) as f64 / 100.0;
    if (place - place.round()).abs() < WHOLE {
        place = place.round();
    }
    let below = place.floor();
    let (low, high) = (sorted[below as usize], sorted[place.ceil() as usize]);
    let part = place - below;
    // Not `low + (high - low) * part`: that difference may overflow. The limits keep equal values
    // equal whatever the rounding.
    (low * (1.0 - part) + high * part).clamp(low, high)
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hand_worked_percentiles() {
        let eleven: Vec<f64> = (0..=10).map(f64::from).collect();
        assert_relative_eq!(percentile(&eleven, 5.0).unwrap(), 0.5);
        let four = [4.0, 1.0, 3.0, 2.0];
        assert_relative_eq!(percentile(&four, 25.0).unwrap(), 1.75);
        // 444 values: 0.01 * 443 = 4.43, so x4 + 0.43 (x5 - x4); with squares 16 + 0.43 * 9.
        let squares: Vec<f64> = (0..444).rev().map(|i| f64::from(i * i)).collect();
        assert_relative_eq!(percentile(&squares, 1.0).unwrap(), 19.87, epsilon = 1e-12);
        assert_eq!(percentile(&four, 0.0).unwrap(), 1.0);
        assert_eq!(percentile(&four, 100.0).unwrap(), 4.0);
    }

    #[test]
    fn a_whole_place_is_met_exactly() {
        // In binary, 4.4 * 750 / 100 is above 33 and 2.8 * 2750 / 100 below 77.
        let values: Vec<f64> = (0..=2750).map(f64::from).collect();
        assert_eq!(percentile(&values[..=750], 4.4).unwrap(), 33.0);
        assert_eq!(percentile(&values, 2.8).unwrap(), 77.0);
    }

    #[test]
    fn equal_values_stay_equal() {
        // In binary, some of these interpolate to a little above 0.01, some to below.
        for (count, level) in [(3, 5.0), (5, 1.0), (7, 5.0)] {
            let values = vec![0.01; count];
            assert_eq!(percentile(&values, level).unwrap(), 0.01);
        }
    }

    #[test]
    fn nan_is_ignored_and_huge_values_do_not_overflow() {
        let nan = f64::NAN;
        assert_eq!(percentile(&[nan, 1.0, nan, 3.0], 50.0).unwrap(), 2.0);
        assert_eq!(percentile(&[-f64::MAX, f64::MAX], 50.0).unwrap(), 0.0);
    }

    #[test]
    fn bad_input_is_named() {
        let error = |values: &[f64], level| percentile(values, level).unwrap_err().to_string();
        assert!(error(&[], 5.0).contains("there is none"));
        assert!(error(&[f64::NAN], 5.0).contains("there is none"));
        let infinite = error(&[f64::NAN, 1.0, f64::INFINITY], 5.0);
        assert!(infinite.contains("value 2 is inf"), "{infinite}");
        for level in [-0.1, 100.1, f64::NAN] {
            assert!(error(&[1.0], level).contains("from 0 to 100"));
        }
    }

    proptest! {
        #[test]
        fn percentiles_rise_with_the_level_and_stay_inside(
            values in prop::collection::vec(-1e3..1e3_f64, 1..40),
            levels in (0.0..=100.0_f64, 0.0..=100.0_f64),
        ) {
            let (low, high) = (levels.0.min(levels.1), levels.0.max(levels.1));
            let least = percentile(&values, 0.0).unwrap();
            let most = percentile(&values, 100.0).unwrap();
            let (a, b) = (percentile(&values, low).unwrap(), percentile(&values, high).unwrap());
            prop_assert!(least <= a && a <= b + 1e-9 && b <= most);
        }
    }
}
