//! The losses that Hugging Face's heads compute.

use burn::tensor::{Int, Tensor};

use crate::kernel;

/// The target that Hugging Face's losses leave out.
pub const IGNORE_INDEX: i64 = -100;

/// Mean cross-entropy over the targets that are not [`IGNORE_INDEX`]; 0 if there are none.
///
/// # Shapes
/// - logits: `[items, classes]`
/// - targets: `[items]`, each in `0..classes` or [`IGNORE_INDEX`]
/// - result: `[1]`
pub fn cross_entropy(logits: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
    kernel::cross_entropy(logits, targets, Some(IGNORE_INDEX), 0.0)
}

/// Cross-entropy of every token of a batch.
///
/// # Shapes
/// - logits: `[batch, length, classes]`
/// - targets: `[batch, length]`
/// - result: `[1]`
pub fn token_cross_entropy(logits: Tensor<3>, targets: Tensor<2, Int>) -> Tensor<1> {
    let [batch, length, classes] = logits.dims();
    let items = batch * length;
    cross_entropy(logits.reshape([items, classes]), targets.reshape([items]))
}

/// Mean squared error over all values, the loss of regression.
///
/// # Shapes
/// - predictions, targets: `[items, outputs]`, usually of one output
/// - result: `[1]`
pub fn mean_squared_error(predictions: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
    (predictions - targets).square().mean()
}

/// Mean binary cross-entropy of logits, the loss of multi-label classification.
///
/// # Shapes
/// - logits, targets: `[items, labels]`, targets in `[0, 1]`
/// - result: `[1]`
pub fn binary_cross_entropy(logits: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
    // max(x, 0) - x t + ln(1 + exp(-|x|)): no overflow for large logits. The maximum is (x + |x|) / 2,
    // whose gradient at 0, where a new head begins, is the half that it must be.
    let size = logits.clone().abs();
    let positive = (logits.clone() + size.clone()) / 2.0;
    let softplus = (-size).exp().log1p();
    (positive - logits * targets + softplus).mean()
}

/// Mean of the cross-entropies of span starts and ends, as in Hugging Face's question answering:
/// positions outside the sequence are left out.
///
/// # Shapes
/// - start_logits, end_logits: `[batch, length]`
/// - starts, ends: `[batch]`
/// - result: `[1]`
pub fn span_cross_entropy(
    start_logits: Tensor<2>,
    end_logits: Tensor<2>,
    starts: Tensor<1, Int>,
    ends: Tensor<1, Int>,
) -> Tensor<1> {
    let length = start_logits.dims()[1] as i64;
    let inside = |positions: Tensor<1, Int>| {
        let outside = positions.clone().greater_equal_elem(length);
        positions.clamp_min(0).mask_fill(outside, IGNORE_INDEX)
    };
    let start = cross_entropy(start_logits, inside(starts));
    let end = cross_entropy(end_logits, inside(ends));
    (start + end) / 2.0
}
