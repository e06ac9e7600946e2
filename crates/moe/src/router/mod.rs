//! Routers: what an input row says about the experts it will use.

mod centroid;
mod contribution;
mod fit;
mod host;
mod mlp;
#[cfg(test)]
mod tests;
mod train;

pub use centroid::{CentroidRouter, Metric};
pub use contribution::{ContributionRouter, ContributionRouterConfig};
pub use fit::RouterReport;
pub use mlp::{MlpRouter, MlpRouterConfig};

pub(crate) use fit::{Targets, fit};
pub(crate) use host::HostRouter;

use self::train::Trainable as _;

use burn::module::Module;
use burn::tensor::Tensor;
use plm_core::rng::Seed;
use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::host::{matrix, values};

/// How the experts of a token are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RouterKind {
    /// By the experts' true contributions. Needs the whole layer, so it saves only the output half:
    /// an upper bound for analysis.
    Groundtruth,
    /// At random: the lower bound.
    Random,
    /// By similarity of the input to the experts' centers.
    Similarity(Metric),
    /// By similarity of the input to the first neuron of each expert.
    Representative,
    /// By a small network trained to predict contributions: the paper's best.
    Mlp(MlpRouterConfig),
    /// By a small network trained to predict the size of the experts' outputs (D2DMoE), which
    /// [`crate::Policy::Max`] and [`crate::Policy::Share`] need.
    Contribution(ContributionRouterConfig),
}

/// A router, ready to use.
#[derive(Module, Debug)]
pub enum Router {
    /// See [`RouterKind::Groundtruth`].
    Groundtruth(NoWeights),
    /// See [`RouterKind::Random`].
    Random(RandomRouter),
    /// See [`RouterKind::Similarity`] and [`RouterKind::Representative`].
    Centroid(CentroidRouter),
    /// See [`RouterKind::Mlp`].
    Mlp(MlpRouter),
    /// See [`RouterKind::Contribution`].
    Contribution(ContributionRouter),
}

/// A router without weights of its own.
#[derive(Module, Debug, Default)]
pub struct NoWeights {}

/// Scores drawn for each row: the same for the same row and seed, wherever in a batch it stands.
#[derive(Module, Debug)]
pub struct RandomRouter {
    /// Number of experts.
    #[module(skip)]
    pub experts: usize,
    /// Where the draws start.
    #[module(skip)]
    pub seed: u64,
}

impl RandomRouter {
    /// Scores of every expert.
    ///
    /// # Shapes
    /// - x: `[tokens, width]`
    /// - result: `[tokens, experts]`
    pub(crate) fn draw(&self, x: &[f32], width: usize) -> Vec<f32> {
        let seed = Seed::new(self.seed).child("random router");
        let rows = x.chunks_exact(width);
        let mut scores = Vec::with_capacity(rows.len() * self.experts);
        for row in rows {
            let mut rng = seed.at(fingerprint(row)).rng();
            scores.extend((0..self.experts).map(|_| rng.random::<f32>()));
        }
        scores
    }

    fn scores(&self, x: &Tensor<2>) -> Tensor<2> {
        let [tokens, width] = x.dims();
        let scores = self.draw(&values(x.clone()), width);
        matrix(&scores, tokens, self.experts, &x.device())
    }
}

/// A number for the places at which a row rises, by FNV-1a. Two computations of one row that differ by
/// rounding have the same but for neighbors that are equal to the last bits.
fn fingerprint(row: &[f32]) -> u64 {
    row.windows(2)
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, pair| {
            (hash ^ u64::from(pair[0] < pair[1])).wrapping_mul(0x0000_0100_0000_01b3)
        })
}

impl Router {
    /// A score for each expert: higher is more wanted. None from [`Router::Groundtruth`], whose scores
    /// are the contributions themselves.
    ///
    /// # Shapes
    /// - x: `[tokens, width]`
    /// - result: `[tokens, experts]`
    pub fn scores(&self, x: &Tensor<2>) -> Option<Tensor<2>> {
        match self {
            Self::Groundtruth(_) => None,
            Self::Random(router) => Some(router.scores(x)),
            Self::Centroid(router) => Some(router.forward(x.clone())),
            Self::Mlp(router) => Some(router.forward(x.clone())),
            Self::Contribution(router) => Some(router.forward(x.clone())),
        }
    }
}

/// Rows divided by their Euclidean norm; rows of zeros stay.
pub(crate) fn normalized(x: Tensor<2>) -> Tensor<2> {
    let norm = x.clone().square().sum_dim(1).sqrt().clamp_min(1e-12);
    x / norm
}
