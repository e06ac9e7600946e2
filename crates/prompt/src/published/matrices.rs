//! Zero-shot transfer matrices.

use crate::catalog::{Backbone, tasks};
use crate::{Result, TransferMatrix};

/// The released scores of every task with every task's prompt, where they are known: of
/// RoBERTa-base, RoBERTa-large (13 tasks each) and T5-base (17 tasks).
///
/// [`Evidence::ReleasedFile`](super::Evidence::ReleasedFile): `result/<T>Prompt<M>/
/// result_<S>Prompt<M>.json` in the [repository](super::TRANSFER_REPOSITORY), rounded to one
/// decimal.
///
/// # Errors
/// As [`TransferMatrix::new`].
pub fn transfer_matrix(backbone: Backbone) -> Result<Option<TransferMatrix>> {
    let scores: Vec<Vec<f64>> = match backbone {
        Backbone::RobertaBase => rows(&ROBERTA_BASE),
        Backbone::RobertaLarge => rows(&ROBERTA_LARGE),
        Backbone::T5Base => rows(&T5_BASE),
        Backbone::T5Small | Backbone::T5Large => return Ok(None),
    };
    let labels = tasks()[..scores.len()].iter().map(|task| task.label());
    let random = super::random_prompt_scores(backbone).map(<[f64]>::to_vec);
    TransferMatrix::new(labels.collect(), scores, random).map(Some)
}

/// Mean relative performance within a type and across types, over the pairs of different tasks.
///
/// [`Evidence::ComputedFromRelease`](super::Evidence::ComputedFromRelease), rounded to two
/// decimals.
pub fn relative_means(backbone: Backbone) -> Option<(f64, f64)> {
    match backbone {
        Backbone::RobertaBase => Some((0.81, 0.57)),
        Backbone::RobertaLarge => Some((0.76, 0.53)),
        Backbone::T5Small => Some((0.79, 0.48)),
        Backbone::T5Base => Some((0.83, 0.50)),
        Backbone::T5Large => None,
    }
}

fn rows<const N: usize>(matrix: &[[f64; N]; N]) -> Vec<Vec<f64>> {
    matrix.iter().map(|row| row.to_vec()).collect()
}

#[rustfmt::skip]
static ROBERTA_BASE: [[f64; 13]; 13] = [
    [89.7, 73.6, 79.8, 68.0, 85.8, 78.4, 57.1, 50.3, 57.7, 51.3, 62.7, 58.4, 50.3],
    [86.1, 93.3, 86.8, 85.6, 74.2, 86.3, 58.5, 51.2, 55.4, 50.8, 51.7, 51.2, 50.4],
    [45.3, 65.5, 75.3, 72.3, 31.9, 73.1, 53.1, 51.2, 53.8,  3.1,  2.5, 25.9,  2.5],
    [59.8, 74.2, 78.7, 79.5, 28.7, 77.2, 66.5, 60.8, 65.6,  1.4,  1.1, 37.2,  1.3],
    [81.8, 71.4, 69.3, 66.7, 76.0, 72.9, 52.1, 50.5, 54.7, 51.6, 56.8, 52.1, 50.5],
    [32.5, 45.5, 53.4, 57.1, 33.2, 74.5, 40.0, 40.9, 41.1, 41.0, 41.5, 46.1, 41.0],
    [36.6, 35.8, 34.3, 33.1, 32.8, 38.9, 79.9, 47.5, 73.9, 32.7, 32.8, 34.3, 32.7],
    [55.5, 52.1, 50.5, 52.4, 50.8, 52.6, 75.5, 90.5, 69.5, 50.5, 50.6, 43.5, 50.5],
    [34.1, 34.2, 34.5, 33.6, 33.3, 36.4, 77.0, 55.6, 88.5, 33.3, 33.3, 30.1, 33.3],
    [49.7, 49.6, 50.3, 49.6, 50.8, 49.7, 49.7, 50.3, 49.6, 71.7, 61.9, 50.4, 50.3],
    [50.1, 50.1, 50.0, 49.5, 50.6, 50.0, 50.1, 49.9, 50.1, 58.9, 67.8, 50.0, 49.8],
    [39.7, 56.8, 53.8, 45.2, 36.8, 48.9, 49.9, 36.9, 59.6, 36.9, 39.2, 86.9, 66.9],
    [68.0, 52.6, 43.8, 65.4, 68.5, 51.8, 65.9, 68.0, 59.9, 63.5, 56.8, 70.0, 84.4],
];

