//! One layer, divided into experts and routed.

use burn::tensor::Tensor;
use plm_core::kernel::Activation;
use plm_core::nn::FeedForward;
use plm_core::rng::Seed;
use serde::{Deserialize, Serialize};

use crate::capture::FfnInputs;
use crate::config::{Fill, MoeConfig, SplitKind};
use crate::divide::divide;
use crate::ffn::MoeFfn;
use crate::hidden::{check_type, mean_values};
use crate::policy::Policy;
use crate::router::{Router, RouterKind, RouterReport, Targets, fit};
use crate::score::Contribution;
use crate::{Error, FfnWeights, Partition, Result};

/// How the neurons of a layer were divided.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Division {
    /// Kind of the split.
    pub split: SplitKind,
    /// The layer's seed, as [`MoeLayer::convert`] was given it.
    pub seed: Seed,
}

/// One layer, converted.
#[derive(Debug, Clone)]
pub struct MoeLayer {
    /// Which expert each neuron of the original layer belongs to.
    ///
    /// Labels are in the order that neurons had before the conversion. In `ffn`, and in the dense
    /// model that [`crate::load`] gives, neuron `p` is neuron `partition.permutation()[p]` of the
    /// original: there, experts are blocks of `partition.expert_size()` neighbors.
    pub partition: Partition,
    /// How the neurons were divided; none where the division was given, or a file does not say.
    pub division: Option<Division>,
    /// The dense layer with its neurons expert by expert.
    pub ffn: FeedForward,
    /// Chooses the experts.
    pub router: Router,
    /// What unselected neurons count as, `[neurons]`, in the order of `ffn`.
    pub mean: Option<Vec<f32>>,
    /// What counts as an expert's contribution for the router and for [`crate::share_out`].
    pub contribution: Contribution,
    /// Experts of a token.
    pub policy: Policy,
    /// How good the router is on held-out tokens, by [`Self::measure`].
    pub report: RouterReport,
}

impl MoeLayer {
    /// Divides `ffn` into experts and fits a router to `inputs`.
    ///
    /// Everything is fitted to the first 90 % of the rows, and the report is of the others
    /// ([`FfnInputs::held_out`]).
    ///
    /// # Errors
    /// [`Error::NotDivisible`] where the neurons cannot be divided into experts of that size,
    /// [`Error::NotFinite`] for weights or inputs that are not numbers, or so large that contributions are
    /// not (of the rows that measure, and where the router is trained of all), [`Error::Size`] for inputs
    /// of another width, [`Error::NoTokens`] without inputs, [`Error::Setting`] for a setting out of its
    /// limits, or weights of another number type than the layer's device has by default.
    pub fn convert(
        ffn: &FeedForward,
        inputs: &FfnInputs,
        config: &MoeConfig,
        seed: Seed,
    ) -> Result<Self> {
        check_type(ffn)?;
        let weights = FfnWeights::read(ffn)?;
        inputs.check(weights.hidden_size)?;
        let partition = divide(ffn, &weights, inputs, config, seed)?;
        let mut layer = Self::build(ffn, &weights, partition, inputs, config, seed)?;
        layer.division = Some(Division {
            split: config.split,
            seed,
        });
        Ok(layer)
    }

    /// [`Self::convert`] with a division that is known already; `config.split` and
    /// `config.expert_size` are not read.
    ///
    /// # Errors
    /// As [`Self::convert`]; [`Error::Size`] where the partition is of another number of neurons.
    pub fn with_partition(
        ffn: &FeedForward,
        partition: Partition,
        inputs: &FfnInputs,
        config: &MoeConfig,
        seed: Seed,
    ) -> Result<Self> {
        check_type(ffn)?;
        let weights = FfnWeights::read(ffn)?;
        inputs.check(weights.hidden_size)?;
        if partition.neurons() != weights.neurons {
            return Err(Error::Size {
                what: "a partition".to_owned(),
                found: partition.neurons(),
                expected: weights.neurons,
            });
        }
        Self::build(ffn, &weights, partition, inputs, config, seed)
    }

    fn build(
        original: &FeedForward,
        weights: &FfnWeights,
        partition: Partition,
        inputs: &FfnInputs,
        config: &MoeConfig,
        seed: Seed,
    ) -> Result<Self> {
        let device = original.inner.weight.device().inner();
        let weights = weights.permuted(&partition);
        let ffn = weights.to_feed_forward(&device);
        let experts = partition.experts();
        let k = config.k(experts)?;
        let ordered = Ordered {
            ffn: &ffn,
            weights: &weights,
            experts,
            fill: config.fill(weights.activation),
            inputs,
        };
        let fitted = ordered.fit(config.router, k, seed)?;
        Ok(Self {
            partition,
            division: None,
            ffn,
            router: fitted.router,
            mean: fitted.mean,
            contribution: fitted.contribution,
            policy: Policy::TopK(k),
            report: fitted.report,
        })
    }

