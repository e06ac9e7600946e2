//! What heads that answer with a part of the text share.

use burn::tensor::Tensor;

/// The start scores and the end scores of each position.
///
/// # Shapes
/// - scores: `[batch, length, 2]`, the start's first
/// - result: `[batch, length]` each
pub(super) fn start_and_end(scores: Tensor<3>) -> [Tensor<2>; 2] {
    [0, 1].map(|which| scores.clone().narrow(2, which, 1).squeeze_dim(2))
}
