//! Making errors, and the checks that many functions share.

use std::path::Path;

use plm_core::check::same_size;

use super::{Error, Result};

impl Error {
    /// What the operating system said of `path`.
    pub(crate) fn io(path: &Path, source: std::io::Error) -> Self {
        plm_core::Error::io(path, source).into()
    }

    /// What is wrong with the file `path`.
    pub(crate) fn format(path: &Path, reason: impl Into<String>) -> Self {
        plm_core::Error::format(path, reason).into()
    }

    /// This error, found in the file `path`.
    pub(crate) fn in_file(self, path: &Path) -> Self {
        Self::InFile {
            path: path.to_path_buf(),
            source: Box::new(self),
        }
    }

    /// An [`Error::Entry`] for `key`.
    pub(crate) fn entry(
        key: impl Into<String>,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        Self::Entry {
            key: key.into(),
            found: found.into(),
            expected: expected.into(),
        }
    }
}

/// `labels` are numbers below `classes`, one for each of `examples` examples, else [`Error::Size`] or
/// [`Error::Setting`].
pub(crate) fn check_labels(labels: &[usize], examples: usize, classes: usize) -> Result<()> {
    same_size("labels of the examples", labels.len(), examples)?;
    match labels.iter().find(|&&label| label >= classes) {
        Some(label) => Err(Error::Setting {
            name: "labels",
            value: label.to_string(),
            limit: "must be numbers of classes, from 0",
        }),
        None => Ok(()),
    }
}

/// The class names `found` are `expected`, in this order, else [`Error::Size`] or [`Error::ClassName`]
/// for `what`.
pub(crate) fn same_names(what: &str, found: &[String], expected: &[String]) -> Result<()> {
    same_size(what, found.len(), expected.len())?;
    let mut pairs = found.iter().zip(expected);
    match pairs.position(|(found, expected)| found != expected) {
        Some(index) => Err(Error::ClassName {
            what: what.to_owned(),
            index,
            found: found[index].clone(),
            expected: expected[index].clone(),
        }),
        None => Ok(()),
    }
}
