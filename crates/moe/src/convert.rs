//! A dense model to a model of experts.

use std::collections::BTreeMap;

use burn::tensor::Tensor;
use plm_core::kernel::Activation;
use plm_core::nn::FeedForward;
use plm_core::rng::Seed;
use serde::{Deserialize, Serialize};

use crate::capture::{Capture, FfnInputs};
use crate::ffn::{MoeFfn, hidden_values};
use crate::host::{matrix, values};
use crate::layer::{FeedForwards, LayerId};
use crate::policy::Policy;
use crate::router::{Router, RouterKind, RouterReport, Targets, fit};
use crate::score::Contribution;
use crate::split::{
    BalancedKMeans, CoactivationCounter, CoactivationWeight, EdgeSelection, contiguous,
    normalized_rows, partition_graph, random,
};
use crate::{Error, FfnWeights, Partition, Result};

/// Rows whose neuron values are computed at a time.
const CHUNK: usize = 1024;

/// How neurons are divided into experts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SplitKind {
    /// At random.
    Random,
    /// Neighbors together.
    Contiguous,
    /// Balanced k-means over the normalized input weights (the gate's in gated layers).
    Cluster,
    /// Partition of the graph of neurons that are active together.
    Coactivation,
}

/// What the neurons of unselected experts count as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fill {
    /// 0: right where activations are often 0 (ReLU).
    Zero,
    /// Their mean over the captured tokens (G-MoEfication): for GELU and SiLU.
    Mean,
}

/// How a model is converted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MoeConfig {
    /// Neurons of an expert; 32 in the paper.
    pub expert_size: usize,
    /// How neurons are divided.
    pub split: SplitKind,
    /// How experts are chosen.
    pub router: RouterKind,
    /// Share of the experts that a token gets, rounded to at least one: 0.2 in the paper.
    pub share: f64,
    /// What unselected neurons count as; where absent, 0 for ReLU and their mean for others.
    pub fill: Option<Fill>,
    /// Seed of splits and routers.
    pub seed: Seed,
}

impl Default for MoeConfig {
    fn default() -> Self {
        Self {
            expert_size: 32,
            split: SplitKind::Cluster,
            router: RouterKind::Mlp(Default::default()),
            share: 0.2,
            fill: None,
            seed: Seed::new(0),
        }
    }
}

impl MoeConfig {
    /// Experts of `experts` that a token gets.
    ///
    /// # Errors
    /// [`Error::Setting`] where the share is not above 0 and at most 1.
    pub fn k(&self, experts: usize) -> Result<usize> {
        if !(self.share > 0.0 && self.share <= 1.0) {
            return Err(Error::Setting {
                name: "share",
                value: self.share.to_string(),
                limit: "must be above 0 and at most 1",
            });
        }
        Ok(((self.share * experts as f64).round() as usize).clamp(1, experts))
    }

    /// What unselected neurons of a layer count as.
    pub fn fill(&self, activation: Activation) -> Fill {
        self.fill.unwrap_or(match activation {
            Activation::Relu => Fill::Zero,
            _ => Fill::Mean,
        })
    }
}

/// One layer, converted.
#[derive(Debug, Clone)]
pub struct MoeLayer {
    /// Which expert each neuron of the dense layer belongs to.
    pub partition: Partition,
    /// The dense layer with its neurons expert by expert.
    pub ffn: FeedForward,
    /// Chooses the experts.
    pub router: Router,
    /// What unselected neurons count as, `[neurons]`, in the order of `ffn`.
    pub mean: Option<Vec<f32>>,
    /// What counts as an expert's contribution.
    pub contribution: Contribution,
    /// Experts of a token.
    pub policy: Policy,
    /// How good the router is on held-out tokens.
    pub report: RouterReport,
}

