//! Cross-entropy, plain, re-weighted, and with logits shifted by class.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Int, Tensor};

use crate::model::like;

/// ℓ_v = −ln softmax(z_v)_{y_v}.
///
/// # Shapes
/// - logits: `[n, k]`
/// - targets: `[n]`, classes below k
/// - result: `[n]`
pub fn cross_entropy(logits: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
    let picked = log_softmax(logits, 1).gather(1, targets.unsqueeze_dim(1));
    -picked.squeeze_dim::<1>(1)
}

/// ℓ_v = f_{y_v} · cross-entropy: `re-weight` of the ReNode experiments with the factors of
/// [`inverse_frequency`](super::inverse_frequency).
///
/// # Shapes
/// - logits: `[n, k]`
/// - targets: `[n]`
/// - factors: `[k]`
/// - result: `[n]`
pub fn re_weighted(logits: Tensor<2>, targets: Tensor<1, Int>, factors: Tensor<1>) -> Tensor<1> {
    let factors = like(factors, &logits).select(0, targets.clone());
    cross_entropy(logits, targets) * factors
}

/// Cross-entropy of z + s, s a shift for each class.
///
/// With s_c = ln n_c it is balanced softmax (Ren et al. 2020, arXiv:2007.10740, equation 3); with
/// s_c = τ ln π_c, π the class frequencies, logit adjustment (Menon et al. 2021, arXiv:2007.07314,
/// equation 10), which for τ = 1 is the same function.
///
/// # Shapes
/// - logits: `[n, k]`
/// - targets: `[n]`
/// - shifts: `[k]`
/// - result: `[n]`
pub fn shifted_cross_entropy(
    logits: Tensor<2>,
    targets: Tensor<1, Int>,
    shifts: Tensor<1>,
) -> Tensor<1> {
    let shifts = like(shifts, &logits).unsqueeze();
    cross_entropy(logits + shifts, targets)
}

/// One-hot rows in the number type of `logits`.
///
/// # Shapes
/// - targets: `[n]`
/// - result: `[n, k]`, k the number of columns of `logits`
pub(super) fn one_hot(targets: Tensor<1, Int>, logits: &Tensor<2>) -> Tensor<2> {
    let [_, k] = logits.dims();
    let classes = Tensor::<1, Int>::arange(0..k as i64, &targets.device()).unsqueeze::<2>();
    let hit = targets.unsqueeze_dim::<2>(1).equal(classes);
    like(hit.float(), logits)
}
