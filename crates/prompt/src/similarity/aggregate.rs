//! Similarities of many prompts, and their means by task and type.

use plm_core::check::finite;
use rayon::prelude::*;
use serde::Serialize;

use crate::{Result, TaskLabel};

/// The similarity of every pair of prompts: symmetric.
///
/// A task may have several prompts, trained from different seeds; they share its label.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SimilarityMatrix {
    prompts: Vec<TaskLabel>,
    values: Vec<Vec<f64>>,
}

/// Mean similarity of different prompts, by how their tasks are related; `None` where there is no
/// such pair.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct GroupMeans {
    /// Of the same task from different seeds.
    pub same_task: Option<f64>,
    /// Of different tasks of the same type.
    pub same_type: Option<f64>,
    /// Of tasks of different types.
    pub different_type: Option<f64>,
}

impl SimilarityMatrix {
    /// The `similarity` of every pair of `prompts`, by their places in the list. It is asked once
    /// for a pair and its reverse, the lower place first, from several threads.
    ///
    /// # Errors
    /// What `similarity` says, [`Error::NotFinite`](crate::Error::NotFinite) where it gives NaN or
    /// infinity.
    pub fn from_fn(
        prompts: Vec<TaskLabel>,
        similarity: impl Fn(usize, usize) -> Result<f64> + Sync,
    ) -> Result<Self> {
        let count = prompts.len();
        let upper: Vec<Vec<f64>> = (0..count)
            .into_par_iter()
            .map(|i| (i..count).map(|j| similarity(i, j)).collect())
            .collect::<Result<_>>()?;
        let value = |i: usize, j: usize| upper[i.min(j)][i.max(j) - i.min(j)];
        let values: Vec<Vec<f64>> = (0..count)
            .map(|i| (0..count).map(|j| value(i, j)).collect())
            .collect();
        finite("similarities", values.iter().flatten().copied())?;
        Ok(Self { prompts, values })
    }

    /// The prompts' tasks.
    pub fn prompts(&self) -> &[TaskLabel] {
        &self.prompts
    }

    /// The similarities of each prompt with every prompt, itself included.
    pub fn rows(&self) -> &[Vec<f64>] {
        &self.values
    }

    /// Means over the pairs of different prompts.
    pub fn group_means(&self) -> GroupMeans {
        let mean = |group: fn(&TaskLabel, &TaskLabel) -> bool| {
            let (mut sum, mut pairs) = (0.0, 0_usize);
            for (i, first) in self.prompts.iter().enumerate() {
                for (j, second) in self.prompts.iter().enumerate().skip(i + 1) {
                    if group(first, second) {
                        sum += self.values[i][j];
                        pairs += 1;
                    }
                }
            }
            (pairs > 0).then(|| sum / pairs as f64)
        };
        GroupMeans {
            same_task: mean(|a, b| a == b),
            same_type: mean(|a, b| a != b && a.kind == b.kind),
            different_type: mean(|a, b| a.kind != b.kind),
        }
    }

    /// The mean of matrices over the same prompts, value by value: of several seeds, or of several
    /// layer windows.
    ///
    /// # Errors
    /// [`Error::Empty`](crate::Error::Empty) for no matrix, [`Error::Size`](crate::Error::Size) or
    /// [`Error::TaskOrder`](crate::Error::TaskOrder) where the prompts differ.
    pub fn mean(matrices: &[Self]) -> Result<Self> {
        let Some(first) = matrices.first() else {
            return Err(crate::Error::Empty {
                what: "similarity matrices",
            });
        };
        for other in &matrices[1..] {
            crate::label::same_tasks("a similarity matrix", &other.prompts, &first.prompts)?;
        }
        let count = matrices.len() as f64;
        Self::from_fn(first.prompts.clone(), |i, j| {
            Ok(matrices.iter().map(|m| m.values[i][j]).sum::<f64>() / count)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompts() -> Vec<TaskLabel> {
        let (nli, sa) = ("NLI", "SA");
        let names = [("a", sa), ("a", sa), ("b", sa), ("c", nli)];
        names.map(|(name, kind)| TaskLabel::new(name, kind)).into()
    }

    #[test]
    fn pairs_are_grouped_by_task_and_type() {
        // Pairs 01 same task; 02, 12 same type; 03, 13, 23 different types.
        let matrix = SimilarityMatrix::from_fn(prompts(), |i, j| Ok((10 * i + j) as f64)).unwrap();
        let means = matrix.group_means();
        assert_eq!(means.same_task, Some(1.0));
        assert_eq!(means.same_type, Some(7.0));
        assert_eq!(means.different_type, Some((3.0 + 13.0 + 23.0) / 3.0));
        assert_eq!(matrix.rows()[3], [3.0, 13.0, 23.0, 33.0]);
        assert_eq!(matrix.prompts()[2].name, "b");
    }

    #[test]
    fn groups_without_pairs_have_no_mean() {
        let one = SimilarityMatrix::from_fn(prompts()[..1].to_vec(), |_, _| Ok(1.0)).unwrap();
        let means = one.group_means();
        assert_eq!((means.same_task, means.same_type), (None, None));
        assert_eq!(means.different_type, None);
    }

    #[test]
    fn matrices_are_averaged() {
        let matrix = |value| SimilarityMatrix::from_fn(prompts(), |_, _| Ok(value)).unwrap();
        let mean = SimilarityMatrix::mean(&[matrix(1.0), matrix(4.0)]).unwrap();
        assert_eq!(mean, matrix(2.5));
        assert!(SimilarityMatrix::mean(&[]).is_err());
        let other = SimilarityMatrix::from_fn(prompts()[1..].to_vec(), |_, _| Ok(1.0)).unwrap();
        assert!(SimilarityMatrix::mean(&[matrix(1.0), other]).is_err());
    }

    #[test]
    fn undefined_similarities_are_refused() {
        assert!(SimilarityMatrix::from_fn(prompts(), |_, _| Ok(f64::NAN)).is_err());
    }
}