impl MoeLayer {
    /// Divides `ffn` into experts and fits a router to `inputs`.
    ///
    /// # Errors
    /// [`Error::NotDivisible`] where the neurons cannot be divided into experts of that size,
    /// [`Error::NotFinite`] for weights that are not numbers, [`Error::NoTokens`] without inputs,
    /// [`Error::Setting`] for a setting out of its limits.
    pub fn convert(
        ffn: &FeedForward,
        inputs: &FfnInputs,
        config: &MoeConfig,
        seed: Seed,
    ) -> Result<Self> {
        let weights = FfnWeights::read(ffn)?;
        check_width(inputs, &weights)?;
        let partition = split(ffn, &weights, inputs, config, seed)?;
        Self::build(ffn, &weights, partition, inputs, config, seed)
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
        let weights = FfnWeights::read(ffn)?;
        check_width(inputs, &weights)?;
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
        let fill = config.fill(weights.activation);
        let mean = match fill {
            Fill::Zero => None,
            Fill::Mean => Some(mean_values(&ffn, inputs)?),
        };
        let mean_tensor = mean
            .as_ref()
            .map(|mean| Tensor::<1>::from_data(mean.as_slice(), &device));
        let contribution = contribution(config.router, weights.activation, fill);
        let k = config.k(experts)?;
        let targets = Targets {
            ffn: &ffn,
            weights: &weights,
            experts,
            contribution,
            mean: mean_tensor.as_ref(),
            inputs,
        };
        let (router, report) = fit(config.router, &targets, k, seed)?;
        Ok(Self {
            partition,
            ffn,
            router,
            mean,
            contribution,
            policy: Policy::TopK(k),
            report,
        })
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

fn check_width(inputs: &FfnInputs, weights: &FfnWeights) -> Result<()> {
    if inputs.width == weights.hidden_size {
        return Ok(());
    }
    Err(Error::Size {
        what: "a captured input row".to_owned(),
        found: inputs.width,
        expected: weights.hidden_size,
    })
}

/// What a router is fitted to: sums of neuron values, or of their squared distances from the mean
/// where that stands in for them.
fn contribution(router: RouterKind, activation: Activation, fill: Fill) -> Contribution {
    match (router, fill, activation) {
        (RouterKind::Contribution(_), _, _) => Contribution::OutputNorm,
        (_, Fill::Mean, _) => Contribution::Deviation,
        (_, Fill::Zero, Activation::Relu) => Contribution::Positive,
        (_, Fill::Zero, _) => Contribution::Absolute,
    }
}

fn split(
    ffn: &FeedForward,
    weights: &FfnWeights,
    inputs: &FfnInputs,
    config: &MoeConfig,
    seed: Seed,
) -> Result<Partition> {
    let (neurons, size) = (weights.neurons, config.expert_size);
    if size == 0 || !neurons.is_multiple_of(size) {
        return Err(Error::NotDivisible {
            neurons,
            expert_size: size,
        });
    }
    let experts = neurons / size;
    let seed = seed.child("split").value();
    match config.split {
        SplitKind::Random => random(neurons, experts, seed),
        SplitKind::Contiguous => contiguous(neurons, experts),
        SplitKind::Cluster => {
            let width = weights.hidden_size;
            let rows = normalized_rows(weights.routing_rows(), width)?;
            let clusters = BalancedKMeans::new(seed).fit(&rows, width, experts)?;
            Ok(clusters.partition)
        }
        SplitKind::Coactivation => coactivation(ffn, inputs, experts, seed),
    }
}

/// A partition of the graph of neurons that are active together.
fn coactivation(
    ffn: &FeedForward,
    inputs: &FfnInputs,
    experts: usize,
    seed: u64,
) -> Result<Partition> {
    let neurons = ffn.inner.weight.val().dims()[1];
    let mut counter =
        CoactivationCounter::new(neurons, CoactivationWeight::Paper, inputs.tokens())?;
    each_chunk(ffn, inputs, |hidden| counter.add(&hidden).map(drop))?;
    let graph = counter.edges(EdgeSelection::default())?;
    partition_graph(&graph, experts, seed)
}

/// The mean value of every neuron over all inputs.
fn mean_values(ffn: &FeedForward, inputs: &FfnInputs) -> Result<Vec<f32>> {
    let neurons = ffn.inner.weight.val().dims()[1];
    let mut sums = vec![0.0_f64; neurons];
    each_chunk(ffn, inputs, |hidden| {
        for row in hidden.chunks_exact(neurons) {
            for (sum, &value) in sums.iter_mut().zip(row) {
                *sum += f64::from(value);
            }
        }
        Ok(())
    })?;
    let tokens = inputs.tokens() as f64;
    Ok(sums.iter().map(|sum| (sum / tokens) as f32).collect())
}

/// Hands the neurons' values for all inputs to `each`, some rows at a time.
pub(crate) fn each_chunk(
    ffn: &FeedForward,
    inputs: &FfnInputs,
    mut each: impl FnMut(Vec<f32>) -> Result<()>,
) -> Result<()> {
    if inputs.tokens() == 0 {
        return Err(Error::NoTokens {
            what: "values of neurons",
        });
    }
    let device = ffn.inner.weight.device().inner();
    let width = inputs.width;
    for rows in inputs.rows.chunks(CHUNK * width) {
        let x = matrix(rows, rows.len() / width, width, &device);
        each(values(hidden_values(ffn, x)))?;
    }
    Ok(())
}

/// A model that was converted, with what is known of each layer.
#[derive(Debug, Clone)]
pub struct Converted<M> {
    /// The model with experts in the place of feed-forward layers.
    pub model: M,
    /// The layers.
    pub layers: BTreeMap<LayerId, MoeLayer>,
}

/// Converts every feed-forward layer of `model`, by the inputs that `capture` holds.
///
/// `done` is told of every layer when it is converted.
///
/// # Errors
/// As [`MoeLayer::convert`].
pub fn convert<M: FeedForwards<Ffn = FeedForward>>(
    model: M,
    capture: &Capture,
    config: &MoeConfig,
    mut done: impl FnMut(LayerId, &MoeLayer),
) -> Result<Converted<M::With<MoeFfn>>> {
    let mut layers = BTreeMap::new();
    for (layer, ffn) in model.ffns() {
        let seed = config.seed.child(&layer.to_string());
        let converted = MoeLayer::convert(&ffn, capture.layer(layer)?, config, seed)?;
        done(layer, &converted);
        layers.insert(layer, converted);
    }
    Ok(Converted {
        model: with_experts(model, &layers),
        layers,
    })
}

/// `model` with the experts of `layers` in tensor operations.
///
/// # Panics
/// If `layers` lacks a layer of the model.
pub fn with_experts<M: FeedForwards<Ffn = FeedForward>>(
    model: M,
    layers: &BTreeMap<LayerId, MoeLayer>,
) -> M::With<MoeFfn> {
    model.replace_ffns(|layer, _| layers[&layer].to_moe_ffn())
}

/// `model` with its neurons expert by expert: still a dense model, with the same outputs.
///
/// # Panics
/// If `layers` lacks a layer of the model.
pub fn permuted<M: FeedForwards<Ffn = FeedForward, With<FeedForward> = M>>(
    model: M,
    layers: &BTreeMap<LayerId, MoeLayer>,
) -> M {
    model.replace_ffns(|layer, _| layers[&layer].ffn.clone())
}
