//! Training of probes.

use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};
use plm_core::check::positive;
use plm_core::rng::Seed;
use plm_core::text::{BatchBy, LengthBuckets};
use serde::{Deserialize, Serialize};

use super::{Probe, ProbeSentence};
use crate::Result;
use crate::optim::{ManifoldOptimizer, ManifoldOptimizerConfig};

/// What a probe is trained for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProbeTarget {
    /// Steps between words.
    Distance,
    /// Steps from the root.
    Depth,
}

/// How a probe is trained.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeTraining {
    /// What for.
    pub target: ProbeTarget,
    /// Passes over the sentences.
    pub epochs: u64,
    /// Sentences of an update.
    pub batch_size: usize,
    /// Of Adam.
    pub learning_rate: f64,
    /// Of the order of sentences.
    pub seed: Seed,
}

impl ProbeTraining {
    /// 20 sentences an update at rate 0.001, as Hewitt and Manning have it; 40 passes.
    pub fn new(target: ProbeTarget, seed: Seed) -> Self {
        Self {
            target,
            epochs: 40,
            batch_size: 20,
            learning_rate: 1e-3,
            seed,
        }
    }
}

/// Trains `probe`, which must be on the autodiff device `device`: the mean over sentences of
/// Σ |tree − probe| over pairs of words divided by their number, or over words for depths (Hewitt and
/// Manning 2019, section 2.2).
///
/// # Errors
/// [`Error::Core`](crate::Error::Core) where there is no sentence, vectors differ in width from each other or
/// from what the probe reads, a setting is out of range, or a loss is not finite.
pub fn train_probe<P: Probe>(
    mut probe: P,
    sentences: &[ProbeSentence],
    training: &ProbeTraining,
    device: &Device,
) -> Result<P> {
    let width = common_width(sentences)?;
    check_width(&probe, width)?;
    let rate = training.learning_rate;
    positive("ProbeTraining", "learning_rate", rate)?;
    let lengths = sentences.iter().map(|sentence| sentence.tree().len());
    let by = BatchBy::Count(training.batch_size);
    let mut buckets = LengthBuckets::new(lengths.collect(), by, training.seed)?;
    let mut optimizer = ManifoldOptimizer::new(&probe, ManifoldOptimizerConfig::default())?;
    for epoch in 0..training.epochs {
        while let Some(rows) = buckets.next_batch() {
            let rows: Vec<&ProbeSentence> = rows.iter().map(|&row| &sentences[row]).collect();
            let states = padded_states(&rows, width, device);
            let loss = match training.target {
                ProbeTarget::Distance => distance_loss(probe.distances(states), &rows),
                ProbeTarget::Depth => depth_loss(probe.depths(states), &rows),
            };
            let value: f64 = loss.clone().into_scalar();
            if !value.is_finite() {
                let reason = format!("is {value} in epoch {epoch}: lower the learning rate");
                return Err(plm_core::Error::invalid("loss", reason).into());
            }
            let gradients = GradientsParams::from_grads(loss.backward(), &probe);
            probe = optimizer.step(rate, probe, gradients);
        }
    }
    Ok(probe)
}

/// The width of all vectors.
pub(super) fn common_width(sentences: &[ProbeSentence]) -> Result<usize> {
    let Some(first) = sentences.first() else {
        return Err(plm_core::Error::invalid("sentences", "are none").into());
    };
    let width = first.width();
    match sentences.iter().position(|other| other.width() != width) {
        None => Ok(width),
        Some(at) => {
            let other = sentences[at].width();
            let reason = format!("sentence {at} has vectors of {other}, the first of {width}");
            Err(plm_core::Error::invalid("sentences", reason).into())
        }
    }
}

/// Refuses vectors of another width than `probe` reads.
pub(super) fn check_width<P: Probe>(probe: &P, width: usize) -> Result<()> {
    let wanted = probe.width();
    if wanted == width {
        return Ok(());
    }
    let reason = format!("have vectors of {width}, the probe reads {wanted}");
    Err(plm_core::Error::invalid("sentences", reason).into())
}

