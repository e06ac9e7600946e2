//! The splits of the reference code, from a file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::parts::Split;
use crate::graph::Labels;
use crate::{Error, Result};

/// Splits by seed, as the reference code draws them.
///
/// It shuffles with Python's own generator, so its sets come as a JSON file:
/// `{"0": {"train": [...], "valid": [...], "test_size": 2358, "test_head": [...]}, ...}`. Test nodes are
/// all other labeled ones; their number and the first of them in ascending order are there to be
/// checked.
#[derive(Debug, Clone)]
pub struct ReferenceSplits {
    path: PathBuf,
    entries: BTreeMap<String, Entry>,
}

#[derive(Debug, Clone, serde::Deserialize)]
struct Entry {
    train: Vec<u32>,
    valid: Vec<u32>,
    test_size: usize,
    test_head: Vec<u32>,
}

impl ReferenceSplits {
    /// Reads a file of splits.
    ///
    /// # Errors
    /// [`Error::Core`] naming the file, and the line where it is not of this form.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|error| Error::io(path, error))?;
        let entries = serde_json::from_slice(&bytes)
            .map_err(|error| Error::line(path, error.line(), error.to_string()))?;
        Ok(Self {
            path: path.to_path_buf(),
            entries,
        })
    }

    /// The seeds of which there are splits, sorted as text.
    pub fn seeds(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// The split of `seed`, in ascending order.
    ///
    /// # Errors
    /// [`Error::Core`] naming the file and the seed where there is no such split, it does not fit
    /// `labels`, or its test nodes are not as many or not those that the file says.
    pub fn get(&self, seed: &str, labels: &Labels) -> Result<Split> {
        let fail = |reason: String| Error::format(&self.path, format!("split `{seed}`: {reason}"));
        let entry = self.entries.get(seed).ok_or_else(|| {
            let seeds: Vec<&str> = self.seeds().collect();
            fail(format!("is not there; there are {}", seeds.join(", ")))
        })?;
        let mut split = Split {
            train: entry.train.clone(),
            valid: entry.valid.clone(),
            test: Vec::new(),
        };
        split
            .check(labels)
            .map_err(|error| fail(error.to_string()))?;
        let mut free: Vec<bool> = labels.classes().iter().map(Option::is_some).collect();
        for &node in entry.train.iter().chain(&entry.valid) {
            free[node as usize] = false;
        }
        split.test = (0..labels.n_nodes() as u32)
            .filter(|&node| free[node as usize])
            .collect();
        if split.test.len() != entry.test_size {
            return Err(fail(format!(
                "{} labeled nodes are left, `test_size` is {}",
                split.test.len(),
                entry.test_size
            )));
        }
        if !split.test.starts_with(&entry.test_head) {
            return Err(fail(format!(
                "the first nodes left are {:?}, `test_head` is {:?}",
                &split.test[..entry.test_head.len().min(split.test.len())],
                entry.test_head
            )));
        }
        split.train.sort_unstable();
        split.valid.sort_unstable();
        Ok(split)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(text: &str, seed: &str) -> std::result::Result<Split, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("splits.json");
        std::fs::write(&path, text).unwrap();
        let labels = Labels::complete(&[0, 1, 0, 1, 0, 1]).unwrap();
        ReferenceSplits::read(&path)
            .and_then(|splits| splits.get(seed, &labels))
            .map_err(|error| error.to_string())
    }

    fn entry(train: &str, size: usize, head: &str) -> String {
        format!(
            r#"{{"3": {{"train": {train}, "valid": [2], "test_size": {size}, "test_head": {head}}}}}"#
        )
    }

    #[test]
    fn the_rest_is_tested_on() {
        let split = get(&entry("[5, 0]", 3, "[1, 3]"), "3").unwrap();
        assert_eq!(
            (split.train, split.valid, split.test),
            (vec![0, 5], vec![2], vec![1, 3, 4])
        );
    }

    #[test]
    fn faults_name_file_and_seed() {
        for (text, reason) in [
            (
                entry("[5, 0]", 4, "[1]"),
                "3 labeled nodes are left, `test_size` is 4",
            ),
            (
                entry("[5, 0]", 3, "[3]"),
                "the first nodes left are [1], `test_head` is [3]",
            ),
            (entry("[5, 0]", 3, "[1, 3, 4, 9, 9]"), "are [1, 3, 4]"),
            (entry("[5, 9]", 3, "[]"), "node 9 of 6"),
            (
                entry("[5, 2, 0]", 3, "[]"),
                "node 2 is in `train` and again in `valid`",
            ),
            (
                entry("[5]", 3, "[]"),
                "class 0 of 2 has no labeled training node",
            ),
        ] {
            let error = get(&text, "3").unwrap_err();
            assert!(error.contains("splits.json: split `3`: "), "{error}");
            assert!(error.contains(reason), "{error}");
        }
        let error = get(&entry("[5, 0]", 3, "[]"), "0").unwrap_err();
        assert!(
            error.contains("split `0`: is not there; there are 3"),
            "{error}"
        );
        for text in ["", "[]", r#"{"3": {"train": [-1]}}"#, r#"{"3": 1}"#] {
            let error = get(text, "3").unwrap_err();
            assert!(error.contains("splits.json:1: "), "{error}");
        }
        let error = ReferenceSplits::read("no/such.json").unwrap_err();
        assert!(error.to_string().contains("no/such.json"), "{error}");
    }
}