#[rustfmt::skip]
static ROBERTA_LARGE: [[f64; 13]; 13] = [
    [92.1, 83.6, 74.8, 72.0, 90.0, 81.2, 50.6, 56.6, 51.2, 58.2, 50.3, 50.4, 54.1],
    [92.3, 95.9, 85.2, 86.3, 77.0, 90.0, 52.6, 55.0, 50.2, 51.7, 75.7, 51.2, 50.8],
    [ 2.5, 67.3, 75.9, 74.2, 53.6, 50.6, 52.8,  2.5, 45.2,  3.9, 48.8, 52.2,  2.5],
    [ 1.4, 77.3, 77.6, 82.2, 33.8, 75.5, 64.4,  1.2, 61.1,  4.2, 48.5,  6.5,  1.1],
    [84.4, 78.6, 66.1, 65.1, 84.9, 80.2, 51.6, 53.6, 50.0, 50.0, 69.8, 50.0, 50.0],
    [42.0, 49.9, 49.9, 54.2, 17.3, 76.1, 41.0, 41.7, 41.0, 44.0, 35.3, 40.9, 40.9],
    [32.7, 43.6, 32.9, 32.7, 32.7, 35.4, 87.4, 51.8, 77.7, 32.8, 32.9, 37.5, 32.8],
    [50.4, 54.0, 50.6, 50.5, 50.5, 50.6, 69.3, 92.0, 75.9, 50.5, 50.1, 53.2, 48.9],
    [33.3, 34.4, 33.3, 33.3, 33.3, 33.9, 84.5, 57.7, 89.8, 34.2, 33.5, 33.3, 32.7],
    [50.3, 51.8, 48.9, 49.5, 50.9, 50.3, 50.3, 50.4, 50.3, 85.6, 71.0, 50.2, 50.3],
    [49.9, 50.6, 49.9, 47.9, 50.4, 50.1, 49.8, 49.9, 49.9, 64.4, 81.0, 49.9, 49.9],
    [36.8, 48.0, 36.9, 37.0, 55.4, 36.8, 43.1, 36.8, 52.3, 42.6, 43.8, 86.4, 69.3],
    [68.8, 53.4, 68.0, 68.2, 55.7, 64.6, 68.5, 68.2, 61.7, 60.7, 41.7, 63.3, 81.2],
];

