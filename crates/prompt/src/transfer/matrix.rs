//! Scores of every task with every task's prompt.

use std::collections::HashSet;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use plm_core::check::{finite, same_size};
use plm_core::files::write_atomic;
use serde::{Deserialize, Serialize};

use crate::{DefinedMean, Error, Result, TaskLabel};

/// `M[t][s]`: the score of target task `t` with the unchanged prompt of source task `s` and the
/// target's own label words. The diagonal holds each task's own prompt tuning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
pub struct TransferMatrix {
    tasks: Vec<TaskLabel>,
    scores: Vec<Vec<f64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    random: Option<Vec<f64>>,
}

/// Mean relative performance over the pairs of different tasks, each pair counted once.
/// Undefined are the pairs whose target scores 0 with its own prompt.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RelativeMeans {
    /// Of tasks of the same type.
    pub same_type: DefinedMean,
    /// Of tasks of different types.
    pub different_type: DefinedMean,
}

impl TransferMatrix {
    /// The matrix over `tasks` whose row `t` holds the scores of target `t` by source, and, where
    /// `random` is given, the score of each target with a random prompt.
    ///
    /// # Errors
    /// [`Error::Empty`] for no tasks, [`Error::DuplicateTask`] for a name given twice,
    /// [`Error::Size`] where the scores are not one for each pair, [`Error::NotFinite`] for NaN or
    /// infinity.
    pub fn new(
        tasks: Vec<TaskLabel>,
        scores: Vec<Vec<f64>>,
        random: Option<Vec<f64>>,
    ) -> Result<Self> {
        if tasks.is_empty() {
            return Err(Error::Empty { what: "tasks" });
        }
        let mut names = HashSet::new();
        if let Some(task) = tasks.iter().find(|task| !names.insert(task.name.as_str())) {
            return Err(Error::DuplicateTask {
                task: task.name.clone(),
            });
        }
        same_size("rows of a transfer matrix", scores.len(), tasks.len())?;
        for row in &scores {
            same_size("columns of a transfer matrix", row.len(), tasks.len())?;
        }
        finite("transfer scores", scores.iter().flatten().copied())?;
        if let Some(random) = &random {
            same_size("scores of a random prompt", random.len(), tasks.len())?;
            finite("scores of a random prompt", random.iter().copied())?;
        }
        Ok(Self {
            tasks,
            scores,
            random,
        })
    }

    /// The tasks, in the order of rows and columns.
    pub fn tasks(&self) -> &[TaskLabel] {
        &self.tasks
    }

    /// `M[t][s]`.
    ///
    /// # Panics
    /// Where there is no such task.
    pub fn score(&self, target: usize, source: usize) -> f64 {
        self.scores[target][source]
    }

    /// The score of each target with a random prompt.
    pub fn random(&self) -> Option<&[f64]> {
        self.random.as_deref()
    }

    /// Relative performance `R[t][s] = M[t][s] / M[t][t]`; `None` where `M[t][t]` is 0.
    ///
    /// # Panics
    /// Where there is no such task.
    pub fn relative(&self, target: usize, source: usize) -> Option<f64> {
        let own = self.scores[target][target];
        (own != 0.0).then(|| self.scores[target][source] / own)
    }

    /// Mean relative performance within a type and across types, without the diagonal.
    pub fn relative_means(&self) -> RelativeMeans {
        let mean = |same: bool| {
            let places = (0..self.tasks.len())
                .flat_map(|t| (0..self.tasks.len()).map(move |s| (t, s)))
                .filter(|(t, s)| t != s)
                .filter(|&(t, s)| (self.tasks[t].kind == self.tasks[s].kind) == same);
            places.map(|(t, s)| self.relative(t, s)).collect()
        };
        RelativeMeans {
            same_type: mean(true),
            different_type: mean(false),
        }
    }

