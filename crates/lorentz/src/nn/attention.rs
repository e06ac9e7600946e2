//! Attention by Lorentzian distance, with centroids for sums.

use burn::module::{Module, Param};
use burn::tensor::activation::softmax;
use burn::tensor::{Bool, Device, Tensor};
use plm_core::check::below_one;
use plm_core::rng::Seed;
use serde::{Deserialize, Serialize};

use super::dropout::DropoutSites;
use super::heads::{merge_heads, split_heads};
use super::linear::{LorentzLinear, LorentzLinearConfig};
use super::linear_output::Parity;
use super::parameter::{head_count, parameter};
use crate::geometry::{centroid, inner_pairwise};
use crate::{Curvature, Result};

/// (2k + 2⟨qᵢ, kⱼ⟩) / τ + β = −d²_L(qᵢ, kⱼ) / τ + β (HyboNet, arXiv:2105.14686, equation 8).
///
/// # Shapes
/// - query: `[.., queries, n + 1]`
/// - key: `[.., keys, n + 1]`
/// - scale: `[1]`, τ
/// - bias: `[1]`, β, which has no effect on a softmax
/// - result: `[.., queries, keys]`
pub fn attention_scores<const D: usize>(
    query: Tensor<D>,
    key: Tensor<D>,
    scale: Tensor<1>,
    bias: Tensor<1>,
    curvature: Curvature,
) -> Tensor<D> {
    let products = inner_pairwise(query, key).add_scalar(curvature.k());
    products.mul_scalar(2.0) / scale.unsqueeze::<D>() + bias.unsqueeze::<D>()
}

/// The centroids of `value` weighted by the softmax of `scores`, and the weights.
///
/// A hidden key weighs exactly 0, however far from the query the visible ones are. A query from which all
/// keys are hidden weighs them equally.
///
/// # Shapes
/// - scores: `[batch, heads, queries, keys]`
/// - value: `[batch, heads, keys, n + 1]`
/// - mask: `[batch or 1, queries or 1, keys]`, true where a key is hidden
/// - result: `[batch, heads, queries, n + 1]` and `[batch, heads, queries, keys]`
pub fn attend(
    scores: Tensor<4>,
    value: Tensor<4>,
    mask: Option<Tensor<3, Bool>>,
    curvature: Curvature,
) -> (Tensor<4>, Tensor<4>) {
    let scores = match mask {
        Some(mask) => {
            let mask = mask.unsqueeze_dim::<4>(1).expand(scores.dims());
            // Opposite points far out score below any fixed number, so it must be the type's lowest.
            let info = scores.dtype().finfo();
            let lowest = info.map_or(f64::from(f32::MIN), |info| info.min);
            scores.mask_fill(mask, lowest)
        }
        None => scores,
    };
    let weights = softmax(scores, 3);
    (centroid(value, weights.clone(), curvature), weights)
}

/// Settings of a [`LorentzAttention`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LorentzAttentionConfig {
    /// Components of an input point and of all heads of an output.
    pub d_model: usize,
    /// Number of heads.
    pub heads: usize,
    /// Dropout of the inputs of the three linear layers; weights have none, as in the authors' code.
    pub dropout: f64,
    /// Of all spaces.
    pub curvature: Curvature,
    /// A variant of the linear layers.
    pub parity: Option<Parity>,
}

impl LorentzAttentionConfig {
    /// Without dropout and with k = 1.
    pub fn new(d_model: usize, heads: usize) -> Self {
        Self {
            d_model,
            heads,
            dropout: 0.0,
            curvature: Curvature::UNIT,
            parity: None,
        }
    }

    /// A layer of these settings, with τ = √d_model and β = 0.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) naming the setting, its value and the limit.
    pub fn init(&self, seed: Seed, device: &Device) -> Result<LorentzAttention> {
        const ORIGIN: &str = "LorentzAttentionConfig";
        head_count(ORIGIN, "heads", self.heads, self.d_model)?;
        below_one(ORIGIN, "dropout", self.dropout)?;
        let linear = LorentzLinearConfig {
            output_heads: self.heads,
            curvature: self.curvature,
            ..LorentzLinearConfig::variant(self.d_model, self.d_model, self.parity)
        };
        Ok(LorentzAttention {
            query: linear.init(seed.child("query"), device)?,
            key: linear.init(seed.child("key"), device)?,
            value: linear.init(seed.child("value"), device)?,
            score_scale: parameter(vec![(self.d_model as f32).sqrt()], [1], device),
            score_bias: parameter(vec![0.0], [1], device),
            heads: self.heads,
            dropout: self.dropout,
            curvature: self.curvature,
        })
    }
}

/// Multi-head attention of points (HyboNet, section 3.2).
#[derive(Module, Debug)]
pub struct LorentzAttention {
    /// Queries of all heads.
    pub query: LorentzLinear,
    /// Keys of all heads.
    pub key: LorentzLinear,
    /// Values of all heads.
    pub value: LorentzLinear,
    /// τ: `[1]`.
    pub score_scale: Param<Tensor<1>>,
    /// β: `[1]`.
    pub score_bias: Param<Tensor<1>>,
    #[module(skip)]
    heads: usize,
    #[module(skip)]
    dropout: f64,
    #[module(skip)]
    curvature: Curvature,
}

impl LorentzAttention {
    /// What each query attends to in `source`, one point for each head in a row, and the weights.
    ///
    /// # Shapes
    /// - query: `[batch, queries, d_model]`
    /// - source: `[batch, keys, d_model]`
    /// - mask: `[batch or 1, queries or 1, keys]`, true where a key is hidden
    /// - result: `[batch, queries, d_model]` and `[batch, heads, queries, keys]`
    pub fn forward(
        &self,
        query: Tensor<3>,
        source: Tensor<3>,
        mask: Option<Tensor<3, Bool>>,
        dropout: DropoutSites<'_>,
    ) -> (Tensor<3>, Tensor<4>) {
        let project = |layer: &LorentzLinear, x, site| {
            let drop = dropout.mask(site, self.dropout);
            split_heads(layer.forward(x, drop.as_ref()), self.heads)
        };
        let query = project(&self.query, query, 0);
        let key = project(&self.key, source.clone(), 1);
        let value = project(&self.value, source, 2);
        let (scale, bias) = (self.score_scale.val(), self.score_bias.val());
        let scores = attention_scores(query, key, scale, bias, self.curvature);
        let (points, weights) = attend(scores, value, mask, self.curvature);
        (merge_heads(points), weights)
    }
}