#[rustfmt::skip]
static T5_BASE: [[f64; 17]; 17] = [
    [88.2, 85.0, 75.2, 73.4, 85.8, 75.5, 70.3, 50.0, 80.0, 50.6, 50.1, 50.1, 58.9, 74.2, 72.1, 62.8, 72.2],
    [88.6, 94.3, 85.7, 80.8, 86.2, 83.3, 75.4, 48.9, 86.1, 49.2, 49.4, 50.7, 53.2, 62.5, 75.2, 73.6, 76.1],
    [65.6, 67.5, 75.8, 69.4, 66.4, 70.6, 35.8, 20.5, 64.1, 21.2, 19.8, 52.5, 53.1, 32.5, 33.9, 52.3, 50.5],
    [75.7, 76.0, 77.9, 78.4, 75.3, 77.5, 24.3, 17.8, 75.1, 22.7, 18.5, 64.1, 65.1, 23.9, 26.6, 64.4, 67.2],
    [77.1, 74.5, 61.5, 60.9, 76.6, 64.1, 63.0, 51.0, 65.1, 51.0, 50.5, 50.0, 52.1, 60.9, 62.0, 65.1, 67.2],
    [46.4, 45.7, 56.2, 59.7, 45.7, 68.2, 41.0, 15.5, 45.5, 16.1, 15.7, 40.9, 42.0, 44.2, 49.1, 37.2, 38.1],
    [45.1, 80.0, 57.5, 37.0, 54.9, 33.7, 85.5, 61.1, 83.7, 36.8, 35.4, 65.3, 35.5, 74.2, 53.1, 35.5, 56.4],
    [72.8, 79.7, 65.4, 51.0, 76.9, 54.1, 78.3, 92.1, 77.2, 49.4, 49.5, 59.9, 49.5, 55.5, 50.3, 49.5, 60.2],
    [39.0, 75.4, 42.5, 34.1, 46.0, 32.0, 80.2, 60.6, 85.2, 34.6, 33.8, 63.2, 33.9, 68.2, 42.0, 33.8, 56.3],
    [51.5, 49.2, 49.7, 49.9, 48.4, 49.4, 49.4, 49.0, 47.8, 63.8, 58.5, 49.4, 49.6, 49.6, 49.0, 50.4, 50.0],
    [51.8, 51.3, 51.6, 50.3, 49.8, 51.0, 49.9, 50.1, 51.1, 59.0, 60.2, 51.1, 50.1, 50.1, 49.7, 50.0, 49.8],
    [62.2, 62.9, 38.2, 38.2, 54.6, 44.9, 63.1, 62.9, 62.5, 36.8, 36.9, 86.7, 48.6, 57.3, 37.7, 36.9, 61.8],
    [51.3, 63.3, 62.8, 57.6, 64.6, 46.4, 31.5, 33.9, 39.8, 68.5, 68.8, 63.5, 73.2, 40.6, 60.7, 66.9, 37.8],
    [ 0.0,  0.0,  0.0,  0.0,  0.1,  0.0,  1.2,  0.6,  0.4,  0.0,  0.0,  3.7,  0.0, 62.7,  6.4,  3.4,  4.9],
    [ 0.1,  0.0,  0.0,  0.0,  0.1,  0.0,  0.2,  0.1,  0.1,  0.0,  0.0,  0.0,  0.0,  0.4,  1.7,  0.4,  0.2],
    [ 0.0,  0.0,  0.0,  0.0,  0.0,  0.0, 10.9,  9.2,  5.1,  0.0,  0.0,  0.0,  0.0, 11.4, 10.8, 17.9, 13.0],
    [ 0.0,  0.0,  0.0,  0.0,  0.0,  0.0,  0.0,  0.0,  0.0,  0.0,  0.0,  0.0,  0.0,  6.8,  8.3, 10.8, 23.6],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_of_relative_performance_are_met_to_their_digits() {
        for backbone in Backbone::ALL {
            let Some(matrix) = transfer_matrix(backbone).unwrap() else {
                continue;
            };
            let means = matrix.relative_means();
            let round = |value: Option<f64>| (value.unwrap() * 100.0).round() / 100.0;
            let found = (
                round(means.same_type.mean),
                round(means.different_type.mean),
            );
            assert_eq!(Some(found), relative_means(backbone), "{}", backbone.name());
            assert_eq!(means.same_type.undefined, 0);
        }
    }

    #[test]
    fn diagonals_are_the_own_task_scores() {
        for backbone in Backbone::ALL {
            let Some(matrix) = transfer_matrix(backbone).unwrap() else {
                continue;
            };
            let own: Vec<f64> = (0..matrix.tasks().len())
                .map(|t| matrix.score(t, t))
                .collect();
            assert_eq!(
                Some(own.as_slice()),
                super::super::own_task_scores(backbone)
            );
            assert_eq!(own.len(), if backbone.is_t5() { 17 } else { 13 });
        }
    }

    #[test]
    fn targets_are_rows() {
        let matrix = transfer_matrix(Backbone::RobertaBase).unwrap().unwrap();
        let place = |name| {
            matrix
                .tasks()
                .iter()
                .position(|task| task.name == name)
                .unwrap()
        };
        let score = |target, source| matrix.score(place(target), place(source));
        assert_eq!(score("imdb", "movierationales"), 85.8);
        assert_eq!(score("sst2", "imdb"), 86.1);
        assert_eq!(score("snli", "mnli"), 77.0);
        assert_eq!(score("mrpc", "qqp"), 70.0);
        assert_eq!(matrix.random().unwrap()[2], 2.3);
    }
}
