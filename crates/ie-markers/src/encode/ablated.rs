//! Masks that let more be seen, to find out what PL-Marker's mask is worth.

use std::borrow::Borrow;

use plm_core::models::EncoderModel;
use plm_core::nn::{DropoutContext, Ffn, LayerContext, Tapped};
use serde::{Deserialize, Serialize};

use super::{DenseLayout, MarkerStates};
use crate::Result;
use crate::layout::MarkerRow;
use crate::mask::Visibility;

/// What is visible beyond PL-Marker's mask; by default nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MaskAblation {
    /// Switches of all layers.
    pub visibility: Visibility,
    /// The first layer, counted from 0, in which everything sees everything (`full_layer` in
    /// PL-Marker's code); none where there is no such layer.
    pub full_layer: Option<usize>,
}

/// The states of `rows` as by [`super::encode_dense`], under a mask with switches. States then depend on
/// what is packed together.
///
/// # Errors
/// As [`super::encode_dense`].
pub fn encode_ablated<F: Ffn, R: Borrow<MarkerRow>>(
    model: &EncoderModel<F>,
    rows: &[R],
    ablation: MaskAblation,
    dropout: &DropoutContext,
) -> Result<MarkerStates> {
    let layout = DenseLayout::with_visibility(model, rows, ablation.visibility)?;
    let Some(first) = ablation.full_layer else {
        return layout.encode(model, dropout);
    };
    let full = Visibility {
        full: true,
        ..Visibility::default()
    };
    let open = DenseLayout::with_visibility(model, rows, full)?;
    let input = layout.input(model, dropout)?;
    let device = model.embeddings.word.weight.device();
    let (closed, open) = (
        layout.mask(&device).to_kernel(),
        open.mask(&device).to_kernel(),
    );
    let mut tapped = Tapped::default();
    let mut x = model.embeddings.forward(&input);
    for (index, layer) in model.layers.iter().enumerate() {
        let mask = if index < first { &closed } else { &open };
        let context = LayerContext {
            mask: Some(mask.clone()),
            bias: None,
            dropout,
            taps: &input.taps,
            ffn_masks: &input.ffn_masks,
        };
        x = layer.forward(x, index, &context, &mut tapped);
    }
    Ok(layout.divide(x, dropout))
}
