//! The decoder behind a cache of keys and values.

use burn::tensor::{Bool, Tensor};
use plm_core::nn::{KeyValue, LayerCache};

use crate::nn::{
    CentroidResidual, DropoutSites, LorentzAttention, LorentzDecoder, LorentzDecoderLayer,
    LorentzLinear, attend, attention_scores, merge_heads, split_heads,
};

/// The caches of all layers before the first token: keys and values of the source alone.
///
/// # Shapes
/// - encoded: `[batch, source length, d_model]`
pub(super) fn begin(decoder: &LorentzDecoder, encoded: &Tensor<3>) -> Vec<LayerCache> {
    let layers = decoder.layers.iter();
    layers
        .map(|layer| LayerCache {
            own: None,
            cross: Some(key_value(&layer.cross_attention, encoded.clone())),
        })
        .collect()
}

/// What [`LorentzDecoderLayer::forward`] gives for tokens that follow those in `cache`, without
/// dropout.
///
/// # Shapes
/// - x, result: `[batch, length, d_model]`
/// - masks: of earlier tokens and of the source, true where one is hidden
pub(super) fn step(
    layer: &LorentzDecoderLayer,
    x: Tensor<3>,
    cache: &mut LayerCache,
    (mask, source_mask): (Option<Tensor<3, Bool>>, Option<Tensor<3, Bool>>),
    heads: usize,
    sites: DropoutSites<'_>,
) -> Tensor<3> {
    let own = cache.extend(key_value(&layer.attention, x.clone()));
    let points = attend_to(&layer.attention, x.clone(), own, mask, heads);
    let residual = layer.attention_residual.as_ref();
    let x = finish(&layer.attention_output, residual, points, x);

    let source = cache.cross.clone();
    let source = source.expect("`begin` fills the keys and values of the source");
    let points = attend_to(
        &layer.cross_attention,
        x.clone(),
        source,
        source_mask,
        heads,
    );
    let x = finish(
        &layer.cross_output,
        layer.cross_residual.as_ref(),
        points,
        x,
    );
    layer.feed_forward.forward(x, sites)
}

fn key_value(attention: &LorentzAttention, x: Tensor<3>) -> KeyValue {
    KeyValue {
        key: attention.key.forward(x.clone(), None),
        value: attention.value.forward(x, None),
    }
}

fn attend_to(
    attention: &LorentzAttention,
    x: Tensor<3>,
    memory: KeyValue,
    mask: Option<Tensor<3, Bool>>,
    heads: usize,
) -> Tensor<3> {
    let curvature = attention.query.curvature();
    let query = split_heads(attention.query.forward(x, None), heads);
    let key = split_heads(memory.key, heads);
    let (scale, bias) = (attention.score_scale.val(), attention.score_bias.val());
    let scores = attention_scores(query, key, scale, bias, curvature);
    let (points, _) = attend(scores, split_heads(memory.value, heads), mask, curvature);
    merge_heads(points)
}

fn finish(
    layer: &LorentzLinear,
    residual: Option<&CentroidResidual>,
    hidden: Tensor<3>,
    input: Tensor<3>,
) -> Tensor<3> {
    match residual {
        Some(residual) => residual.forward(input, layer.forward(hidden, None)),
        None => layer.forward_residual(hidden, input, None),
    }
}
