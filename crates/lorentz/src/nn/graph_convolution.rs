//! Graph convolution with centroids of neighbors.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use plm_core::graph::{Csr, Scalar};
use plm_core::kernel::SiteMask;
use plm_core::rng::Seed;
use serde::{Deserialize, Serialize};

use super::linear::{LorentzLinear, LorentzLinearConfig};
use super::parameter::parameter;
use super::sigmoid::sigmoid;
use crate::geometry::{centroid_of_sum, inner};
use crate::{Error, Result};

/// β of edge attention before training: edges between points of d²_L / τ well below it count fully.
const EDGE_BIAS: f32 = 20.0;
/// Nodes whose edges weigh less in total count as without neighbors: gradients through the quotient
/// would overflow.
const CLOSED: f64 = 1e-30;

/// Settings of a [`GraphConvolution`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GraphConvolutionConfig {
    /// The layer before the aggregation. Its outputs are one point each.
    pub linear: LorentzLinearConfig,
    /// Whether edges are weighed by attention.
    pub attention: bool,
}

impl GraphConvolutionConfig {
    /// Without attention, k = 1.
    pub fn new(d_input: usize, d_output: usize) -> Self {
        Self {
            linear: LorentzLinearConfig::new(d_input, d_output),
            attention: false,
        }
    }

    /// A layer of these settings.
    ///
    /// # Errors
    /// [`Error::Core`] naming the setting, its value and the limit.
    pub fn init(&self, seed: Seed, device: &Device) -> Result<GraphConvolution> {
        let (width, heads) = (self.linear.d_output, self.linear.output_heads);
        if heads != 1 {
            return Err(Error::config(
                "GraphConvolutionConfig",
                "linear.output_heads",
                format!("is {heads}, must be 1: a centroid is one point"),
            ));
        }
        let scores = LorentzLinearConfig {
            d_input: width,
            input_heads: 1,
            activation: None,
            ..self.linear
        };
        let attention = || -> Result<_> {
            Ok(EdgeAttention {
                query: scores.init(seed.child("query"), device)?,
                key: scores.init(seed.child("key"), device)?,
                score_scale: parameter(vec![(width as f32).sqrt()], [1], device),
                score_bias: parameter(vec![EDGE_BIAS], [1], device),
            })
        };
        Ok(GraphConvolution {
            linear: self.linear.init(seed.child("linear"), device)?,
            attention: self.attention.then(attention).transpose()?,
        })
    }
}

/// Weights of edges by the points at their ends.
#[derive(Module, Debug)]
pub struct EdgeAttention {
    /// Of the node that gathers.
    pub query: LorentzLinear,
    /// Of its neighbor.
    pub key: LorentzLinear,
    /// τ: `[1]`.
    pub score_scale: Param<Tensor<1>>,
    /// β: `[1]`.
    pub score_bias: Param<Tensor<1>>,
}

impl EdgeAttention {
    /// σ((2k + 2⟨qᵢ, kⱼ⟩)/τ + β) times the value of each entry (i, j) of `adjacency`. Only edges are
    /// scored, where the authors' code scores all pairs of nodes.
    ///
    /// # Shapes
    /// - x: `[nodes, d_output]`
    /// - result: `[nnz]`, in the order of [`Csr::entries`]
    pub fn weights<T: Scalar>(&self, x: Tensor<2>, adjacency: &Csr<T>) -> Tensor<1> {
        let (device, dtype) = (x.device(), x.dtype());
        let query = self.query.forward(x.clone(), None);
        let key = self.key.forward(x, None);
        let products = inner(
            query.select(0, adjacency.row_ids(&device)),
            key.select(0, adjacency.col_ids(&device)),
        );
        let scores = products
            .add_scalar(self.query.curvature().k())
            .mul_scalar(2.0)
            / self.score_scale.val().unsqueeze::<2>();
        let gates = sigmoid(scores + self.score_bias.val().unsqueeze::<2>());
        gates.reshape([adjacency.nnz()]) * adjacency.values_on(&device, dtype)
    }
}

/// A Lorentz linear layer and the weighted centroids of every node's neighbors.
#[derive(Module, Debug)]
pub struct GraphConvolution {
    /// The layer before the aggregation.
    pub linear: LorentzLinear,
    /// Weights of edges; without it those of the adjacency matrix.
    pub attention: Option<EdgeAttention>,
}

impl GraphConvolution {
    /// The points of all nodes. A node without neighbors, or whose attention weighs them all less than
    /// 10⁻³⁰, goes to the origin: give it a loop.
    ///
    /// # Shapes
    /// - x: `[nodes, d_input]`
    /// - adjacency: `[nodes, nodes]` without negative values; row i holds the weights of i's neighbors
    /// - dropout: of the activated input
    /// - result: `[nodes, d_output]`
    pub fn forward<T: Scalar>(
        &self,
        x: Tensor<2>,
        adjacency: &Csr<T>,
        dropout: Option<&SiteMask>,
    ) -> Tensor<2> {
        let points = self.linear.forward(x, dropout);
        let ones = Tensor::<2>::ones([points.dims()[0], 1], (&points.device(), points.dtype()));
        let (sums, totals) = match &self.attention {
            Some(attention) => {
                let weights = attention.weights(points.clone(), adjacency);
                let totals = adjacency.matmul_values(weights.clone().detach(), ones);
                let closed = totals.clone().lower_scalar(CLOSED);
                let totals = totals.mask_fill(closed, 0.0);
                (adjacency.matmul_values(weights, points), totals)
            }
            None => (adjacency.matmul(points), adjacency.matmul(ones)),
        };
        centroid_of_sum(sums, totals, self.linear.curvature())
    }
}
