//! From a kind of router to a router for one layer, and how good it is.

use burn::tensor::Tensor;
use plm_core::nn::FeedForward;
use plm_core::rng::Seed;

use super::centroid::CentroidRouter;
use super::contribution::{ContributionRouter, ContributionRouterConfig};
use super::mlp::MlpRouter;
use super::train::{Labeled, Steps, Trainable as _, score_rows, train};
use super::{NoWeights, RandomRouter, Router, RouterKind};
use crate::capture::FfnInputs;
use crate::ffn::hidden_values;
use crate::quality::{Coverage, capture, check_contributions};
use crate::score::{Contribution, contributions};
use crate::{Error, FfnWeights, Result};

/// How good a router is on the held-out tokens: those that neither split nor training has seen.
///
/// A trained router was selected on them, though: its best epoch is the one with the highest capture
/// there, so that its figures are a little better than they would be on new tokens
/// ([`crate::coverage`], [`crate::Capture::split`]).
///
/// `capture` and `recall` are of [`crate::MoeLayer::measure`], the same for all routers of a layer.
#[derive(Debug, Clone, PartialEq)]
pub struct RouterReport {
    /// Experts chosen in these measurements.
    pub k: usize,
    /// Mean share of the contributions that the chosen experts have, over tokens with any.
    pub capture: f64,
    /// Mean share of the truly largest experts that were chosen.
    pub recall: f64,
    /// The same of the sizes of the experts' outputs, where the router predicts those
    /// ([`RouterKind::Contribution`]).
    pub norms: Option<Coverage>,
    /// Capture of held-out tokens before training and after every epoch, of what the router learns;
    /// empty for routers without training. An epoch that gives scores that are not finite ends the
    /// training and has no entry.
    pub history: Vec<f64>,
    /// Which entry of `history` was kept.
    pub best: usize,
}

/// What the router of one layer learns and is measured by.
pub(crate) struct Targets<'a> {
    /// The layer, its neurons expert by expert.
    pub(crate) ffn: &'a FeedForward,
    /// The same on the host.
    pub(crate) weights: &'a FfnWeights,
    /// Number of experts.
    pub(crate) experts: usize,
    /// What reports count as an expert's contribution, and what all routers but that of output norms
    /// learn.
    pub(crate) measure: Contribution,
    /// Means that stand in for unselected neurons.
    pub(crate) mean: Option<&'a Tensor<1>>,
    /// Input rows.
    pub(crate) inputs: &'a FfnInputs,
}

impl Targets<'_> {
    /// The experts' contributions to each of `rows`.
    ///
    /// # Errors
    /// [`Error::NotFinite`] for one that is not.
    fn label(&self, rows: &[f32], contribution: Contribution) -> Result<Labeled> {
        let width = self.weights.hidden_size;
        let device = self.ffn.inner.weight.device().inner();
        let w_out = self.ffn.outer.weight.val();
        let contributions = score_rows(rows, width, &device, |x| {
            let hidden = hidden_values(self.ffn, x);
            contributions(contribution, hidden, &w_out, self.mean, self.experts)
        });
        check_contributions(&contributions, self.experts)?;
        Ok(Labeled {
            rows: rows.to_vec(),
            contributions,
            width,
            experts: self.experts,
        })
    }
}

/// The seed of a trained router: that of its layer and that of its settings.
fn combined(layer: Seed, settings: Seed) -> Seed {
    layer.child("router").at(settings.value())
}

/// A router of `kind` for the layer of `targets`, measured with `k` experts; `seed` is the layer's.
///
/// # Errors
/// [`Error::NoTokens`] where there is nothing to train on or to measure with, [`Error::Setting`] for
/// a setting out of its limits, [`Error::NotFinite`] for contributions, or scores of a router before its
/// training, that are not finite.
pub(crate) fn fit(
    kind: RouterKind,
    targets: &Targets<'_>,
    k: usize,
    seed: Seed,
) -> Result<(Router, RouterReport)> {
    let (weights, experts) = (targets.weights, targets.experts);
    let (rows, width) = (weights.routing_rows(), weights.hidden_size);
    let device = targets.ffn.inner.weight.device().inner();
    let (training, held_out) = targets.inputs.parts();
    let held_out = targets.label(held_out, targets.measure)?;
    if held_out.tokens() == 0 {
        return Err(Error::NoTokens {
            what: "measuring a router",
        });
    }
    let (mut history, mut best, mut held_norms) = (Vec::new(), 0, None);
    let router = match kind {
        RouterKind::Groundtruth => Router::Groundtruth(NoWeights::default()),
        RouterKind::Random => Router::Random(RandomRouter {
            experts,
            seed: seed.value(),
        }),
        RouterKind::Similarity(metric) => {
            let router = CentroidRouter::means(rows, width, experts, metric, &device)?;
            Router::Centroid(router)
        }
        RouterKind::Representative => {
            let router = CentroidRouter::first_neurons(rows, width, experts, &device);
            Router::Centroid(router)
        }
        RouterKind::Mlp(config) => {
            config.check()?;
            let initial = MlpRouter::initial(rows, width, experts, &device)?;
            let data = targets.label(training, targets.measure)?;
            let at = ((config.validation_share * experts as f64) as usize).max(1);
            let steps = Steps {
                lr: config.lr,
                epochs: config.epochs,
                batch_size: config.batch_size,
                seed: combined(seed, config.seed),
            };
            let trained = train(initial, &data, &steps, &device, |router: &MlpRouter| {
                let scores = score_rows(&held_out.rows, width, &device, |x| router.forward(x));
                capture(&scores, &held_out.contributions, experts, at)
            })?;
            (history, best) = (trained.history, trained.best);
            Router::Mlp(trained.router)
        }
        RouterKind::Contribution(config) => {
            config.check()?;
            let config = ContributionRouterConfig {
                seed: combined(seed, config.seed),
                ..config
            };
            let initial = ContributionRouter::initial(width, experts, &config, &device);
            let data = targets.label(training, Contribution::OutputNorm)?;
            let sizes = targets.label(&held_out.rows, Contribution::OutputNorm)?;
            let steps = Steps {
                lr: config.lr,
                epochs: config.epochs,
                batch_size: config.batch_size,
                seed: config.seed,
            };
            let trained = train(
                initial,
                &data,
                &steps,
                &device,
                |router: &ContributionRouter| {
                    let scores = score_rows(&sizes.rows, width, &device, |x| router.forward(x));
                    capture(&scores, &sizes.contributions, experts, k)
                },
            )?;
            held_norms = Some(sizes.contributions);
            (history, best) = (trained.history, trained.best);
            Router::Contribution(trained.router)
        }
    };
    let scores = match &router {
        Router::Groundtruth(_) => held_out.contributions.clone(),
        router => score_rows(&held_out.rows, width, &device, |x| {
            router.scores(&x).expect("only groundtruth has none")
        }),
    };
    let reached = Coverage::of_best(&scores, &held_out.contributions, experts, k)?;
    let norms = held_norms
        .map(|norms| Coverage::of_best(&scores, &norms, experts, k))
        .transpose()?;
    let report = RouterReport {
        k,
        capture: reached.capture,
        recall: reached.recall,
        norms,
        history,
        best,
    };
    Ok((router, report))
}
