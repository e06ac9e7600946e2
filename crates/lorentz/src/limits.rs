//! Limits of settings.

use crate::{Error, Result};

/// Refuses a negative or not-finite setting.
pub(crate) fn not_negative(origin: &str, key: &str, value: f64) -> Result<()> {
    if value.is_finite() && value >= 0.0 {
        return Ok(());
    }
    Err(Error::config(
        origin,
        key,
        format!("is {value}, must be finite and not negative"),
    ))
}

/// Refuses a zero, negative or not-finite setting.
pub(crate) fn positive(origin: &str, key: &str, value: f64) -> Result<()> {
    if value.is_finite() && value > 0.0 {
        return Ok(());
    }
    Err(Error::config(
        origin,
        key,
        format!("is {value}, must be finite and positive"),
    ))
}

/// Refuses a setting outside `[0, 1)`.
pub(crate) fn below_one(origin: &str, key: &str, value: f64) -> Result<()> {
    if (0.0..1.0).contains(&value) {
        return Ok(());
    }
    Err(Error::config(
        origin,
        key,
        format!("is {value}, must lie in [0, 1)"),
    ))
}
