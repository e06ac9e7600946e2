//! One number of the losses of labeled nodes, with weights.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::model::like;

/// What is made of the weighted losses of labeled nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reduction {
    /// [`weighted_mean`]: the transductive experiments of ReNode.
    #[default]
    Mean,
    /// [`weighted_sum`]: the inductive ones. Beside weight decay the losses count more, the more nodes
    /// there are.
    Sum,
}

impl Reduction {
    /// The losses as one number.
    ///
    /// # Shapes
    /// As [`weighted_mean`].
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn apply(self, losses: Tensor<1>, weights: Option<Tensor<1>>) -> Tensor<1> {
        match self {
            Self::Mean => weighted_mean(losses, weights),
            Self::Sum => weighted_sum(losses, weights),
        }
    }
}

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
    weighted_sum(losses, weights) / n as f64
}

/// Σ_v w_v ℓ_v, as the inductive half of the reference code has it. Without weights, w = 1.
///
/// # Shapes
/// As [`weighted_mean`].
///
/// # Panics
/// If the lengths differ.
pub fn weighted_sum(losses: Tensor<1>, weights: Option<Tensor<1>>) -> Tensor<1> {
    let [n] = losses.dims();
    let weighted = match weights {
        Some(weights) => {
            assert_eq!(weights.dims(), [n], "one weight for each of {n} losses");
            let weights = like(weights, &losses);
            losses * weights
        }
        None => losses,
    };
    weighted.sum()
}
