//! Checks of settings and arguments that several crates make.
//!
//! A setting is refused with [`Error::Config`], which names its origin, its key, the value and the limit.
//! Sizes and numbers are refused with small errors of their own, for the variants of a crate's error.

use std::fmt;

use crate::{Error, Result};

/// Sizes that do not fit together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {found}, expected {expected}")]
pub struct SizeError {
    /// What has the wrong size.
    pub what: String,
    /// Its size.
    pub found: usize,
    /// The size that fits.
    pub expected: usize,
}

impl SizeError {
    /// `what` has the size `found`, but `expected` would fit.
    pub fn new(what: impl fmt::Display, found: usize, expected: usize) -> Self {
        Self {
            what: what.to_string(),
            found,
            expected,
        }
    }
}

/// A value that is not a finite number.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{what}: value {index} is {value}; only finite numbers are allowed")]
pub struct NotFiniteError {
    /// What holds the value.
    pub what: String,
    /// Its place, from 0.
    pub index: usize,
    /// The value.
    pub value: f64,
}

impl NotFiniteError {
    /// Value `index` (from 0) of `what` is `value`.
    pub fn new(what: impl fmt::Display, index: usize, value: f64) -> Self {
        Self {
            what: what.to_string(),
            index,
            value,
        }
    }
}

/// `what` has the size that is expected. `what` is formatted for the error only.
///
/// # Errors
/// [`SizeError`] where it has another one.
pub fn same_size(what: impl fmt::Display, found: usize, expected: usize) -> Result<(), SizeError> {
    if found == expected {
        return Ok(());
    }
    Err(SizeError::new(what, found, expected))
}

/// All values of `what` are finite. `what` is formatted for the error only.
///
/// # Errors
/// [`NotFiniteError`] naming the first that is not.
pub fn finite(
    what: impl fmt::Display,
    values: impl IntoIterator<Item: Into<f64>>,
) -> Result<(), NotFiniteError> {
    for (index, value) in values.into_iter().enumerate() {
        let value: f64 = value.into();
        if !value.is_finite() {
            return Err(NotFiniteError::new(what, index, value));
        }
    }
    Ok(())
}

/// The setting `key` of `origin` is finite and above 0.
///
/// # Errors
/// [`Error::Config`] where it is not.
pub fn positive(origin: &str, key: &str, value: f64) -> Result<()> {
    let fits = value.is_finite() && value > 0.0;
    limit(fits, origin, key, value, "be finite and positive")
}

/// The setting `key` of `origin` is finite and at least 0.
///
/// # Errors
/// [`Error::Config`] where it is not.
pub fn not_negative(origin: &str, key: &str, value: f64) -> Result<()> {
    let fits = value.is_finite() && value >= 0.0;
    limit(fits, origin, key, value, "be finite and not negative")
}

/// The setting `key` of `origin` is in `[0, 1)`.
///
/// # Errors
/// [`Error::Config`] where it is not.
pub fn below_one(origin: &str, key: &str, value: f64) -> Result<()> {
    let fits = (0.0..1.0).contains(&value);
    limit(fits, origin, key, value, "lie in [0, 1)")
}

/// The setting `key` of `origin` is in `[0, 1]`.
///
/// # Errors
/// [`Error::Config`] where it is not.
pub fn up_to_one(origin: &str, key: &str, value: f64) -> Result<()> {
    let fits = (0.0..=1.0).contains(&value);
    limit(fits, origin, key, value, "lie in [0, 1]")
}

/// The setting `key` of `origin` is at least `least`.
///
/// # Errors
/// [`Error::Config`] where it is not.
pub fn at_least(origin: &str, key: &str, value: usize, least: usize) -> Result<()> {
    let fits = value >= least;
    limit(
        fits,
        origin,
        key,
        value,
        format_args!("be at least {least}"),
    )
}

fn limit(
    fits: bool,
    origin: &str,
    key: &str,
    value: impl fmt::Display,
    must: impl fmt::Display,
) -> Result<()> {
    if fits {
        return Ok(());
    }
    Err(Error::config(
        origin,
        key,
        format!("is {value}, must {must}"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Check = fn(&str, &str, f64) -> Result<()>;

    /// What a check of settings says of a value, or nothing.
    fn says(check: Check, value: f64) -> String {
        let refused = check("Trainer", "rate", value).err();
        refused.map_or_else(String::new, |error| error.to_string())
    }

    #[test]
    fn settings_have_limits() {
        let wide = [f64::NEG_INFINITY, -0.1, f64::INFINITY, f64::NAN];
        let cases: [(Check, [f64; 2], f64, &str); 4] = [
            (positive, [1e-9, 1e9], 0.0, "be finite and positive"),
            (
                not_negative,
                [0.0, 1e9],
                -1e-9,
                "be finite and not negative",
            ),
            (below_one, [0.0, 0.999], 1.0, "lie in [0, 1)"),
            (up_to_one, [0.0, 1.0], 1.001, "lie in [0, 1]"),
        ];
        for (check, inside, outside, limit) in cases {
            for value in inside {
                assert_eq!(says(check, value), "");
            }
            for value in wide.into_iter().chain([outside]) {
                let expected = format!("Trainer: `rate` is {value}, must {limit}");
                assert_eq!(says(check, value), expected);
            }
        }
        assert!(at_least("Trainer", "steps", 2, 2).is_ok());
        assert_eq!(
            at_least("Trainer", "steps", 1, 2).unwrap_err().to_string(),
            "Trainer: `steps` is 1, must be at least 2"
        );
    }

    #[test]
    fn sizes_are_compared() {
        assert_eq!(same_size("rows", 3, 3), Ok(()));
        let error = same_size(format_args!("rows of {}", "x"), 2, 3).unwrap_err();
        assert_eq!(error, SizeError::new("rows of x", 2, 3));
        assert_eq!(error.to_string(), "rows of x: 2, expected 3");
    }

    #[test]
    fn the_first_value_that_is_no_number_is_named() {
        assert_eq!(finite("drops", [0.0_f64, -1e300]), Ok(()));
        assert_eq!(finite("drops", std::iter::empty::<f64>()), Ok(()));
        let single = finite("drops", [0.5_f32, f32::NEG_INFINITY]).unwrap_err();
        assert_eq!(single, NotFiniteError::new("drops", 1, f64::NEG_INFINITY));
        let error = finite("drops", [0.0, f64::INFINITY, f64::NAN]).unwrap_err();
        assert_eq!(error, NotFiniteError::new("drops", 1, f64::INFINITY));
        assert_eq!(
            error.to_string(),
            "drops: value 1 is inf; only finite numbers are allowed"
        );
    }
}
