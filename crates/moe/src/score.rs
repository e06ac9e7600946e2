//! How much each expert contributes to a token: what routers learn to predict.

use std::ops::Range;

use burn::tensor::{Bool, Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::policy::Selection;

/// The contribution of an expert, from its neurons' values `h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Contribution {
    /// Σ max(h, 0): the label of MoEfication (2110.01786), for ReLU without a gate.
    Positive,
    /// Σ |h|: for neurons whose values can be negative, as with a gate, where unselected neurons count as 0.
    Absolute,
    /// Σ (h - μ)²: where unselected neurons count as their mean μ.
    Deviation,
    /// ‖Σ h · W_out‖₂: the size of the expert's output (D2DMoE, 2310.04361).
    OutputNorm,
}

/// The contributions of all experts.
///
/// # Shapes
/// - hidden: `[tokens, neurons]`, experts one after the other
/// - w_out: `[neurons, width]`
/// - mean: `[neurons]`, all 0 where absent
/// - result: `[tokens, experts]`
pub(crate) fn contributions(
    kind: Contribution,
    hidden: Tensor<2>,
    w_out: &Tensor<2>,
    mean: Option<&Tensor<1>>,
    experts: usize,
) -> Tensor<2> {
    let [tokens, neurons] = hidden.dims();
    let size = neurons / experts;
    let by_expert = |x: Tensor<2>| -> Tensor<2> {
        x.reshape([tokens, experts, size])
            .sum_dim(2)
            .reshape([tokens, experts])
    };
    match kind {
        Contribution::Positive => by_expert(hidden.clamp_min(0.0)),
        Contribution::Absolute => by_expert(hidden.abs()),
        Contribution::Deviation => by_expert(centered(hidden, mean).square()),
        Contribution::OutputNorm => {
            let hidden = centered(hidden, mean);
            let norms = (0..experts).map(|expert| {
                let own = expert * size..(expert + 1) * size;
                let part = hidden.clone().slice([0..tokens, own.clone()]);
                let output = part.matmul(w_out.clone().slice([own]));
                output.square().sum_dim(1).sqrt()
            });
            Tensor::cat(norms.collect(), 1)
        }
    }
}

/// `hidden - mean`.
fn centered(hidden: Tensor<2>, mean: Option<&Tensor<1>>) -> Tensor<2> {
    match mean {
        Some(mean) => hidden - mean.clone().unsqueeze(),
        None => hidden,
    }
}

/// Neuron values with those of unselected experts replaced by their mean, or 0.
///
/// # Shapes
/// - hidden and result: `[tokens, neurons]`
/// - selected: `[tokens, experts]`
pub(crate) fn keep_selected(
    hidden: Tensor<2>,
    selected: &Tensor<2, Bool>,
    mean: Option<&Tensor<1>>,
) -> Tensor<2> {
    let [tokens, neurons] = hidden.dims();
    let experts = selected.dims()[1];
    let size = neurons / experts;
    let selected = selected
        .clone()
        .unsqueeze_dim::<3>(2)
        .expand([tokens, experts, size])
        .reshape([tokens, neurons]);
    match mean {
        Some(mean) => {
            let mean = mean.clone().unsqueeze::<2>().expand([tokens, neurons]);
            mean.mask_where(selected, hidden)
        }
        None => hidden.mask_fill(selected.bool_not(), 0.0),
    }
}

/// Which experts some of a selection's tokens chose, `[tokens, experts]`.
pub(crate) fn selected(
    selection: &Selection,
    tokens: Range<usize>,
    device: &Device,
) -> Tensor<2, Bool> {
    let shape = [tokens.len(), selection.experts()];
    let mut chosen = vec![false; shape[0] * shape[1]];
    for (token, chosen) in tokens.zip(chosen.chunks_exact_mut(shape[1])) {
        for &expert in selection.of(token) {
            chosen[expert as usize] = true;
        }
    }
    Tensor::from_data(TensorData::new(chosen, shape), device)
}
