//! From a kind of split to the partition of one layer.

use plm_core::nn::FeedForward;
use plm_core::rng::Seed;

use crate::capture::FfnInputs;
use crate::config::{MoeConfig, SplitKind};
use crate::hidden::each_chunk;
use crate::split::{
    BalancedKMeans, CoactivationCounter, CoactivationWeight, EdgeSelection, contiguous,
    normalized_rows, partition_graph, random,
};
use crate::{Error, FfnWeights, Partition, Result};

/// The partition of a layer that `config` asks for; graphs of active neurons are those of the rows for
/// fitting.
///
/// # Errors
/// As [`crate::MoeLayer::convert`].
pub(crate) fn divide(
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
        SplitKind::Coactivation => {
            let (training, _) = inputs.parts();
            coactivation(ffn, weights, training, experts, seed)
        }
    }
}

/// A partition of the graph of neurons that are active together for `rows`.
fn coactivation(
    ffn: &FeedForward,
    weights: &FfnWeights,
    rows: &[f32],
    experts: usize,
    seed: u64,
) -> Result<Partition> {
    if rows.is_empty() {
        return Err(Error::NoTokens {
            what: "co-activation of neurons",
        });
    }
    let tokens = rows.len() / weights.hidden_size;
    let mut counter = CoactivationCounter::new(weights.neurons, CoactivationWeight::Paper, tokens)?;
    each_chunk(ffn, rows, |mut hidden| {
        if weights.w_gate.is_some() {
            // A gate gives active neurons either sign.
            hidden.iter_mut().for_each(|value| *value = value.abs());
        }
        counter.add(&hidden).map(drop)
    })?;
    let graph = counter.edges(EdgeSelection::default())?;
    partition_graph(&graph, experts, seed)
}
