//! Similarities of prompts against transfer between them.

use std::collections::BTreeMap;

use anyhow::Result;
use plm_core::rng::Seed;
use plm_prompt::similarity::{
    ActivationState, EmbeddingMetric, GroupMeans, LayerWindow, NeuronMask, SimilarityMatrix, Slots,
    Stimulation, TransferCorrelation, stimulate,
};
use plm_prompt::{SoftPrompt, TaskLabel, TransferMatrix};

use super::lab::{Lab, Prepared};
use super::transfer::Own;

/// A measure of likeness with what it says.
pub(super) struct Measure {
    /// The matrix of similarities.
    pub(super) matrix: SimilarityMatrix,
    /// Means within and across kinds.
    pub(super) means: GroupMeans,
    /// Spearman's correlation with transfer.
    pub(super) correlation: TransferCorrelation,
}

/// Every measure by name.
pub(super) fn measures(
    labels: &[TaskLabel],
    own: &[Own],
    stimulations: &[Stimulation],
    transfer: &TransferMatrix,
) -> Result<BTreeMap<String, Measure>> {
    let states: Vec<ActivationState> = stimulations.iter().map(ActivationState::from).collect();
    let mut found = BTreeMap::new();
    let mut add = |name: String, matrix: SimilarityMatrix| -> Result<()> {
        let measure = Measure {
            means: matrix.group_means(),
            correlation: TransferCorrelation::new(&matrix, transfer)?,
            matrix,
        };
        found.insert(name, measure);
        Ok(())
    };
    for metric in EmbeddingMetric::ALL {
        // Slot 0 is not read, so it holds what it began with.
        let matrix = SimilarityMatrix::from_fn(labels.to_vec(), |a, b| {
            metric.similarity(&own[a].prompt, &own[b].prompt, Slots::SkipFirst)
        })?;
        add(metric.name().to_lowercase(), matrix)?;
    }
    let layers = stimulations[0].layers();
    let windows = [
        ("on".to_owned(), LayerWindow::All),
        ("on_top3".to_owned(), LayerWindow::Top(layers.min(3))),
        ("on_top1".to_owned(), LayerWindow::Top(1)),
        ("on_bottom1".to_owned(), LayerWindow::Range(0..1)),
    ];
    for (name, window) in windows {
        let matrix = SimilarityMatrix::from_fn(labels.to_vec(), |a, b| {
            states[a].overlap(&states[b], &window)
        })?;
        add(name, matrix)?;
    }
    let matrix = SimilarityMatrix::from_fn(labels.to_vec(), |a, b| {
        Ok(stimulations[a].cosine(&stimulations[b])?.mean)
    })?;
    add("stimulation_cosine".to_owned(), matrix)?;
    Ok(found)
}

/// Mean accuracy of tasks with their own prompts when neurons are switched off.
pub(super) struct Masked {
    /// None of them.
    pub(super) whole: f64,
    /// The most active fifth of each layer.
    pub(super) top: f64,
    /// A random fifth of each layer.
    pub(super) random: f64,
}

/// What each prompt does to the model's neurons.
pub(super) fn stimulations(lab: &Lab, own: &[Own]) -> Result<Vec<Stimulation>> {
    let prompts: Vec<_> = own.iter().map(|own| own.prompt.clone()).collect();
    Ok(stimulate(&lab.model, &prompts)?)
}

/// Switches off a fifth of the neurons of each layer: those that the prompt uses most, or random ones.
pub(super) fn masked(
    lab: &Lab,
    tasks: &[Prepared],
    own: &[Own],
    stimulations: &[Stimulation],
    seed: Seed,
) -> Result<Masked> {
    let mut sums = [0.0; 3];
    for ((task, own), stimulation) in tasks.iter().zip(own).zip(stimulations) {
        let (layers, neurons) = (stimulation.layers(), stimulation.neurons());
        let seed = seed.child(&task.label.name);
        let top = NeuronMask::top(stimulation, NeuronMask::RATIO)?;
        let random = NeuronMask::random(layers, neurons, NeuronMask::RATIO, seed)?;
        let source = SoftPrompt::new(&own.prompt, &lab.device);
        sums[0] += own.score;
        sums[1] += lab.score(task, &source, &top.pass(&lab.model)?)?;
        sums[2] += lab.score(task, &source, &random.pass(&lab.model)?)?;
    }
    let [whole, top, random] = sums.map(|sum| sum / tasks.len() as f64);
    Ok(Masked { whole, top, random })
}
