//! What is minimized.

use burn::tensor::{Int, Tensor, activation};
use plm_core::kernel;
use serde::{Deserialize, Serialize};

/// The loss of node classification.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeLoss {
    /// [`node_margin_loss`] with this margin.
    Margin(f64),
    /// Cross-entropy of the softmax of the scores.
    CrossEntropy,
}

/// The loss of link prediction.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkLoss {
    /// [`link_margin_loss`] with this margin.
    Margin(f64),
    /// [`fermi_dirac_loss`] with HGCN's radius 2 and temperature 1.
    FermiDirac,
}

impl NodeLoss {
    /// # Shapes
    /// - scores: `[nodes, classes]`
    /// - labels: `[nodes]`
    /// - result: `[1]`
    pub(super) fn value(self, scores: Tensor<2>, labels: Tensor<1, Int>) -> Tensor<1> {
        match self {
            Self::Margin(margin) => node_margin_loss(scores, labels, margin),
            Self::CrossEntropy => kernel::cross_entropy(scores, labels, None, 0.0),
        }
    }
}

impl LinkLoss {
    /// # Shapes
    /// - positive, negative: `[pairs, 1]`
    /// - result: `[1]`
    pub(super) fn value(self, positive: Tensor<2>, negative: Tensor<2>) -> Tensor<1> {
        match self {
            Self::Margin(margin) => link_margin_loss(positive, negative, margin),
            Self::FermiDirac => fermi_dirac_loss(positive, negative, 2.0, 1.0),
        }
    }
}

/// The mean over nodes and classes c of max(0, m − s_y + s_c). The true class y counts as well, which
/// adds the constant m / classes, as in HyboNet's code.
///
/// # Shapes
/// - scores: `[nodes, classes]`
/// - labels: `[nodes]`
/// - result: `[1]`
pub fn node_margin_loss(scores: Tensor<2>, labels: Tensor<1, Int>, margin: f64) -> Tensor<1> {
    let own = scores.clone().gather(1, labels.unsqueeze_dim(1));
    activation::relu((scores - own).add_scalar(margin)).mean()
}

/// The mean over pairs of max(0, m − s₊ + s₋) and of m, which is what HyboNet's code computes by
/// counting the positive itself among its negatives.
///
/// # Shapes
/// - positive: `[pairs, 1]`, the scores of edges
/// - negative: `[pairs, 1]`, one for each of them
/// - result: `[1]`
pub fn link_margin_loss(positive: Tensor<2>, negative: Tensor<2>, margin: f64) -> Tensor<1> {
    let gaps = activation::relu((negative - positive).add_scalar(margin));
    gaps.mean().add_scalar(margin).div_scalar(2.0)
}

/// Binary cross-entropy of the Fermi-Dirac probability 1 / (1 + exp((d² − r) / t)) of an edge, over
/// positives and negatives: the loss of HGCN and its Euclidean baselines.
///
/// # Shapes
/// - positive, negative: `[pairs, 1]`, −d² of pairs with and without an edge
/// - result: `[1]`
pub fn fermi_dirac_loss(
    positive: Tensor<2>,
    negative: Tensor<2>,
    radius: f64,
    temperature: f64,
) -> Tensor<1> {
    let logits = |scores: Tensor<2>| scores.add_scalar(radius).div_scalar(temperature);
    let missed = activation::softplus(logits(positive).neg(), 1.0).mean();
    missed + activation::softplus(logits(negative), 1.0).mean()
}
