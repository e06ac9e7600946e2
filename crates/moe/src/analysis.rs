//! What can be seen of a layer before and after it is divided.

mod coactivation;

use plm_core::nn::FeedForward;

use crate::capture::FfnInputs;
use crate::experts::MoeLayer;
use crate::hidden::each_chunk;
use crate::host::{matrix, values};
use crate::policy::Selection;
use crate::quality::Coverage;
use crate::router::Router;
use crate::score::{Contribution, contributions};
use crate::{Error, Result};

pub use coactivation::Coactivation;

/// Whether a value of a neuron of `ffn` counts as active: above 0, in gated layers not 0.
fn is_active(ffn: &FeedForward) -> impl Fn(f32) -> bool + use<> {
    let gated = ffn.gate.is_some();
    move |value| value > 0.0 || gated && value < 0.0
}

/// Which share of the neurons is active, token by token.
#[derive(Debug, Clone, PartialEq)]
pub struct Activity {
    /// The share of active neurons, for every token, in rising order.
    shares: Vec<f64>,
}

impl Activity {
    /// The activity of `ffn` over `inputs`: a neuron is active where its value is above 0, in gated
    /// layers, where it can have either sign, where it is not 0.
    ///
    /// # Errors
    /// [`Error::NoTokens`] without inputs; those of [`FfnInputs::check`].
    pub fn of(ffn: &FeedForward, inputs: &FfnInputs) -> Result<Self> {
        let [width, neurons] = ffn.inner.weight.val().dims();
        inputs.check(width)?;
        let is_active = is_active(ffn);
        let mut shares = Vec::with_capacity(inputs.tokens());
        each_chunk(ffn, &inputs.rows, |hidden| {
            shares.extend(hidden.chunks_exact(neurons).map(|row| {
                let active = row.iter().filter(|&&value| is_active(value)).count();
                active as f64 / neurons as f64
            }));
            Ok(())
        })?;
        shares.sort_by(f64::total_cmp);
        Ok(Self { shares })
    }

    /// The mean share: the active ratio of the paper.
    pub fn mean(&self) -> f64 {
        self.shares.iter().sum::<f64>() / self.shares.len() as f64
    }

    /// The share of tokens for which less than `share` of the neurons are active.
    pub fn below(&self, share: f64) -> f64 {
        let count = self.shares.partition_point(|&own| own < share);
        count as f64 / self.shares.len() as f64
    }
}

/// How often each expert is chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct ExpertLoad {
    /// Tokens of each expert.
    pub counts: Vec<u64>,
}

impl ExpertLoad {
    /// The load of the experts of `selection`, which [`expert_selection`] gives for a layer.
    pub fn of(selection: &Selection) -> Self {
        let tokens = selection.by_expert();
        Self {
            counts: tokens.iter().map(|tokens| tokens.len() as u64).collect(),
        }
    }

    /// Experts that no token chose.
    pub fn unused(&self) -> usize {
        self.counts.iter().filter(|&&count| count == 0).count()
    }

    /// The Gini coefficient of the counts: 0 where all are alike, near 1 where one expert has all.
    pub fn gini(&self) -> f64 {
        let mut counts = self.counts.clone();
        counts.sort_unstable();
        let total: u64 = counts.iter().sum();
        if total == 0 {
            return 0.0;
        }
        let n = counts.len() as f64;
        let ranked: f64 = counts
            .iter()
            .enumerate()
            .map(|(place, &count)| (2.0 * (place + 1) as f64 - n - 1.0) * count as f64)
            .sum();
        ranked / (n * total as f64)
    }
}

/// The router's scores of every expert for `inputs`, `[tokens, experts]`.
///
/// # Errors
/// Those of [`FfnInputs::check`].
pub(crate) fn expert_scores(layer: &MoeLayer, inputs: &FfnInputs) -> Result<Vec<f32>> {
    inputs.check(layer.ffn.inner.weight.val().dims()[0])?;
    if matches!(layer.router, Router::Groundtruth(_)) {
        return expert_contributions(layer, inputs);
    }
    let device = layer.ffn.inner.weight.device().inner();
    let x = matrix(&inputs.rows, inputs.tokens(), inputs.width, &device);
    let scores = layer.router.scores(&x).expect("only groundtruth has none");
    Ok(values(scores))
}