    /// Writes the matrix to `path` as JSON, as a whole or not at all.
    ///
    /// # Errors
    /// [`Error::Core`] where the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| plm_core::Error::format(path, error.to_string()))?;
        Ok(write_atomic(path, |file| file.write_all(text.as_bytes()))?)
    }

    /// Reads what [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// [`Error::Core`] where the file cannot be read or does not hold a valid matrix.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = fs::read_to_string(path).map_err(|error| plm_core::Error::io(path, error))?;
        let matrix = serde_json::from_str(&text)
            .map_err(|error| plm_core::Error::format(path, error.to_string()))?;
        Ok(matrix)
    }
}

/// A matrix as it lies in a file, not yet checked.
#[derive(Deserialize)]
struct Stored {
    tasks: Vec<TaskLabel>,
    scores: Vec<Vec<f64>>,
    random: Option<Vec<f64>>,
}

impl TryFrom<Stored> for TransferMatrix {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self> {
        Self::new(stored.tasks, stored.scores, stored.random)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tasks() -> Vec<TaskLabel> {
        let (nli, sa) = ("NLI", "SA");
        let names = [("a", sa), ("b", sa), ("c", nli)];
        names.map(|(name, kind)| TaskLabel::new(name, kind)).into()
    }

    fn matrix() -> TransferMatrix {
        let scores = vec![
            vec![80.0, 60.0, 40.0],
            vec![50.0, 100.0, 10.0],
            vec![3.0, 4.0, 0.0],
        ];
        TransferMatrix::new(tasks(), scores, Some(vec![50.0, 50.0, 33.0])).unwrap()
    }

    #[test]
    fn relative_performance_is_guarded_and_grouped() {
        let matrix = matrix();
        assert_eq!(matrix.relative(0, 1), Some(0.75));
        assert_eq!(matrix.relative(2, 0), None);
        let means = matrix.relative_means();
        assert_eq!(means.same_type.mean, Some((0.75 + 0.5) / 2.0));
        assert_eq!(means.different_type.mean, Some((0.5 + 0.1) / 2.0));
        assert_eq!(means.different_type.undefined, 2);
    }

    #[test]
    fn files_keep_the_matrix() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("transfer.json");
        matrix().save(&path).unwrap();
        assert_eq!(TransferMatrix::load(&path).unwrap(), matrix());
        let without = TransferMatrix::new(tasks(), matrix().scores, None).unwrap();
        without.save(&path).unwrap();
        assert_eq!(TransferMatrix::load(&path).unwrap(), without);
    }

    #[test]
    fn files_keep_the_last_bit() {
        // Scores of 16 or 17 digits, some of which are not read back by rounding twice.
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("transfer.json");
        let share = |right: f64| [11.0, 13.0, 15.0].map(|all| right / all).to_vec();
        let scores = [1.0, 2.0, 14.0].map(share).to_vec();
        let matrix = TransferMatrix::new(tasks(), scores, None).unwrap();
        matrix.save(&path).unwrap();
        assert_eq!(TransferMatrix::load(&path).unwrap(), matrix);
    }

    #[test]
    fn faulty_files_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("transfer.json");
        let load = || TransferMatrix::load(&path).unwrap_err().to_string();
        assert!(load().contains("transfer.json"));
        fs::write(
            &path,
            r#"{"tasks":[{"name":"a","type":"SA"}],"scores":[[1,2]]}"#,
        )
        .unwrap();
        assert!(load().contains("2, expected 1"), "{}", load());
    }

    #[test]
    fn faulty_matrices_are_refused() {
        let fails = |scores, random| TransferMatrix::new(tasks(), scores, random).is_err();
        assert!(fails(vec![vec![1.0; 3]; 2], None));
        assert!(fails(vec![vec![f64::NAN; 3]; 3], None));
        assert!(fails(vec![vec![1.0; 3]; 3], Some(vec![1.0; 2])));
        assert!(TransferMatrix::new(vec![], vec![], None).is_err());
        let twice = vec![tasks()[0].clone(), tasks()[0].clone()];
        let error = TransferMatrix::new(twice, vec![vec![1.0; 2]; 2], None).unwrap_err();
        assert!(matches!(error, Error::DuplicateTask { task } if task == "a"));
    }
}
