//! One layer of GPT-2: normalization first, residual last.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::config::Gpt2Config;
use crate::kernel::dropout;
use crate::nn::{
    DecoderContext, DecoderTapped, FeedForward, FeedForwardConfig, Ffn, FusedAttention, LayerCache,
    LayerDropout, LayerNorm, site,
};

/// Self-attention and feed-forward, each after its normalization.
#[derive(Module, Debug)]
pub struct Gpt2Layer<F: Ffn = FeedForward> {
    /// Normalization before attention.
    pub attention_norm: LayerNorm,
    /// Self-attention.
    pub attention: FusedAttention,
    /// Normalization before the feed-forward block.
    pub ffn_norm: LayerNorm,
    /// Feed-forward block.
    pub ffn: F,
    /// Dropout probabilities.
    #[module(skip)]
    pub dropout: LayerDropout,
}

impl Gpt2Layer {
    pub(super) fn new(config: &Gpt2Config, index: usize, device: &Device) -> Self {
        let (width, heads) = (config.n_embd, config.n_head);
        let mut scale = 1.0;
        if config.scale_attn_weights {
            scale /= ((width / heads) as f64).sqrt();
        }
        if config.scale_attn_by_inverse_layer_idx {
            scale /= (index + 1) as f64;
        }
        let norm = || LayerNorm::new(width, config.layer_norm_epsilon, device);
        Self {
            attention_norm: norm(),
            attention: FusedAttention::new(width, heads, scale, device),
            ffn_norm: norm(),
            ffn: FeedForwardConfig {
                hidden_size: width,
                intermediate_size: config.n_inner,
                activation: config.activation_function,
                gated: false,
                bias: true,
            }
            .init(device),
            dropout: LayerDropout {
                attention: config.attn_pdrop,
                hidden: config.resid_pdrop,
                activation: 0.0,
            },
        }
    }
}

impl<F: Ffn> Gpt2Layer<F> {
    /// The layer's output; with `cache`, `x` follows the tokens that it holds.
    ///
    /// # Shapes
    /// - x and result: `[batch, length, hidden]`
    pub fn forward(
        &self,
        x: Tensor<3>,
        layer: usize,
        context: &DecoderContext<'_>,
        cache: Option<&mut LayerCache>,
        tapped: &mut DecoderTapped,
    ) -> Tensor<3> {
        let told = context.self_attention(layer, self.dropout.attention);
        let normed = self.attention_norm.forward(x.clone());
        let (query, own) = self.attention.project_qkv(normed);
        let own = match cache {
            Some(cache) => cache.extend(own),
            None => own,
        };
        let (attended, weights) = self.attention.attend(query, own, &told);
        if let Some(weights) = weights {
            tapped.own.attentions.insert(layer, weights);
        }
        let mask = context.site(layer, site::ATTENTION_OUTPUT, self.dropout.hidden);
        let x = x + dropout(attended, mask.as_ref());
        let normed = self.ffn_norm.forward(x.clone());
        let inner = self.dropout.activation;
        let out = context.feed_forward(&self.ffn, normed, layer, inner, tapped);
        let mask = context.site(layer, site::FFN_OUTPUT, self.dropout.hidden);
        x + dropout(out, mask.as_ref())
    }

    /// The same layer with another feed-forward block.
    pub fn map_ffn<G: Ffn>(self, map: impl FnOnce(F) -> G) -> Gpt2Layer<G> {
        Gpt2Layer {
            attention_norm: self.attention_norm,
            attention: self.attention,
            ffn_norm: self.ffn_norm,
            ffn: map(self.ffn),
            dropout: self.dropout,
        }
    }
}