/// The experts' contributions to each of `inputs`, `[tokens, experts]`, as the layer's router counts them.
///
/// # Errors
/// [`Error::NoTokens`] without inputs; those of [`FfnInputs::check`].
pub fn expert_contributions(layer: &MoeLayer, inputs: &FfnInputs) -> Result<Vec<f32>> {
    contributions_as(layer, layer.contribution, inputs)
}

/// The experts that the layer's router and policy choose for each of `inputs`: what [`ExpertLoad::of`]
/// and [`coverage`] measure.
///
/// # Errors
/// [`Error::NoTokens`] without inputs; [`Error::NotFinite`] for scores that are not; those of
/// [`FfnInputs::check`] and of the policy.
pub fn expert_selection(layer: &MoeLayer, inputs: &FfnInputs) -> Result<Selection> {
    inputs.check(layer.ffn.inner.weight.val().dims()[0])?;
    if inputs.tokens() == 0 {
        return Err(Error::NoTokens {
            what: "choosing experts",
        });
    }
    let scores = expert_scores(layer, inputs)?;
    layer.policy.select(&scores, layer.partition.experts())
}

/// How much the experts cover that `selection` has for `inputs` ([`expert_selection`]), where `measure`
/// says what counts: [`MoeLayer::measure`] for figures that compare with those of other routers.
///
/// # Errors
/// [`Error::NoTokens`] without inputs, or where no contribution is positive; [`Error::NotFinite`] for
/// contributions that are not; [`Error::Size`] for a selection of other tokens or experts; those of
/// [`FfnInputs::check`].
pub fn coverage(
    layer: &MoeLayer,
    selection: &Selection,
    measure: Contribution,
    inputs: &FfnInputs,
) -> Result<Coverage> {
    let own = contributions_as(layer, measure, inputs)?;
    Coverage::of_selection(selection, &own)
}

/// See [`expert_contributions`]; `kind` says what counts.
fn contributions_as(layer: &MoeLayer, kind: Contribution, inputs: &FfnInputs) -> Result<Vec<f32>> {
    let device = layer.ffn.inner.weight.device().inner();
    let [width, neurons] = layer.ffn.inner.weight.val().dims();
    inputs.check(width)?;
    let mean = layer.mean_tensor();
    let w_out = layer.ffn.outer.weight.val();
    let mut all = Vec::with_capacity(inputs.tokens() * layer.partition.experts());
    each_chunk(&layer.ffn, &inputs.rows, |hidden| {
        let hidden = matrix(&hidden, hidden.len() / neurons, neurons, &device);
        let experts = layer.partition.experts();
        let own = contributions(kind, hidden, &w_out, mean.as_ref(), experts);
        all.extend(values(own));
        Ok(())
    })?;
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn load_counts_tokens() {
        let selection = Selection::from_lists(&[vec![0, 2], vec![2], vec![]], 4).unwrap();
        assert_eq!(ExpertLoad::of(&selection).counts, [1, 0, 2, 0]);
    }

    #[test]
    fn load_statistics_by_hand() {
        let even = ExpertLoad { counts: vec![3; 4] };
        assert_eq!((even.gini(), even.unused()), (0.0, 0));
        // One of four has all: (n - 1) / n.
        let one = ExpertLoad {
            counts: vec![0, 8, 0, 0],
        };
        assert_eq!((one.gini(), one.unused()), (0.75, 3));
        assert_eq!(ExpertLoad { counts: vec![0, 0] }.gini(), 0.0);
    }

    #[test]
    fn activity_counts_tokens_strictly_below() {
        let activity = Activity {
            shares: vec![0.1, 0.2, 0.2, 0.5],
        };
        assert!((activity.mean() - 0.25).abs() < 1e-12);
        assert_eq!(activity.below(0.2), 0.25);
        assert_eq!(activity.below(0.6), 1.0);
    }
}
