//! Scoring a prompt.

use burn::tensor::Tensor;
use plm_core::check::NotFiniteError;

use super::classify::{check, scores};
use crate::Result;
use crate::model::{Pass, PromptModel};
use crate::source::PromptSource;
use crate::task_set::TaskSet;

/// The predicted classes of a set of examples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Predictions {
    /// Class of each example, in order; nothing where the best word is no label of its task.
    pub classes: Vec<Option<usize>>,
}

impl Predictions {
    /// Share of right answers in each task of `set`; nothing for a task without examples.
    ///
    /// # Panics
    /// If these are not the predictions of as many examples as `set` has.
    pub fn accuracies(&self, set: &TaskSet) -> Vec<Option<f64>> {
        assert_eq!(
            self.classes.len(),
            set.len(),
            "predictions, and examples of their set"
        );
        let mut right = vec![0_usize; set.names().len()];
        let mut all = vec![0_usize; set.names().len()];
        for (index, class) in self.classes.iter().enumerate() {
            let task = set.task(index);
            all[task] += 1;
            right[task] += usize::from(*class == Some(set.label(index)));
        }
        right
            .iter()
            .zip(&all)
            .map(|(&right, &all)| (all > 0).then(|| right as f64 / all as f64))
            .collect()
    }

    /// Mean of the tasks' accuracies, every task counting alike.
    ///
    /// # Panics
    /// As [`Predictions::accuracies`].
    pub fn mean_accuracy(&self, set: &TaskSet) -> f64 {
        let found: Vec<f64> = self.accuracies(set).into_iter().flatten().collect();
        found.iter().sum::<f64>() / found.len() as f64
    }
}

/// What `model` answers to the examples of `set` with the prompts of `source`, both on the plain
/// device. `pass` may switch neurons off.
///
/// # Errors
/// As [`tune`](super::tune).
pub fn predict<M: PromptModel, S: PromptSource>(
    model: &M,
    source: &S,
    set: &TaskSet,
    batch_size: usize,
    pass: &Pass,
) -> Result<Predictions> {
    check(model, source, set)?;
    let device = model.device();
    // Texts of like length together; the order is restored afterwards.
    let lengths = set.lengths();
    let mut order: Vec<usize> = (0..set.len()).collect();
    order.sort_by_key(|&index| lengths[index]);
    let mut classes = vec![None; set.len()];
    for rows in order.chunks(batch_size.max(1)) {
        let batch = set.batch(rows, &device)?;
        let prompts = source.prompts(&batch.mixed.tasks);
        let scores = scores(model, prompts, set, &batch, pass);
        check_scores(&scores, rows)?;
        let best = scores.argmax(1);
        for (&row, column) in rows.iter().zip(best.into_data().iter::<i64>()) {
            classes[row] = set.class(row, column as usize);
        }
    }
    Ok(Predictions { classes })
}

/// Refuses scores that are no numbers: none of them is the largest. `rows` are the examples' places.
///
/// # Errors
/// [`Error::NotFinite`](crate::Error::NotFinite) naming the first such example and its word.
fn check_scores(scores: &Tensor<2>, rows: &[usize]) -> Result<()> {
    let [_, words] = scores.dims();
    let values = scores.clone().into_data();
    match values.iter::<f32>().position(f32::is_nan) {
        Some(place) => {
            let what = format!("scores of example {}", rows[place / words]);
            Err(NotFiniteError::new(what, place % words, f64::NAN).into())
        }
        None => Ok(()),
    }
}

/// Mean accuracy of the tasks of `set`.
pub(super) fn mean_accuracy<M: PromptModel, S: PromptSource>(
    model: &M,
    source: &S,
    set: &TaskSet,
    batch_size: usize,
) -> Result<f64> {
    let found = predict(model, source, set, batch_size, &Pass::default())?;
    Ok(found.mean_accuracy(set))
}
