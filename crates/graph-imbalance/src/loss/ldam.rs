//! Label-distribution-aware margins (Cao et al. 2019, arXiv:1906.07413).

use burn::tensor::{Int, Tensor};

use super::cross_entropy::{cross_entropy, one_hot};
use crate::model::like;

/// ℓ_v = cross-entropy of s (z_v − m_{y_v} e_{y_v}) (equation 13 with the scale s of the published
/// code), with the margins of [`ldam_margins`](super::ldam_margins).
///
/// # Shapes
/// - logits: `[n, k]`
/// - targets: `[n]`
/// - margins: `[k]`
/// - result: `[n]`
pub fn ldam(
    logits: Tensor<2>,
    targets: Tensor<1, Int>,
    margins: Tensor<1>,
    scale: f64,
) -> Tensor<1> {
    let own = one_hot(targets.clone(), &logits);
    let margins = like(margins, &logits).unsqueeze();
    cross_entropy((logits - own * margins) * scale, targets)
}
