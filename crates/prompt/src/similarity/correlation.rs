//! Does similarity predict transfer?
//!
//! Spearman's rank correlation between the similarity of source `s` to target `t` and the score
//! of the source's prompt on the target, in three ways:
//!
//! | way | one correlation for | over | score |
//! |---|---|---|---|
//! | per target | each target | its sources | `M[t][s]` |
//! | per source | each source | its targets | `R[t][s]` |
//! | global | the whole matrix | all pairs | `R[t][s]` |
//!
//! `R[t][s] = M[t][s] / M[t][t]`; between targets only `R` can be compared. The pair of a task
//! with itself is nearly always the best on both sides and lifts the coefficient, so each way is
//! reported with it and without. The paper's table is the mean per target.

use plm_core::metrics::spearman;
use serde::Serialize;

use super::SimilarityMatrix;
use crate::label::same_tasks;
use crate::{DefinedMean, Result, TransferMatrix};

/// Spearman's correlation of similarity with transfer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TransferCorrelation {
    /// Mean over the targets, each over its sources.
    pub per_target: SelfEntry,
    /// Mean over the sources, each over its targets.
    pub per_source: SelfEntry,
    /// Over all pairs at once.
    pub global: SelfEntry,
}

/// A correlation with and without the pairs of a task with itself. Undefined are the coefficients
/// where one side is constant or fewer than two pairs are left.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SelfEntry {
    /// With those pairs.
    pub included: DefinedMean,
    /// Without them.
    pub excluded: DefinedMean,
}

/// A target and a source.
type Pair = (usize, usize);

impl TransferCorrelation {
    /// Correlates `similarity`, of one prompt for each task, with `transfer`. Pairs whose target
    /// has the score 0 with its own prompt have no `R` and are left out where `R` is used.
    ///
    /// # Errors
    /// [`Error::Size`](crate::Error::Size) or [`Error::TaskOrder`](crate::Error::TaskOrder) where
    /// the two are not over the same tasks in the same order.
    pub fn new(similarity: &SimilarityMatrix, transfer: &TransferMatrix) -> Result<Self> {
        same_tasks("the similarities", similarity.prompts(), transfer.tasks())?;
        let tasks = 0..transfer.tasks().len();
        let of_target = |target| tasks.clone().map(|source| (target, source)).collect();
        let of_source = |source| tasks.clone().map(|target| (target, source)).collect();
        let by_target: Vec<Vec<Pair>> = tasks.clone().map(of_target).collect();
        let by_source: Vec<Vec<Pair>> = tasks.clone().map(of_source).collect();
        let raw = |(target, source)| Some(transfer.score(target, source));
        let relative = |(target, source)| transfer.relative(target, source);
        Ok(Self {
            per_target: SelfEntry::over(&by_target, similarity, raw),
            per_source: SelfEntry::over(&by_source, similarity, relative),
            global: SelfEntry::over(&[by_target.concat()], similarity, relative),
        })
    }
}

impl SelfEntry {
    /// One coefficient for each group of pairs.
    fn over(
        groups: &[Vec<Pair>],
        similarity: &SimilarityMatrix,
        score: impl Fn(Pair) -> Option<f64>,
    ) -> Self {
        let coefficient = |pairs: &[Pair], own: bool| {
            let chosen = pairs
                .iter()
                .filter(|(target, source)| own || target != source);
            let (x, y): (Vec<f64>, Vec<f64>) = chosen
                .filter_map(|&(t, s)| Some((similarity.rows()[t][s], score((t, s))?)))
                .unzip();
            // All values are finite, so an error says that the coefficient is undefined.
            spearman(&x, &y).ok()
        };
        let mean = |own| groups.iter().map(|pairs| coefficient(pairs, own)).collect();
        Self {
            included: mean(true),
            excluded: mean(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;

    use super::*;
    use crate::TaskLabel;

    fn tasks(names: &str) -> Vec<TaskLabel> {
        let label = |c: char| TaskLabel::new(c, "SA");
        names.chars().map(label).collect()
    }

    fn similarity(rows: [[f64; 3]; 3]) -> SimilarityMatrix {
        SimilarityMatrix::from_fn(tasks("abc"), |i, j| Ok(rows[i][j])).unwrap()
    }

    fn transfer(rows: [[f64; 3]; 3]) -> TransferMatrix {
        let rows = rows.map(Vec::from).into();
        TransferMatrix::new(tasks("abc"), rows, None).unwrap()
    }

    const SIMILAR: [[f64; 3]; 3] = [[1.0, 0.5, 0.2], [0.5, 1.0, 0.3], [0.2, 0.3, 1.0]];

    #[test]
    fn every_way_is_counted_by_hand() {
        // Ranks per target: a agrees; b is reversed without itself; c is constant.
        let scores = [[9.0, 6.0, 3.0], [2.0, 8.0, 4.0], [5.0, 5.0, 5.0]];
        let found = TransferCorrelation::new(&similarity(SIMILAR), &transfer(scores)).unwrap();
        // Row b with itself: similarities rank 2 3 1, scores 1 3 2: coefficient 0.5.
        assert_eq!(found.per_target.included.mean, Some(0.75));
        assert_eq!(found.per_target.included.undefined, 1);
        assert_eq!(found.per_target.excluded.mean, Some(0.0));
        assert_eq!(found.per_target.excluded.undefined, 1);
        // R by columns: a 1, 1/4, 1; b 2/3, 1, 1; c 1/3, 1/2, 1.
        // Ranks: a 3 2 1 with 2.5 1 2.5; b 2 3 1 with 1 2.5 2.5; c 1 2 3 with 1 2 3.
        assert_abs_diff_eq!(
            found.per_source.included.mean.unwrap(),
            1.0 / 3.0,
            epsilon = 1e-12
        );
        // a: .5 .2 with 1/4 1; b: .5 .3 with 2/3 1; c: .2 .3 with 1/3 1/2.
        assert_abs_diff_eq!(
            found.per_source.excluded.mean.unwrap(),
            -1.0 / 3.0,
            epsilon = 1e-12
        );
        assert_eq!(found.global.excluded.defined, 1);
    }

    #[test]
    fn tasks_scoring_0_have_no_relative_performance() {
        let scores = [[0.0, 6.0, 3.0], [2.0, 8.0, 4.0], [1.0, 2.0, 5.0]];
        let found = TransferCorrelation::new(&similarity(SIMILAR), &transfer(scores)).unwrap();
        // Source a is left with targets b and c, without itself as with itself.
        assert_eq!(found.per_source.included.undefined, 0);
        assert_eq!(found.per_source.excluded.undefined, 2);
        assert_eq!(found.per_target.included.undefined, 0);
    }

    #[test]
    fn tasks_must_be_the_same() {
        let other = SimilarityMatrix::from_fn(tasks("acb"), |_, _| Ok(1.0)).unwrap();
        let error = TransferCorrelation::new(&other, &transfer(SIMILAR)).unwrap_err();
        assert!(error.to_string().contains("task 1 is `c (SA)`"), "{error}");
    }

    #[test]
    fn constant_similarities_leave_nothing_defined() {
        let flat = SimilarityMatrix::from_fn(tasks("abc"), |_, _| Ok(1.0)).unwrap();
        let found = TransferCorrelation::new(&flat, &transfer(SIMILAR)).unwrap();
        assert_eq!(found.per_target.included.undefined, 3);
        assert_eq!(found.global.excluded.mean, None);
    }
}
