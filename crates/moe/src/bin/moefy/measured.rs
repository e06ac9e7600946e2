//! How good a converted layer is on tokens that nothing was fitted to or chosen by.

use std::collections::BTreeMap;

use anyhow::Result;
use burn::tensor::{Device, Tensor, TensorData};
use plm_core::nn::{FeedForward, Ffn, FfnContext, Tapped, Taps};
use plm_moe::calibrate::{ClosedForm, fit_outputs};
use plm_moe::{
    Activity, Coactivation, Contribution, ExpertLoad, FfnInputs, LayerId, MoeLayer, coverage,
    expert_selection,
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
    /// Mean share of the contributions that the chosen experts have, by the measure that is the same for
    /// all routers.
    pub(crate) capture: f64,
    /// Mean share of the truly largest experts, as many as were chosen, that are among the chosen.
    pub(crate) recall: f64,
    /// Mean share of the sizes of the experts' outputs that the chosen ones have, where the router
    /// predicts those.
    pub(crate) norms: Option<f64>,
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
    /// Measures `layer`, made of `dense`, on `inputs`, which played no part in its making; fits its output
    /// matrix to `calibrate` where there is such.
    ///
    /// # Errors
    /// Where the inputs do not fit the layer, or no neuron is ever active.
    pub(crate) fn of(
        id: LayerId,
        dense: &FeedForward,
        layer: &mut MoeLayer,
        inputs: &FfnInputs,
        calibrate: Option<&FfnInputs>,
        device: &Device,
    ) -> Result<Self> {
        let selection = expert_selection(layer, inputs)?;
        let covered = coverage(layer, &selection, layer.measure(), inputs)?;
        let norms = match layer.contribution {
            kind @ Contribution::OutputNorm => {
                Some(coverage(layer, &selection, kind, inputs)?.capture)
            }
            _ => None,
        };
        let load = ExpertLoad::of(&selection);
        let error = output_error(dense, layer, inputs, device);
        let mut fitted = None;
        if let Some(rows) = calibrate {
            fit_outputs(layer, rows, &ClosedForm::default())?;
            fitted = Some(output_error(dense, layer, inputs, device));
        }
        Ok(Self {
            id,
            neurons: layer.partition.neurons(),
            experts: layer.partition.experts(),
            chosen: selection.mean_chosen(),
            active: Activity::of(dense, inputs)?.mean(),
            together: Coactivation::of(layer, inputs)?.within_over_between(),
            capture: covered.capture,
            recall: covered.recall,
            norms,
            unused: load.unused(),
            gini: load.gini(),
            error,
            fitted,
        })
    }
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
