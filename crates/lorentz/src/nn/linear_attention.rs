//! Attention in linear time.

use burn::tensor::{Bool, Tensor};

use crate::Curvature;
use crate::geometry::{lift, space, sum_squares};

/// What keeps features of negative coordinates apart from zero.
const FLOOR: f64 = 1e-6;

/// The linear attention of Hypformer (arXiv:2407.01290): space components
/// φ(qᵢ) · Σⱼ φ(kⱼ) vⱼᵀ / (φ(qᵢ) · Σⱼ φ(kⱼ)), with time from them.
///
/// φ(x) = |f| fᵖ / |fᵖ| of f = max(x_s, 0) + 10⁻⁶; a larger `power` p makes it more selective. The
/// temperature of the original is left out, since it cancels, and so is the map of values that it adds.
/// A query from which all keys are hidden goes to the origin.
///
/// # Shapes
/// - query: `[batch, heads, queries, n + 1]`
/// - key: `[batch, heads, keys, n + 1]`
/// - value: `[batch, heads, keys, m + 1]`
/// - padding: `[batch, keys]`, true where a key is hidden
/// - result: `[batch, heads, queries, m + 1]`
pub fn linear_attention(
    query: Tensor<4>,
    key: Tensor<4>,
    value: Tensor<4>,
    padding: Option<Tensor<2, Bool>>,
    power: f64,
    curvature: Curvature,
) -> Tensor<4> {
    let query = focused(space(query), power);
    let mut key = focused(space(key), power);
    if let Some(padding) = padding {
        let [batch, keys] = padding.dims();
        let hidden = padding.reshape([batch, 1, keys, 1]).expand(key.dims());
        key = key.mask_fill(hidden, 0.0);
    }
    let totals = key.clone().sum_dim(2).swap_dims(2, 3);
    let products = key.swap_dims(2, 3).matmul(space(value));
    let shares = query.clone().matmul(totals).clamp_min(1e-30);
    lift(query.matmul(products) / shares, curvature)
}

fn focused(x: Tensor<4>, power: f64) -> Tensor<4> {
    let features = x.clamp_min(0.0).add_scalar(FLOOR);
    let norm = sum_squares(features.clone()).sqrt();
    let sharpened = (features / norm.clone()).powf_scalar(power);
    let length = sum_squares(sharpened.clone()).sqrt();
    sharpened * (norm / length)
}
