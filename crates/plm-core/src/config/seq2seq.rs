//! Checks that the families with a decoder share.

use serde_json::{Map, Value};

use super::json::ConfigFile;
use crate::Result;

/// A size as [`ConfigFile::size`] reads it, or `default` where it is missing or null.
pub(super) fn size_or(file: &ConfigFile, key: &str, default: usize) -> Result<usize> {
    match file.optional::<Value>(key)? {
        Some(_) => file.size(key),
        None => Ok(default),
    }
}

/// Checks that a token id lies in the vocabulary.
pub(super) fn check_token(
    file: &ConfigFile,
    key: &str,
    id: usize,
    vocabulary: usize,
) -> Result<()> {
    if id < vocabulary {
        return Ok(());
    }
    Err(file.error(
        key,
        format!("is {id}, not below `vocab_size` = {vocabulary}"),
    ))
}

/// Checks what is added to a variance.
pub(super) fn check_epsilon(file: &ConfigFile, key: &str, value: f64) -> Result<()> {
    if value > 0.0 && value < 1.0 {
        return Ok(());
    }
    Err(file.error(key, format!("is {value}, not in (0, 1)")))
}

/// Checks a standard deviation of new weights.
pub(super) fn check_deviation(file: &ConfigFile, key: &str, value: f64) -> Result<()> {
    if value >= 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(file.error(
        key,
        format!("is {value}, not a finite number of at least 0"),
    ))
}

/// The fields of a `json!` object.
pub(super) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => unreachable!("json! of braces is an object"),
    }
}
