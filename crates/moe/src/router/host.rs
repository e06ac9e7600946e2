//! Routers on the host, for layers in their fast form.

use plm_core::kernel::Activation;

use super::{Metric, RandomRouter, Router};
use crate::Result;
use crate::exec::{ExpertFfn, activate, products};
use crate::host::values;
use crate::score::Contribution;
use crate::split::normalized_rows;

/// A router with its weights in the host's memory, output rows contiguous.
#[derive(Debug, Clone)]
pub(crate) enum HostRouter {
    Groundtruth(Contribution),
    Random(RandomRouter),
    /// Cosine or distance to rows of `[experts, width]`.
    Centroid {
        rows: Vec<f32>,
        metric: Metric,
    },
    /// `[hidden, width]` and `[experts, hidden]`.
    Mlp {
        first: Vec<f32>,
        second: Vec<f32>,
    },
    /// As `Mlp`, with biases.
    Contribution {
        first: Vec<f32>,
        first_bias: Vec<f32>,
        second: Vec<f32>,
        second_bias: Vec<f32>,
    },
}

impl HostRouter {
    /// # Errors
    /// [`crate::Error::NotFinite`] for a center that is not a number.
    pub(crate) fn new(router: &Router, contribution: Contribution) -> Result<Self> {
        Ok(match router {
            Router::Groundtruth(_) => Self::Groundtruth(contribution),
            Router::Random(router) => Self::Random(router.clone()),
            Router::Centroid(router) => {
                let width = router.centers.dims()[1];
                let rows = values(router.centers.clone());
                Self::Centroid {
                    rows: match router.metric {
                        Metric::Cosine => normalized_rows(&rows, width)?,
                        Metric::Euclidean => rows,
                    },
                    metric: router.metric,
                }
            }
            Router::Mlp(router) => Self::Mlp {
                first: values(router.w1.val().transpose()),
                second: values(router.w2.val().transpose()),
            },
            Router::Contribution(router) => {
                let bias = |linear: &burn::nn::Linear| {
                    linear.bias.as_ref().map_or_else(
                        || vec![0.0; linear.weight.val().dims()[1]],
                        |bias| values(bias.val()),
                    )
                };
                Self::Contribution {
                    first: values(router.hidden.weight.val().transpose()),
                    first_bias: bias(&router.hidden),
                    second: values(router.output.weight.val().transpose()),
                    second_bias: bias(&router.output),
                }
            }
        })
    }

    /// A score for each expert.
    ///
    /// # Shapes
    /// - x: `[tokens, width]`
    /// - result: `[tokens, experts]`
    pub(crate) fn scores(&self, layer: &ExpertFfn, x: &[f32]) -> Result<Vec<f32>> {
        let width = layer.hidden_size();
        Ok(match self {
            Self::Groundtruth(kind) => layer.contributions(x, *kind)?,
            Self::Random(router) => router.draw(x, width),
            Self::Centroid { rows, metric } => {
                let x = normalized_rows(x, width)?;
                let mut scores = products(&x, rows, width);
                if *metric == Metric::Euclidean {
                    let norm = |row: &[f32]| row.iter().map(|value| value * value).sum::<f32>();
                    let experts: Vec<f32> = rows.chunks_exact(width).map(norm).collect();
                    for (row, scores) in x
                        .chunks_exact(width)
                        .zip(scores.chunks_exact_mut(experts.len()))
                    {
                        let own = norm(row);
                        for (score, expert) in scores.iter_mut().zip(&experts) {
                            *score = -(own + expert - 2.0 * *score).max(0.0).sqrt();
                        }
                    }
                }
                scores
            }
            Self::Mlp { first, second } => {
                let mut hidden = products(&normalized_rows(x, width)?, first, width);
                activate(Activation::Tanh, &mut hidden);
                products(&hidden, second, first.len() / width)
            }
            Self::Contribution {
                first,
                first_bias,
                second,
                second_bias,
            } => {
                let mut hidden = products(x, first, width);
                add_bias(&mut hidden, first_bias);
                activate(Activation::Relu, &mut hidden);
                let mut scores = products(&hidden, second, first_bias.len());
                add_bias(&mut scores, second_bias);
                for score in &mut scores {
                    *score = score.abs();
                }
                scores
            }
        })
    }
}

fn add_bias(rows: &mut [f32], bias: &[f32]) {
    for row in rows.chunks_exact_mut(bias.len()) {
        for (value, bias) in row.iter_mut().zip(bias) {
            *value += bias;
        }
    }
}
