//! The mean over labeled nodes, with weights.

use burn::tensor::Tensor;

use crate::model::like;

/// L = (1/n) Σ_v w_v ℓ_v: ReNode's training loss (Chen et al. 2021, arXiv:2110.04099, equation 5).
///
/// The sum is divided by the number of nodes, not by the weights' sum. Without weights, w = 1; given
/// weights of one have the same result to the last bit.
///
/// # Shapes
/// - losses, weights: `[n]`
/// - result: `[1]`
///
/// # Panics
/// If the lengths differ.
pub fn weighted_mean(losses: Tensor<1>, weights: Option<Tensor<1>>) -> Tensor<1> {
    let [n] = losses.dims();
    let weighted = match weights {
        Some(weights) => {
            assert_eq!(weights.dims(), [n], "one weight for each of {n} losses");
            let weights = like(weights, &losses);
            losses * weights
        }
        None => losses,
    };
    weighted.sum() / n as f64
}
