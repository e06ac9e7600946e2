//! How good a converted layer is on tokens that nothing was fitted to.

use std::collections::BTreeMap;

use anyhow::Result;
use burn::tensor::{Device, Tensor, TensorData};
use plm_core::nn::{FeedForward, Ffn, FfnContext, Tapped, Taps};
use plm_moe::calibrate::{ClosedForm, fit_outputs};
use plm_moe::{
    Activity, Coactivation, ExpertLoad, FfnInputs, LayerId, MoeLayer, Selection,
    expert_contributions,
};

/// Rows that a layer is run on at a time.
const CHUNK: usize = 1024;

/// The figures of one layer.
pub(crate) struct Measured {
    /// The layer.
    pub(crate) id: LayerId,
    /// Its neurons.
    pub(crate) neurons: usize,
    /// Its experts.
    pub(crate) experts: usize,
    /// Experts of a token on average.
    pub(crate) chosen: f64,
    /// Mean share of active neurons in the dense layer.
    pub(crate) active: f64,
    /// How much more often two neurons of one expert are active together than two of different ones,
    /// where there are such pairs.
    pub(crate) together: Option<f64>,
    /// Mean share of the contributions that the chosen experts have.
    pub(crate) capture: f64,
    /// Mean share of the truly largest experts, as many as were chosen, that are among the chosen.
    pub(crate) recall: f64,
    /// Experts that no token chose.
    pub(crate) unused: usize,
    /// Gini coefficient of the experts' tokens.
    pub(crate) gini: f64,
    /// Relative error of the layer's output.
    pub(crate) error: f64,
    /// The same with output matrices that are fitted to the experts.
    pub(crate) fitted: Option<f64>,
}

impl Measured {
    /// Measures `layer`, made of `dense`; with `calibrate`, fits its output matrix.
    ///
    /// # Errors
    /// Where the inputs do not fit the layer, or no neuron is ever active.
    pub(crate) fn of(
        id: LayerId,
        dense: &FeedForward,
        layer: &mut MoeLayer,
        inputs: &FfnInputs,
        calibrate: bool,
        device: &Device,
    ) -> Result<Self> {
        let held_out = inputs.held_out();
        let experts = layer.partition.experts();
        let own = expert_contributions(layer, &held_out)?;
        let shape = [held_out.tokens(), held_out.width];
        let x = Tensor::<2>::from_data(TensorData::new(held_out.rows.clone(), shape), device);
        let scores: Vec<f32> = match layer.router.scores(&x) {
            Some(scores) => scores.into_data().iter::<f32>().collect(),
            None => own.clone(),
        };
        let selection = layer.policy.select(&scores, experts)?;
        let (capture, recall) = covered(&selection, &own);
        let load = ExpertLoad::of(layer, &held_out)?;
        let error = output_error(dense, layer, &held_out, device);
        let mut fitted = None;
        if calibrate {
            let rest = inputs.rows.len() - held_out.rows.len();
            let training = FfnInputs {
                width: inputs.width,
                rows: inputs.rows[..rest].to_vec(),
            };
            fit_outputs(layer, &training, &ClosedForm::default())?;
            fitted = Some(output_error(dense, layer, &held_out, device));
        }
        Ok(Self {
            id,
            neurons: layer.partition.neurons(),
            experts,
            chosen: selection.mean_chosen(),
            active: Activity::of(dense, &held_out)?.mean(),
            together: Coactivation::of(layer, &held_out)?.within_over_between(),
            capture,
            recall,
            unused: load.unused(),
            gini: load.gini(),
            error,
            fitted,
        })
    }
}

/// Capture and recall of a selection, for any number of experts a token: means over tokens with a
/// positive contribution, as in [`plm_moe::quality`]. `own` are the contributions, `[tokens, experts]`.
fn covered(selection: &Selection, own: &[f32]) -> (f64, f64) {
    let (mut capture, mut recall, mut tokens) = (0.0, 0.0, 0.0);
    for (token, own) in own.chunks_exact(selection.experts()).enumerate() {
        let chosen = selection.of(token);
        let total: f64 = own.iter().map(|&value| f64::from(value)).sum();
        if total <= 0.0 {
            continue;
        }
        let captured: f64 = chosen.iter().map(|&e| f64::from(own[e as usize])).sum();
        let mut largest: Vec<u32> = (0..selection.experts() as u32).collect();
        largest.sort_by(|&a, &b| own[b as usize].total_cmp(&own[a as usize]));
        largest.truncate(chosen.len());
        let found = largest.iter().filter(|expert| chosen.contains(expert));
        capture += captured / total;
        recall += found.count() as f64 / chosen.len().max(1) as f64;
        tokens += 1.0;
    }
    (capture / tokens, recall / tokens)
}

/// Distance of the outputs of `layer` from those of `dense`, relative to the length of the latter.
fn output_error(dense: &FeedForward, layer: &MoeLayer, x: &FfnInputs, device: &Device) -> f64 {
    let block = layer.to_moe_ffn();
    let (mut gap, mut whole) = (0.0, 0.0);
    for rows in x.rows.chunks(CHUNK * x.width) {
        let expected = output(dense, rows, x.width, device);
        let found = output(&block, rows, x.width, device);
        for (&expected, &found) in expected.iter().zip(&found) {
            gap += f64::from(expected - found).powi(2);
            whole += f64::from(expected).powi(2);
        }
    }
    (gap / whole).sqrt()
}

/// A block's output for rows of width `width`.
fn output<F: Ffn>(block: &F, rows: &[f32], width: usize, device: &Device) -> Vec<f32> {
    let shape = [1, rows.len() / width, width];
    let x = Tensor::<3>::from_data(TensorData::new(rows.to_vec(), shape), device);
    let masks = BTreeMap::new();
    let mut context = FfnContext {
        layer: 0,
        taps: &Taps::default(),
        tapped: &mut Tapped::default(),
        masks: &masks,
        dropout: None,
    };
    let y = block.forward(x, &mut context);
    y.into_data().iter::<f32>().collect()
}
