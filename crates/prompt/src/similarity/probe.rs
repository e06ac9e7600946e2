//! Neurons that prompts switch on in a model.

use std::collections::BTreeMap;

use burn::tensor::{Tensor, TensorData};
use plm_core::check::same_size;

use super::{NeuronMask, Stimulation};
use crate::matrix::PromptMatrix;
use crate::model::{Pass, PromptModel};
use crate::soft_prompt::stack;
use crate::{Error, Result};

/// What each prompt does to the feed-forward neurons of `model` at the position where it answers, with
/// no text but the model's first special token: the values after the activation, layer by layer.
///
/// # Errors
/// [`Error::Empty`] without prompts; [`Error::Size`] where they differ in size; [`Error::Width`],
/// [`Error::NoSlot`], [`Error::TooLong`] where the model cannot read them;
/// [`Error::Unsupported`] where its layers differ in their number of neurons.
pub fn stimulate<M: PromptModel>(model: &M, prompts: &[PromptMatrix]) -> Result<Vec<Stimulation>> {
    let device = model.device();
    let slots = stack(prompts, &device)?;
    let [count, rows, width] = slots.dims();
    model.check(rows, width, 1)?;
    let layers: Vec<Vec<f32>> = model
        .stimulated_neurons(slots)
        .into_iter()
        .map(|layer| layer.into_data().iter::<f32>().collect())
        .collect();
    let total = layers.first().map_or(0, Vec::len);
    if layers.iter().any(|layer| layer.len() != total) {
        return Err(Error::Unsupported {
            backbone: "model",
            reason: "layers differ in their number of neurons",
        });
    }
    let neurons = total / count;
    (0..count)
        .map(|prompt| {
            let own = prompt * neurons..(prompt + 1) * neurons;
            let values = layers.iter().flat_map(|layer| layer[own.clone()].to_vec());
            Stimulation::new(layers.len(), neurons, values.collect())
        })
        .collect()
}

impl NeuronMask {
    /// A forward pass of `model` with these neurons switched off at all positions.
    ///
    /// # Errors
    /// [`Error::Size`] where `model` has another number of layers or of neurons: the mask is another
    /// model's.
    pub fn pass<M: PromptModel>(&self, model: &M) -> Result<Pass> {
        let device = model.device();
        let neurons = self.neurons();
        // A model with blocks of somebody's own is asked what it has.
        let slots = model.min_slots().max(1);
        let found = model.stimulated_neurons(Tensor::zeros([1, slots, model.width()], &device));
        same_size("layers of a neuron mask", self.layers(), found.len())?;
        for layer in &found {
            let expected = layer.dims()[1];
            same_size("neurons a layer of a neuron mask", neurons, expected)?;
        }
        let masks: BTreeMap<usize, Tensor<3>> = self
            .by_layer()
            .enumerate()
            .map(|(layer, factors)| {
                let data = TensorData::new(factors.to_vec(), [1, 1, neurons]);
                (layer, Tensor::from_data(data, &device))
            })
            .collect();
        Ok(Pass {
            neuron_masks: masks,
            ..Pass::default()
        })
    }
}
