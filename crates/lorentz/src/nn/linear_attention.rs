//! Attention in linear time.

use burn::tensor::{Bool, Tensor};
use plm_core::check::positive;

use crate::geometry::{Precision, lift, space, sum_squares};
use crate::{Curvature, Error, Result};

/// What keeps features of negative coordinates apart from zero.
const FLOOR: f64 = 1e-6;
/// Queries to which all keys together weigh no more see none.
const BLIND: f64 = 1e-30;

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
///
/// # Errors
/// [`Error::Core`] where `power` is not positive, or so large that the powers of n equal features vanish in
/// the type.
pub fn linear_attention(
    query: Tensor<4>,
    key: Tensor<4>,
    value: Tensor<4>,
    padding: Option<Tensor<2, Bool>>,
    power: f64,
    curvature: Curvature,
) -> Result<Tensor<4>> {
    check_power(power, &query)?;
    let (query, _) = focused(space(query), power);
    let (directions, lengths) = focused(space(key), power);
    let mut key = directions * lengths;
    if let Some(padding) = padding {
        let [batch, keys] = padding.dims();
        let hidden = padding.reshape([batch, 1, keys, 1]).expand(key.dims());
        key = key.mask_fill(hidden, 0.0);
    }
    let totals = key.clone().sum_dim(2).swap_dims(2, 3);
    let products = key.swap_dims(2, 3).matmul(space(value));
    // The length of a query cancels. With the one that gives it a total of 1, neither products of large
    // numbers nor squares of small ones leave the range of single precision, forward or backward.
    let length = query.clone().detach().matmul(totals.clone().detach());
    let blind = length.clone().lower_equal_scalar(BLIND);
    let query = query / length.mask_fill(blind.clone(), 1.0);
    let shares = query.clone().matmul(totals).mask_fill(blind, 1.0);
    Ok(lift(query.matmul(products) / shares, curvature))
}

fn check_power(power: f64, query: &Tensor<4>) -> Result<()> {
    const ORIGIN: &str = "linear_attention";
    positive(ORIGIN, "power", power)?;
    let width = query.dims()[3] - 1;
    // Of features of length 1 the largest is at least 1/√n, and the square of its power n⁻ᵖ.
    let limit = -Precision::of(query.dtype()).tiny.ln() / (width as f64).ln();
    if power <= limit {
        return Ok(());
    }
    let reason = format!("is {power}, must be at most {limit:.1} for {width} components of space");
    Err(Error::config(ORIGIN, "power", reason))
}

/// fᵖ / |fᵖ| and |f|.
fn focused(x: Tensor<4>, power: f64) -> (Tensor<4>, Tensor<4>) {
    let features = x.clamp_min(0.0).add_scalar(FLOOR);
    let norm = sum_squares(features.clone()).sqrt();
    let sharpened = (features / norm.clone()).powf_scalar(power);
    let length = sum_squares(sharpened.clone()).sqrt();
    (sharpened / length, norm)
}
