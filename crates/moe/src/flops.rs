//! Floating-point operations per token, two for a multiplication with addition.
//!
//! Only matrix products count. The ratios are those behind the "2x with 25 % of the neurons" of
//! MoEfication (arXiv 2110.01786).

use plm_core::nn::FeedForward;

use crate::experts::MoeLayer;
use crate::router::Router;

/// The sizes of a transformer layer that decide what it costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerSize {
    /// Width of the hidden states, d.
    pub hidden_size: usize,
    /// Width of all attention heads together.
    pub attention_size: usize,
    /// Neurons of the feed-forward layer, F.
    pub neurons: usize,
    /// Whether the feed-forward layer has a gate.
    pub gated: bool,
    /// Tokens that each token attends to, in either kind of attention; 0 leaves scores out.
    pub context: usize,
}

impl LayerSize {
    /// The sizes of a layer around `ffn`.
    pub fn of(ffn: &FeedForward, attention_size: usize, context: usize) -> Self {
        let [hidden_size, neurons] = ffn.inner.weight.val().dims();
        Self {
            hidden_size,
            attention_size,
            neurons,
            gated: ffn.gate.is_some(),
            context,
        }
    }

    /// The dense feed-forward layer: `4 d F`, with a gate `6 d F`.
    pub fn feed_forward(&self) -> f64 {
        let matrices = if self.gated { 6.0 } else { 4.0 };
        matrices * self.hidden_size as f64 * self.neurons as f64
    }

    /// One attention: four projections, and the scores and the averages over the context.
    pub fn attention(&self) -> f64 {
        let width = self.attention_size as f64;
        8.0 * self.hidden_size as f64 * width + 4.0 * self.context as f64 * width
    }

    /// An encoder layer: attention and feed-forward layer.
    pub fn encoder_layer(&self) -> f64 {
        self.attention() + self.feed_forward()
    }

    /// A decoder layer: self-attention, cross-attention and feed-forward layer.
    pub fn decoder_layer(&self) -> f64 {
        2.0 * self.attention() + self.feed_forward()
    }

    /// A feed-forward layer of which each token uses a share `ratio`, behind a router that costs
    /// `router`.
    pub fn expert_feed_forward(&self, ratio: f64, router: f64) -> f64 {
        ratio * self.feed_forward() + router
    }

    /// What an encoder layer with experts costs, relative to the dense one.
    pub fn encoder_ratio(&self, ratio: f64, router: f64) -> f64 {
        let experts = self.attention() + self.expert_feed_forward(ratio, router);
        experts / self.encoder_layer()
    }

    /// What a decoder layer with experts costs, relative to the dense one.
    pub fn decoder_ratio(&self, ratio: f64, router: f64) -> f64 {
        let experts = 2.0 * self.attention() + self.expert_feed_forward(ratio, router);
        experts / self.decoder_layer()
    }
}

/// The router of a converted layer; that of true contributions needs the values of all neurons.
pub fn router(layer: &MoeLayer) -> f64 {
    let [hidden_size, neurons] = layer.ffn.inner.weight.val().dims();
    let experts = layer.partition.experts();
    match &layer.router {
        Router::Mlp(_) => mlp_router(hidden_size, experts),
        Router::Centroid(_) => 2.0 * (hidden_size * experts) as f64,
        Router::Contribution(own) => {
            let width = own.hidden.weight.val().dims()[1];
            2.0 * (width * (hidden_size + experts)) as f64
        }
        Router::Groundtruth(_) => {
            let matrices = if layer.ffn.gate.is_some() { 4.0 } else { 2.0 };
            matrices * (hidden_size * neurons) as f64
        }
        Router::Random(_) => 0.0,
    }
}

/// The router of two layers, `d -> E -> E`: `2 d E + 2 E²`.
pub fn mlp_router(hidden_size: usize, experts: usize) -> f64 {
    let experts = experts as f64;
    2.0 * hidden_size as f64 * experts + 2.0 * experts * experts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn t5(hidden_size: usize, neurons: usize, context: usize) -> LayerSize {
        LayerSize {
            hidden_size,
            attention_size: hidden_size,
            neurons,
            gated: false,
            context,
        }
    }

    /// Four decimals.
    fn rounded(value: f64) -> f64 {
        (value * 1e4).round() / 1e4
    }

    #[test]
    fn a_quarter_of_the_neurons_halves_an_encoder_layer() {
        let base = t5(768, 3072, 0);
        assert_eq!(base.encoder_ratio(0.25, 0.0), 0.5);
        assert_eq!(base.decoder_ratio(0.25, 0.0), 0.625);
    }

    #[test]
    fn routers_cost_two_percent() {
        let share = |d, f, experts| mlp_router(d, experts) / t5(d, f, 0).feed_forward();
        assert_eq!(rounded(share(768, 3072, 96)), 0.0176);
        assert_eq!(rounded(share(1024, 4096, 128)), 0.0176);
        assert_eq!(rounded(share(1024, 16384, 512)), 0.0234);
    }

    #[test]
    fn whole_layers_with_router() {
        let base = |ratio| t5(768, 3072, 64).encoder_ratio(ratio, mlp_router(768, 96));
        let large = |ratio| t5(1024, 4096, 64).encoder_ratio(ratio, mlp_router(1024, 128));
        assert_eq!(rounded(base(0.2)), 0.4855);
        assert_eq!(rounded(base(0.25)), 0.5184);
        assert_eq!(rounded(large(0.2)), 0.4838);
        assert_eq!(rounded(large(0.25)), 0.5168);
    }

    #[test]
    fn gates_cost_half_as_much_again() {
        let gated = LayerSize {
            gated: true,
            ..t5(8, 32, 0)
        };
        assert_eq!(gated.feed_forward(), 1.5 * t5(8, 32, 0).feed_forward());
    }
}
