//! Naming the tasks of a matrix.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A task as a row or a column of a matrix.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TaskLabel {
    /// Its name.
    pub name: String,
    /// Its type, such as `sentiment`; transfer is expected within it.
    #[serde(rename = "type")]
    pub kind: String,
}

impl TaskLabel {
    /// The task `name` of the type `kind`.
    pub fn new(name: impl Into<String>, kind: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kind: kind.into(),
        }
    }
}

impl fmt::Display for TaskLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.kind)
    }
}

/// The tasks of `what` are those `expected`, in the same order.
///
/// # Errors
/// [`Error::Size`] or [`Error::TaskOrder`] where they are not.
pub(crate) fn same_tasks(
    what: &'static str,
    found: &[TaskLabel],
    expected: &[TaskLabel],
) -> Result<()> {
    plm_core::check::same_size(what, found.len(), expected.len())?;
    let mut pairs = found.iter().zip(expected).enumerate();
    match pairs.find(|(_, (found, expected))| found != expected) {
        Some((index, (found, expected))) => Err(Error::TaskOrder {
            what,
            index,
            found: found.to_string(),
            expected: expected.to_string(),
        }),
        None => Ok(()),
    }
}
