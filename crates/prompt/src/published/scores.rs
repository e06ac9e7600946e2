//! Scores of each task with its own prompt, and with a random one.

use crate::catalog::Backbone;

/// The score of each task with its own trained prompt, in the order of
/// [`tasks`](crate::catalog::tasks): 13 for RoBERTa, 17 for T5; `None` where they are not known.
///
/// [`Evidence::ReleasedFile`](super::Evidence::ReleasedFile): the
/// [repository's](super::TRANSFER_REPOSITORY) result files.
pub fn own_task_scores(backbone: Backbone) -> Option<&'static [f64]> {
    match backbone {
        Backbone::RobertaBase => Some(&ROBERTA_BASE),
        Backbone::RobertaLarge => Some(&ROBERTA_LARGE),
        Backbone::T5Small => Some(&T5_SMALL),
        Backbone::T5Base => Some(&T5_BASE),
        Backbone::T5Large => None,
    }
}

/// The score of each task with a prompt of uniform random values in 0 to 1, in the same order;
/// known for RoBERTa-base.
///
/// [`Evidence::ReleasedFile`](super::Evidence::ReleasedFile), as above.
pub fn random_prompt_scores(backbone: Backbone) -> Option<&'static [f64]> {
    (backbone == Backbone::RobertaBase).then_some(&ROBERTA_BASE_RANDOM)
}

static ROBERTA_BASE: [f64; 13] = [
    89.7, 93.3, 75.3, 79.5, 76.0, 74.5, 79.9, 90.5, 88.5, 71.7, 67.8, 86.9, 84.4,
];

static ROBERTA_BASE_RANDOM: [f64; 13] = [
    50.6, 50.8, 2.3, 1.2, 50.5, 40.5, 32.8, 50.5, 33.3, 50.4, 50.2, 36.8, 68.0,
];

static ROBERTA_LARGE: [f64; 13] = [
    92.1, 95.9, 75.9, 82.2, 84.9, 76.1, 87.4, 92.0, 89.8, 85.6, 81.0, 86.4, 81.2,
];

static T5_SMALL: [f64; 17] = [
    85.4, 90.3, 73.4, 79.7, 72.4, 67.0, 78.8, 88.5, 77.0, 60.1, 58.2, 68.5, 77.6, 53.0, 1.9, 16.8,
    19.0,
];

static T5_BASE: [f64; 17] = [
    88.2, 94.3, 75.8, 78.4, 76.6, 68.2, 85.5, 92.1, 85.2, 63.8, 60.2, 86.7, 73.2, 62.7, 1.7, 17.9,
    23.6,
];
