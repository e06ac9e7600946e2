//! What the tests of this area share: the reference values and a few comparisons.

use std::sync::LazyLock;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Scores;
use crate::rng::mix;

/// The values that `tests/fixtures/metrics/make_metrics.py` computed.
pub(super) static REFERENCE: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../tests/fixtures/metrics/metrics.json"))
        .expect("the fixture is JSON")
});

/// The cases under `key`.
pub(super) fn cases(key: &str) -> &'static [Value] {
    let cases = REFERENCE.pointer(key).and_then(Value::as_array);
    let cases = cases.unwrap_or_else(|| panic!("no list at {key}"));
    assert!(!cases.is_empty(), "{key} is empty");
    cases
}

/// `value[key]` as a `T`.
pub(super) fn get<T: DeserializeOwned>(value: &Value, key: &str) -> T {
    serde_json::from_value(value[key].clone()).unwrap_or_else(|error| panic!("{key}: {error}"))
}

/// Fails unless both differ by at most `tolerance`.
pub(super) fn assert_close(ours: f64, reference: f64, tolerance: f64, context: &str) {
    assert!(
        (ours - reference).abs() <= tolerance,
        "{context}: ours {ours}, reference {reference}"
    );
}

/// Compares all three scores with the object `reference`.
pub(super) fn assert_scores(ours: Scores, reference: &Value, tolerance: f64, context: &str) {
    for (name, value) in [
        ("precision", ours.precision),
        ("recall", ours.recall),
        ("f1", ours.f1),
    ] {
        assert_close(
            value,
            get(reference, name),
            tolerance,
            &format!("{context}, {name}"),
        );
    }
}

/// The error's text, which must hold every one of `parts`.
pub(super) fn assert_error<T: std::fmt::Debug>(result: crate::Result<T>, parts: &[&str]) {
    let text = result.expect_err("an error is due").to_string();
    for part in parts {
        assert!(text.contains(part), "{text:?} lacks {part:?}");
    }
}

/// `items` in an order that depends on `seed`.
pub(super) fn shuffled<T: Clone>(items: &[T], seed: u64) -> Vec<T> {
    let mut order: Vec<u64> = (0..items.len() as u64).collect();
    order.sort_by_key(|&index| mix(seed ^ mix(index)));
    order
        .into_iter()
        .map(|index| items[index as usize].clone())
        .collect()
}
