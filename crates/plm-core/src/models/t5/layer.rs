//! One layer of T5: normalization first, residual last.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::config::T5Config;
use crate::kernel::dropout;
use crate::nn::{
    DecoderContext, DecoderTapped, FeedForward, FeedForwardConfig, Ffn, KeyValue, LayerCache,
    MultiHeadAttention, MultiHeadAttentionConfig, RmsNorm, site,
};

/// Attention over the encoder's output.
#[derive(Module, Debug)]
pub struct T5CrossAttention {
    /// Normalization before it.
    pub norm: RmsNorm,
    /// The attention.
    pub attention: MultiHeadAttention,
}

/// Self-attention, cross-attention in decoders, feed-forward.
#[derive(Module, Debug)]
pub struct T5Layer<F: Ffn = FeedForward> {
    /// Normalization before self-attention.
    pub attention_norm: RmsNorm,
    /// Self-attention.
    pub attention: MultiHeadAttention,
    /// Attention over the encoder's output, in decoders.
    pub cross: Option<T5CrossAttention>,
    /// Normalization before the feed-forward block.
    pub ffn_norm: RmsNorm,
    /// Feed-forward block.
    pub ffn: F,
    /// Dropout of attention weights, intermediate values and block outputs.
    #[module(skip)]
    pub dropout: f64,
}

impl T5Layer {
    pub(super) fn new(config: &T5Config, is_decoder: bool, device: &Device) -> Self {
        let norm = || RmsNorm::new(config.d_model, config.layer_norm_epsilon, device);
        let attention = || {
            MultiHeadAttentionConfig {
                hidden_size: config.d_model,
                heads: config.num_heads,
                head_width: config.d_kv,
                bias: false,
                scale: 1.0,
            }
            .init(device)
        };
        Self {
            attention_norm: norm(),
            attention: attention(),
            cross: is_decoder.then(|| T5CrossAttention {
                norm: norm(),
                attention: attention(),
            }),
            ffn_norm: norm(),
            ffn: FeedForwardConfig {
                hidden_size: config.d_model,
                intermediate_size: config.d_ff,
                activation: config.activation,
                gated: config.gated,
                bias: false,
            }
            .init(device),
            dropout: config.dropout_rate,
        }
    }
}

impl<F: Ffn> T5Layer<F> {
    /// The layer's output. Decoders take `memory`, the encoder's keys and values as
    /// [`T5Layer::project_memory`] gives them; with `cache`, `x` follows the tokens that it holds.
    ///
    /// # Shapes
    /// - x and result: `[batch, length, hidden]`
    pub fn forward(
        &self,
        x: Tensor<3>,
        memory: Option<KeyValue>,
        layer: usize,
        context: &DecoderContext<'_>,
        cache: Option<&mut LayerCache>,
        tapped: &mut DecoderTapped,
    ) -> Tensor<3> {
        let prob = self.dropout;
        let told = context.self_attention(layer, prob);
        let normed = self.attention_norm.forward(x.clone());
        let query = self.attention.project_query(normed.clone());
        let own = self.attention.project_key_value(normed);
        let own = match cache {
            Some(cache) => cache.extend(own),
            None => own,
        };
        let (attended, weights) = self.attention.attend(query, own, &told);
        if let Some(weights) = weights {
            tapped.own.attentions.insert(layer, weights);
        }
        let mask = context.site(layer, site::ATTENTION_OUTPUT, prob);
        let mut x = x + dropout(attended, mask.as_ref());
        if let (Some(cross), Some(memory)) = (&self.cross, memory) {
            let normed = cross.norm.forward(x.clone());
            let attention = &cross.attention;
            let across = context.attend_across(attention, normed, memory, layer, prob, tapped);
            let mask = context.site(layer, site::CROSS_OUTPUT, prob);
            x = x + dropout(across, mask.as_ref());
        }
        let normed = self.ffn_norm.forward(x.clone());
        let out = context.feed_forward(&self.ffn, normed, layer, prob, tapped);
        let mask = context.site(layer, site::FFN_OUTPUT, prob);
        x + dropout(out, mask.as_ref())
    }

    /// The encoder's output as this layer's cross-attention sees it; nothing in encoders.
    ///
    /// # Shapes
    /// - encoded: `[batch, keys, hidden]`
    pub fn project_memory(&self, encoded: &Tensor<3>) -> Option<KeyValue> {
        let cross = self.cross.as_ref()?;
        Some(cross.attention.project_key_value(encoded.clone()))
    }

    /// The same layer with another feed-forward block.
    pub fn map_ffn<G: Ffn>(self, map: impl FnOnce(F) -> G) -> T5Layer<G> {
        T5Layer {
            attention_norm: self.attention_norm,
            attention: self.attention,
            cross: self.cross,
            ffn_norm: self.ffn_norm,
            ffn: map(self.ffn),
            dropout: self.dropout,
        }
    }
}
