//! How sure a classifier is of its prediction.

use burn::tensor::Tensor;
use burn::tensor::activation::log_softmax;

use crate::{Error, Result};
use plm_core::kernel::at_least_single;

/// The entropy of softmax(logits) of each row, in nats; exactly 0 where one class has all
/// probability.
///
/// # Shapes
/// - logits: `[rows, classes]`
/// - result: `[rows]`
pub fn entropy_rows(logits: &Tensor<2>) -> Tensor<1> {
    let log = log_softmax(at_least_single(logits.clone()), 1);
    -(log.clone().exp() * log).sum_dim(1).squeeze_dim::<1>(1)
}

/// The entropy of each row as a share of the largest, ln(classes): 0 where the model is sure, 1 where
/// all classes are equally likely (DynamicKD, section 2: the student's uncertainty).
///
/// # Shapes
/// - logits: `[rows, classes]`
/// - result: `[rows]`
///
/// # Errors
/// [`Error::Classes`] for fewer than two classes: the entropy of one is always 0.
pub fn uncertainty_rows(logits: &Tensor<2>) -> Result<Tensor<1>> {
    let [_, classes] = logits.dims();
    Ok(entropy_rows(logits) / largest_entropy(classes)?)
}

/// ln(classes).
///
/// # Errors
/// [`Error::Classes`] for fewer than two.
pub fn largest_entropy(classes: usize) -> Result<f64> {
    if classes < 2 {
        return Err(Error::Classes { found: classes });
    }
    Ok((classes as f64).ln())
}

/// The probabilities softmax(logits / temperature).
pub fn softmax(logits: &[f64], temperature: f64) -> Vec<f64> {
    let top = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = logits
        .iter()
        .map(|logit| ((logit - top) / temperature).exp())
        .collect();
    let sum: f64 = powers.iter().sum();
    powers.iter().map(|power| power / sum).collect()
}

/// -ln softmax(logits) at `class`, a number also where the probability is too small for one.
///
/// # Panics
/// If there is no such class.
pub(crate) fn surprise(logits: &[f64], class: usize) -> f64 {
    let top = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logits.iter().map(|logit| (logit - top).exp()).sum();
    sum.ln() + (top - logits[class])
}

/// The entropy of `probabilities` in nats.
pub fn entropy(probabilities: &[f64]) -> f64 {
    let terms = probabilities.iter().filter(|p| **p > 0.0);
    // Adding 0 turns the -0 of one sure class into 0.
    0.0 - terms.map(|p| p * p.ln()).sum::<f64>()
}