    /// Fits another router to `inputs`, and the means anew where the layer has any: for a layer that
    /// was loaded, tuned or is to be routed otherwise. Experts and policy stay.
    ///
    /// The report is for as many experts as the policy names, else for as many as before.
    ///
    /// # Errors
    /// As [`Self::convert`]; [`Error::Chosen`] and [`Error::Setting`] for a policy that does not fit
    /// the layer.
    pub fn refit(&mut self, inputs: &FfnInputs, router: RouterKind, seed: Seed) -> Result<()> {
        let experts = self.partition.experts();
        self.policy.check(experts)?;
        check_type(&self.ffn)?;
        let weights = FfnWeights::read(&self.ffn)?;
        inputs.check(weights.hidden_size)?;
        let k = match self.policy {
            Policy::TopK(k) => k,
            _ => self.report.k,
        };
        let ordered = Ordered {
            ffn: &self.ffn,
            weights: &weights,
            experts,
            fill: self.fill(),
            inputs,
        };
        let fitted = ordered.fit(router, k, seed)?;
        self.router = fitted.router;
        self.mean = fitted.mean;
        self.contribution = fitted.contribution;
        self.report = fitted.report;
        Ok(())
    }

    /// What reports count as an expert's contribution: sums over its neurons' values, or over their
    /// squared distances from the mean where that stands in for them. Unlike `contribution`, it does not
    /// depend on the router, so that figures of all routers of a layer compare.
    pub fn measure(&self) -> Contribution {
        measure(self.ffn.activation, self.ffn.gate.is_some(), self.fill())
    }

    fn fill(&self) -> Fill {
        match self.mean {
            Some(_) => Fill::Mean,
            None => Fill::Zero,
        }
    }

    /// What unselected neurons count as, on the layer's device.
    pub(crate) fn mean_tensor(&self) -> Option<Tensor<1>> {
        let device = self.ffn.inner.weight.device().inner();
        let mean = self.mean.as_ref()?;
        Some(Tensor::from_data(mean.as_slice(), &device))
    }

    /// The layer in tensor operations.
    pub fn to_moe_ffn(&self) -> MoeFfn {
        MoeFfn {
            ffn: self.ffn.clone(),
            router: self.router.clone(),
            mean: self.mean_tensor(),
            experts: self.partition.experts(),
            policy: self.policy,
            contribution: self.contribution,
        }
    }
}

/// A layer whose neurons lie expert by expert, and the inputs that its router is fitted to.
struct Ordered<'a> {
    ffn: &'a FeedForward,
    /// The same on the host.
    weights: &'a FfnWeights,
    experts: usize,
    fill: Fill,
    inputs: &'a FfnInputs,
}

/// What was fitted to an [`Ordered`] layer.
struct Fitted {
    router: Router,
    mean: Option<Vec<f32>>,
    contribution: Contribution,
    report: RouterReport,
}

impl Ordered<'_> {
    fn fit(&self, kind: RouterKind, k: usize, seed: Seed) -> Result<Fitted> {
        let (training, _) = self.inputs.parts();
        let mean = match self.fill {
            Fill::Zero => None,
            Fill::Mean => Some(mean_values(self.ffn, training)?),
        };
        let device = self.ffn.inner.weight.device().inner();
        let mean_tensor = mean
            .as_ref()
            .map(|mean| Tensor::<1>::from_data(mean.as_slice(), &device));
        let gated = self.weights.w_gate.is_some();
        let measure = measure(self.weights.activation, gated, self.fill);
        let targets = Targets {
            ffn: self.ffn,
            weights: self.weights,
            experts: self.experts,
            measure,
            mean: mean_tensor.as_ref(),
            inputs: self.inputs,
        };
        let (router, report) = fit(kind, &targets, k, seed)?;
        Ok(Fitted {
            router,
            mean,
            contribution: match kind {
                RouterKind::Contribution(_) => Contribution::OutputNorm,
                _ => measure,
            },
            report,
        })
    }
}

/// See [`MoeLayer::measure`]. A gate can make the values of ReLU neurons negative.
fn measure(activation: Activation, gated: bool, fill: Fill) -> Contribution {
    match fill {
        Fill::Mean => Contribution::Deviation,
        Fill::Zero if activation == Activation::Relu && !gated => Contribution::Positive,
        Fill::Zero => Contribution::Absolute,
    }
}
