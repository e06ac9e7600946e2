//! Small classification tasks as text.

use serde::{Deserialize, Serialize};

/// One text, or two, with its class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// The text, or the first of two.
    pub text: String,
    /// The second text of a pair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pair: Option<String>,
    /// Number of the class.
    pub label: usize,
}

/// A classification task with few examples.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// Its name.
    pub name: String,
    /// What kind of task it is: `sentiment`, `topic`, …
    pub kind: String,
    /// One word for each class.
    pub label_words: Vec<String>,
    /// Examples to train on.
    pub train: Vec<Example>,
    /// Examples that choose the best epoch.
    pub dev: Vec<Example>,
    /// Examples that measure.
    pub test: Vec<Example>,
}