fn longest(rows: &[&ProbeSentence]) -> usize {
    rows.iter().map(|row| row.tree().len()).max().unwrap_or(0)
}

/// Vectors filled up with zeros: `[sentences, longest, width]`.
pub(super) fn padded_states(rows: &[&ProbeSentence], width: usize, device: &Device) -> Tensor<3> {
    let longest = longest(rows);
    let mut states = Vec::with_capacity(rows.len() * longest * width);
    for (number, row) in rows.iter().enumerate() {
        states.extend(row.states());
        states.resize((number + 1) * longest * width, 0.0_f32);
    }
    Tensor::from_data(
        TensorData::new(states, [rows.len(), longest, width]),
        device,
    )
}

fn distance_loss(found: Tensor<3>, rows: &[&ProbeSentence]) -> Tensor<1> {
    let [count, longest, _] = found.dims();
    let mut targets = vec![0.0_f32; count * longest * longest];
    let mut weights = targets.clone();
    for (number, row) in rows.iter().enumerate() {
        let words = row.tree().len();
        let weight = ((count * words * words) as f32).recip();
        for (word, steps) in row.tree().distances().chunks(words).enumerate() {
            let start = (number * longest + word) * longest;
            for (at, steps) in steps.iter().enumerate() {
                targets[start + at] = *steps as f32;
                weights[start + at] = weight;
            }
        }
    }
    weighted_gap(found, targets, weights)
}

fn depth_loss(found: Tensor<2>, rows: &[&ProbeSentence]) -> Tensor<1> {
    let [count, longest] = found.dims();
    let mut targets = vec![0.0_f32; count * longest];
    let mut weights = targets.clone();
    for (number, row) in rows.iter().enumerate() {
        let depths = row.tree().depths();
        for (word, depth) in depths.iter().enumerate() {
            targets[number * longest + word] = *depth as f32;
            weights[number * longest + word] = ((count * depths.len()) as f32).recip();
        }
    }
    weighted_gap(found, targets, weights)
}

/// Σ weight |found − target|.
fn weighted_gap<const D: usize>(
    found: Tensor<D>,
    targets: Vec<f32>,
    weights: Vec<f32>,
) -> Tensor<1> {
    let (shape, device) = (found.dims(), found.device());
    let tensor = |values| Tensor::<D>::from_data(TensorData::new(values, shape), &device);
    ((found - tensor(targets)).abs() * tensor(weights)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::probing::DependencyTree;
    use crate::testing::{devices, values};

    /// Sentences of one and of two words: |0 − 1| / 1, and (|0 − 1| + |1 − 4| + |1 − 2| + |0 − 0|) / 4.
    #[test]
    fn losses_as_by_hand() {
        let make = |heads: Vec<Option<usize>>| {
            let words = heads.len();
            let tree = DependencyTree::new(heads).unwrap();
            ProbeSentence::new(vec![1.0; words], 1, tree).unwrap()
        };
        let (one, two) = (make(vec![None]), make(vec![None, Some(0)]));
        for device in devices() {
            let tensor = |values: Vec<f32>, shape: [usize; 3]| {
                Tensor::<3>::from_data(TensorData::new(values, shape), &device)
            };
            let found = tensor(vec![1.0, 9.0, 9.0, 9.0, 1.0, 4.0, 2.0, 0.0], [2, 2, 2]);
            let loss = values(distance_loss(found, &[&one, &two]));
            assert!((loss[0] - (1.0 + 1.25) / 2.0).abs() < 1e-6, "{loss:?}");
            let found = tensor(vec![2.0, 9.0, 0.5, 1.0], [1, 2, 2]).squeeze_dim::<2>(0);
            let loss = values(depth_loss(found, &[&one, &two]));
            assert!((loss[0] - (2.0 + 0.25) / 2.0).abs() < 1e-6, "{loss:?}");
            let states = values(padded_states(&[&one, &two], 1, &device));
            assert_eq!(states, [1.0, 0.0, 1.0, 1.0]);
        }
    }
}
