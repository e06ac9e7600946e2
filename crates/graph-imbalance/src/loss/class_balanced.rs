//! The class-balanced loss (Cui et al. 2019, arXiv:1901.05555) in its softmax form.

use burn::tensor::activation::softmax;
use burn::tensor::{Int, Tensor};

use super::cross_entropy::one_hot;
use crate::model::like;

/// The smallest probability whose logarithm is taken: near the smallest normal number of single
/// precision.
const SMALLEST: f64 = 2e-38;

/// ℓ_v = f_{y_v} / k · Σ_c BCE(p_vc, 1[c = y_v]) with p = softmax(z): `cb-softmax` of the ReNode
/// experiments with the factors of [`effective_number`](super::effective_number).
///
/// The paper's softmax form is a cross-entropy; the published code, which is followed here, takes the
/// binary cross-entropy of the softmax's outputs and its mean over classes. 1 − p_c is computed as the
/// sum of the other probabilities, so that a confident mistake keeps its gradient.
///
/// # Shapes
/// - logits: `[n, k]`
/// - targets: `[n]`
/// - factors: `[k]`
/// - result: `[n]`
pub fn class_balanced(logits: Tensor<2>, targets: Tensor<1, Int>, factors: Tensor<1>) -> Tensor<1> {
    let [_, k] = logits.dims();
    let factors = like(factors, &logits).select(0, targets.clone());
    let own = one_hot(targets, &logits);
    let others = Tensor::<2>::ones([k, k], &own.device()) - Tensor::eye(k, &own.device());
    let others = like(others, &own);
    let p = softmax(logits, 1);
    let rest = p.clone().matmul(others);
    // The own class keeps p, each other class the sum of all but itself.
    let kept = p * own.clone() + rest * (own.neg() + 1.0);
    let entropy = -kept.clamp_min(SMALLEST).log();
    entropy.mean_dim(1).squeeze_dim::<1>(1) * factors
}
