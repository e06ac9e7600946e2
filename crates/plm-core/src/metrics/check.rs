//! What every measure demands of its input.

use crate::{Error, Result};

/// Both slices have as many elements, and at least one.
pub(super) fn paired(name_a: &str, len_a: usize, name_b: &str, len_b: usize) -> Result<()> {
    if len_a != len_b {
        return Err(Error::invalid(
            name_b,
            format!("has {len_b} elements, but `{name_a}` has {len_a}"),
        ));
    }
    not_empty(name_a, len_a)
}

/// There is at least one element.
pub(super) fn not_empty(name: &str, len: usize) -> Result<()> {
    if len == 0 {
        return Err(Error::invalid(name, "is empty, at least 1 element needed"));
    }
    Ok(())
}

/// No value is NaN; infinities have a place in an order and may stay.
pub(super) fn ordered(name: &str, values: &[f64]) -> Result<()> {
    match values.iter().position(|value| value.is_nan()) {
        Some(at) => Err(Error::invalid(
            format!("{name}[{at}]"),
            "NaN, a number needed",
        )),
        None => Ok(()),
    }
}

/// Every value is a finite number.
pub(super) fn finite(name: &str, values: &[f64]) -> Result<()> {
    match values.iter().position(|value| !value.is_finite()) {
        Some(at) => Err(Error::invalid(
            format!("{name}[{at}]"),
            format!("{}, a finite number needed", values[at]),
        )),
        None => Ok(()),
    }
}
