use serde::{Deserialize, Serialize};

/// A text and its class.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Sample {
    /// The text.
    pub text: String,
    /// Its class, from 0.
    pub label: usize,
}

impl Sample {
    /// The text `text` of class `label`.
    pub fn new(text: impl Into<String>, label: usize) -> Self {
        Self {
            text: text.into(),
            label,
        }
    }
}

/// A sample of a data set that an attack made from clean data.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Poisoned {
    /// The text and the class that the victim is to learn, or is tested for.
    pub sample: Sample,
    /// Whether it holds the whole trigger and has the target class. Negatives of SOS hold a part of
    /// the trigger and are not poisoned.
    pub poisoned: bool,
    /// Index of the clean sample that it was made from.
    pub source: usize,
}
