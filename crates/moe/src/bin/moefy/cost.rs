//! What tokens cost with experts.

use std::collections::BTreeMap;

use plm_core::models::Stack;
use plm_moe::flops::{LayerSize, router};
use plm_moe::{LayerId, MoeLayer};

use crate::measured::Measured;

/// Operations of a token with experts and routers, relative to those of the dense model.
pub(crate) struct Cost {
    /// Of the feed-forward layers.
    pub(crate) feed_forward: f64,
    /// Of all layers, attention included.
    pub(crate) layers: f64,
}

/// What `layers` cost where texts have `context` tokens and attention is `attention_size` wide.
pub(crate) fn cost(
    layers: &BTreeMap<LayerId, MoeLayer>,
    measured: &[Measured],
    attention_size: usize,
    context: usize,
) -> Cost {
    let (mut attention, mut dense, mut experts) = (0.0, 0.0, 0.0);
    for ((id, layer), own) in layers.iter().zip(measured) {
        let size = LayerSize::of(&layer.ffn, attention_size, context);
        attention += match id.stack {
            Stack::Encoder => size.attention(),
            Stack::Decoder => 2.0 * size.attention(),
        };
        dense += size.feed_forward();
        let ratio = own.chosen / layer.partition.experts() as f64;
        experts += size.expert_feed_forward(ratio, router(layer));
    }
    Cost {
        feed_forward: experts / dense,
        layers: (attention + experts) / (attention + dense),
    }
}
