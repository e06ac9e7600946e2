//! Models that give one class to every target of a row.

use burn::module::Module;
use burn::tensor::Tensor;
use plm_core::check::same_size;
use plm_core::nn::DropoutContext;

use crate::encode::MarkerEncoder;
use crate::layout::Row;
use crate::{Error, Result};

/// A model that scores the classes of every span, pair or word of its rows.
pub trait RowClassifier: Module {
    /// What it takes.
    type Row: Row;

    /// Number of classes.
    fn classes(&self) -> usize;

    /// The scores of all targets, row after row.
    ///
    /// `encoder` says how levitated markers are encoded; models without them do not look at it.
    ///
    /// # Shapes
    /// - result: `[targets, classes]`
    ///
    /// # Errors
    /// Those of [`crate::encode::encode_dense`]; [`Error::Size`] for a group of another size than the
    /// model's, [`Error::Place`] for a token that a row does not have, [`Error::Empty`] without targets.
    fn logits(
        &self,
        rows: &[&Self::Row],
        encoder: MarkerEncoder,
        dropout: &DropoutContext,
    ) -> Result<Tensor<2>>;
}

/// `token` of row `row`, which has `tokens`.
pub(super) fn place(row: usize, token: usize, tokens: &[u32]) -> Result<(usize, usize)> {
    if token < tokens.len() {
        return Ok((row, token));
    }
    Err(Error::Place {
        row,
        what: "text token",
        index: token,
        count: tokens.len(),
    })
}

/// There is a label of a class for each of `targets`.
pub(crate) fn check_labels(
    example: usize,
    labels: &[usize],
    targets: usize,
    classes: usize,
) -> Result<()> {
    same_size(
        format!("labels of example {example}"),
        labels.len(),
        targets,
    )?;
    let beyond = labels.iter().position(|&class| class >= classes);
    match beyond {
        None => Ok(()),
        Some(target) => Err(Error::Class {
            example,
            target,
            class: labels[target],
            classes,
        }),
    }
}
