//! Probabilities of classes, in batches.

use burn::tensor::Tensor;
use burn::tensor::activation::log_softmax;
use plm_core::nn::{DropoutContext, Ffn};
use plm_core::text::BatchBy;

use super::{MarkerRelations, RowClassifier};
use crate::Result;
use crate::encode::{MarkerEncoder, bucket_rows};
use crate::layout::{Row, SubjectRow};

/// The log-probabilities of the classes of every target: row, target, class. Rows without targets have
/// none.
///
/// The model must be on a plain device (`model.valid()` of a trained one).
///
/// # Errors
/// As [`RowClassifier::logits`] and [`bucket_rows`]; rows in errors are counted within a batch.
pub fn predict<M: RowClassifier>(
    model: &M,
    rows: &[M::Row],
    encoder: MarkerEncoder,
    by: BatchBy,
) -> Result<Vec<Vec<Vec<f32>>>> {
    let mut found = vec![Vec::new(); rows.len()];
    for batch in filled_batches(rows, by)? {
        let own: Vec<&M::Row> = batch.iter().map(|&row| &rows[row]).collect();
        let logits = model.logits(&own, encoder, &DropoutContext::default())?;
        deal(logits, &own, |number, scores| found[batch[number]] = scores);
    }
    Ok(found)
}

/// The log-probabilities of a row's objects.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RelationPrediction {
    /// Object, relation class.
    pub relations: Vec<Vec<f32>>,
    /// Object, entity class; empty where the model has no auxiliary head.
    pub entities: Vec<Vec<f32>>,
}

/// The log-probabilities of every row's objects.
///
/// The model must be on a plain device (`model.valid()` of a trained one).
///
/// # Errors
/// As [`predict`].
pub fn predict_relations<F: Ffn>(
    model: &MarkerRelations<F>,
    rows: &[SubjectRow],
    encoder: MarkerEncoder,
    by: BatchBy,
) -> Result<Vec<RelationPrediction>> {
    let mut found = vec![RelationPrediction::default(); rows.len()];
    for batch in filled_batches(rows, by)? {
        let own: Vec<&SubjectRow> = batch.iter().map(|&row| &rows[row]).collect();
        let scores = model.scores(&own, encoder, &DropoutContext::default())?;
        deal(scores.relations, &own, |number, scores| {
            found[batch[number]].relations = scores;
        });
        if let Some(entities) = scores.entities {
            deal(entities, &own, |number, scores| {
                found[batch[number]].entities = scores;
            });
        }
    }
    Ok(found)
}

/// Batches of the rows that have targets.
fn filled_batches<R: Row>(rows: &[R], by: BatchBy) -> Result<Vec<Vec<usize>>> {
    let filled: Vec<usize> = (0..rows.len())
        .filter(|&row| rows[row].targets() > 0)
        .collect();
    let own: Vec<&R> = filled.iter().map(|&row| &rows[row]).collect();
    let mut batches = bucket_rows(&own, by)?;
    for index in batches.iter_mut().flatten() {
        *index = filled[*index];
    }
    Ok(batches)
}

/// Hands each row of a batch the log-probabilities of its targets.
fn deal<R: Row>(logits: Tensor<2>, rows: &[&R], mut take: impl FnMut(usize, Vec<Vec<f32>>)) {
    let classes = logits.dims()[1];
    let values: Vec<f32> = log_softmax(logits, 1).into_data().iter().collect();
    let mut scores = values.chunks(classes).map(<[f32]>::to_vec);
    for (number, row) in rows.iter().enumerate() {
        take(number, scores.by_ref().take(row.targets()).collect());
    }
}
