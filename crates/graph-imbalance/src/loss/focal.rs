//! Focal loss (Lin et al. 2017, arXiv:1708.02002, equation 4) in the form with one sigmoid per class.

use burn::tensor::activation::log_sigmoid;
use burn::tensor::{Int, Tensor};

use super::cross_entropy::one_hot;
use crate::model::like;

/// ℓ_v = f_{y_v} Σ_c (1 − p_t)^γ · (−ln p_t), where p_t is σ(z_vc) for the own class and 1 − σ(z_vc)
/// for the others.
///
/// As in the ReNode experiments: summed over classes, the factor that of the node's class. With
/// s = z for the own class and −z for the others, p_t = σ(s) and (1 − p_t)^γ = exp(γ ln σ(−s)),
/// which neither cancels nor has an infinite slope, whatever γ ≥ 0.
///
/// # Shapes
/// - logits: `[n, k]`
/// - targets: `[n]`
/// - factors: `[k]`
/// - result: `[n]`
pub fn focal(
    logits: Tensor<2>,
    targets: Tensor<1, Int>,
    factors: Tensor<1>,
    gamma: f64,
) -> Tensor<1> {
    let factors = like(factors, &logits).select(0, targets.clone());
    let signed = logits.clone() * (one_hot(targets, &logits) * 2.0 - 1.0);
    let faded = (log_sigmoid(-signed.clone()) * gamma).exp();
    let terms = faded * -log_sigmoid(signed);
    terms.sum_dim(1).squeeze_dim::<1>(1) * factors
}
