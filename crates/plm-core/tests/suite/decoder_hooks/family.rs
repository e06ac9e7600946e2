//! The three families as the tests see them: tiny models of random weights.

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};
use plm_core::config::{BartConfig, Gpt2Config, T5Config};
use plm_core::models::{
    BartForConditionalGeneration, DecoderOutput, EncoderInput, EncoderOutput, Gpt2LmHeadModel,
    Pretrained, PretrainedModel, Seq2SeqInput, Stack, T5ForConditionalGeneration,
};
use plm_core::nn::{FeedForward, Ffn, FfnContext, Tapped};
use plm_core::rng::Seed;

use super::super::tensors::{ids, padding};

pub(super) const VOCABULARY: usize = 50;
pub(super) const WIDTH: usize = 16;
pub(super) const INTERMEDIATE: usize = 24;
/// Layers of each stack.
pub(super) const LAYERS: usize = 2;

/// The results of all stacks and the scores of all words.
pub(super) struct Run {
    pub(super) encoder: Option<EncoderOutput>,
    pub(super) decoder: DecoderOutput,
    pub(super) logits: Tensor<3>,
}

impl Run {
    pub(super) fn tapped(&self, stack: Stack) -> &Tapped {
        match stack {
            Stack::Encoder => &self.encoder.as_ref().expect("an encoder").tapped,
            Stack::Decoder => &self.decoder.tapped.own,
        }
    }

    pub(super) fn last(&self, stack: Stack) -> Tensor<3> {
        match stack {
            Stack::Encoder => self
                .encoder
                .as_ref()
                .expect("an encoder")
                .last_hidden_state
                .clone(),
            Stack::Decoder => self.decoder.last_hidden_state.clone(),
        }
    }
}

/// Halves what the block inside gives.
#[derive(Module, Debug)]
pub(super) struct Halved {
    inner: FeedForward,
}

impl Ffn for Halved {
    fn forward(&self, x: Tensor<3>, context: &mut FfnContext<'_>) -> Tensor<3> {
        self.inner.forward(x, context) * 0.5
    }
}

/// A family of language models. GPT-2 reads only the decoder's half of an input.
pub(super) trait Family: PretrainedModel {
    const STACKS: &'static [Stack];
    /// Whether a layer ends with the normalization of its feed-forward block.
    const POST_NORM: bool;
    /// The row of position 0, where positions are rows of a table.
    const FIRST_POSITION: Option<usize>;

    fn tiny(device: &Device) -> Self;
    fn run(&self, input: &Seq2SeqInput) -> Run;
    fn ffn(&self, stack: Stack, layer: usize) -> &FeedForward;
    /// The normalization of a layer's feed-forward block.
    fn ffn_norm(&self, stack: Stack, layer: usize, x: Tensor<3>) -> Tensor<3>;
    /// The word table.
    fn table(&self) -> Tensor<2>;
    /// What a vector of the table is multiplied by.
    fn scale(&self) -> f64;
    fn logits_at(
        &self,
        hidden: Tensor<3>,
        places: Tensor<1, Int>,
        rows: Option<Tensor<1, Int>>,
    ) -> Tensor<2>;
    /// Scores with all feed-forward blocks halved, the blocks that were asked for, and the model
    /// with its own blocks put back.
    fn halved(self, input: &Seq2SeqInput) -> (Tensor<3>, Vec<(Stack, usize)>, Self);
    /// This model with the last decoder layer of `other`.
    fn with_last_layer_of(self, other: &Self) -> Self;

    /// Word vectors as the model makes them of ids.
    fn embed(&self, ids: Tensor<2, Int>) -> Tensor<3> {
        let [batch, length] = ids.dims();
        let rows = self.table().select(0, ids.reshape([batch * length]));
        rows.reshape([batch, length, WIDTH]) * self.scale()
    }
}

/// The half of an input that `stack` reads.
pub(super) fn half(input: &mut Seq2SeqInput, stack: Stack) -> &mut EncoderInput {
    match stack {
        Stack::Encoder => &mut input.encoder,
        Stack::Decoder => &mut input.decoder,
    }
}

/// Two examples with padding in both stacks.
pub(super) fn batch(device: &Device) -> Seq2SeqInput {
    let encoder = ids(&[&[2, 9, 8, 7, 3], &[2, 5, 3, 0, 0]], device);
    let decoder = ids(&[&[4, 7, 6, 9], &[4, 8, 5, 0]], device);
    Seq2SeqInput::new(
        EncoderInput::ids(encoder).with_padding(padding(&[5, 3], 5, device)),
        EncoderInput::ids(decoder).with_padding(padding(&[4, 3], 4, device)),
    )
}

macro_rules! seq2seq {
    ($model:ident, $post_norm:literal, $first:expr, $config:expr, $scale:expr) => {
        impl Family for $model {
            const STACKS: &'static [Stack] = &[Stack::Encoder, Stack::Decoder];
            const POST_NORM: bool = $post_norm;
            const FIRST_POSITION: Option<usize> = $first;

            fn tiny(device: &Device) -> Self {
                Pretrained::new(&$config, Seed::new(1), device)
                    .unwrap()
                    .model
            }

            fn run(&self, input: &Seq2SeqInput) -> Run {
                let (output, logits) = self.forward(input);
                let encoder = Some(output.encoder);
                let decoder = output.decoder;
                Run {
                    encoder,
                    decoder,
                    logits,
                }
            }

            fn ffn(&self, stack: Stack, layer: usize) -> &FeedForward {
                match stack {
                    Stack::Encoder => &self.model.encoder.layers[layer].ffn,
                    Stack::Decoder => &self.model.decoder.layers[layer].ffn,
                }
            }

            fn ffn_norm(&self, stack: Stack, layer: usize, x: Tensor<3>) -> Tensor<3> {
                match stack {
                    Stack::Encoder => self.model.encoder.layers[layer].ffn_norm.forward(x),
                    Stack::Decoder => self.model.decoder.layers[layer].ffn_norm.forward(x),
                }
            }

            fn table(&self) -> Tensor<2> {
                self.model.shared.weight.val()
            }

            fn scale(&self) -> f64 {
                $scale
            }

            fn logits_at(
                &self,
                hidden: Tensor<3>,
                places: Tensor<1, Int>,
                rows: Option<Tensor<1, Int>>,
            ) -> Tensor<2> {
                $model::logits_at(self, hidden, places, rows)
            }

            fn halved(self, input: &Seq2SeqInput) -> (Tensor<3>, Vec<(Stack, usize)>, Self) {
                let mut seen = Vec::new();
                let halved = self.map_ffn(|stack, layer, inner| {
                    seen.push((stack, layer));
                    Halved { inner }
                });
                let (_, logits) = halved.forward(input);
                (logits, seen, halved.map_ffn(|_, _, block| block.inner))
            }

            fn with_last_layer_of(mut self, other: &Self) -> Self {
                let last = LAYERS - 1;
                self.model.decoder.layers[last] = other.model.decoder.layers[last].clone();
                self
            }
        }
    };
}

seq2seq!(
    T5ForConditionalGeneration,
    false,
    None,
    T5Config {
        d_model: WIDTH,
        d_kv: 6,
        d_ff: INTERMEDIATE,
        num_layers: LAYERS,
        num_decoder_layers: LAYERS,
        num_heads: 4,
        gated: true,
        tie_word_embeddings: false,
        scale_decoder_outputs: false,
        ..T5Config::t5(VOCABULARY)
    },
    1.0
);

seq2seq!(
    BartForConditionalGeneration,
    true,
    Some(2),
    BartConfig {
        max_position_embeddings: 32,
        d_model: WIDTH,
        encoder_layers: LAYERS,
        encoder_attention_heads: 4,
        encoder_ffn_dim: INTERMEDIATE,
        decoder_layers: LAYERS,
        decoder_attention_heads: 4,
        decoder_ffn_dim: INTERMEDIATE,
        init_std: 0.3,
        scale_embedding: true,
        ..BartConfig::bart(VOCABULARY)
    },
    (WIDTH as f64).sqrt()
);

impl Family for Gpt2LmHeadModel {
    const STACKS: &'static [Stack] = &[Stack::Decoder];
    const POST_NORM: bool = false;
    const FIRST_POSITION: Option<usize> = Some(0);

    fn tiny(device: &Device) -> Self {
        let config = Gpt2Config {
            n_positions: 32,
            n_embd: WIDTH,
            n_layer: LAYERS,
            n_head: 4,
            n_inner: INTERMEDIATE,
            initializer_range: 0.3,
            ..Gpt2Config::gpt2(VOCABULARY)
        };
        Pretrained::new(&config, Seed::new(1), device)
            .unwrap()
            .model
    }

    fn run(&self, input: &Seq2SeqInput) -> Run {
        let (decoder, logits) = self.forward(&input.decoder);
        let encoder = None;
        Run {
            encoder,
            decoder,
            logits,
        }
    }

    fn ffn(&self, _: Stack, layer: usize) -> &FeedForward {
        &self.model.layers[layer].ffn
    }

    fn ffn_norm(&self, _: Stack, layer: usize, x: Tensor<3>) -> Tensor<3> {
        self.model.layers[layer].ffn_norm.forward(x)
    }

    fn table(&self) -> Tensor<2> {
        self.model.word.weight.val()
    }

    fn scale(&self) -> f64 {
        1.0
    }

    fn logits_at(
        &self,
        hidden: Tensor<3>,
        places: Tensor<1, Int>,
        rows: Option<Tensor<1, Int>>,
    ) -> Tensor<2> {
        Self::logits_at(self, hidden, places, rows)
    }

    fn halved(self, input: &Seq2SeqInput) -> (Tensor<3>, Vec<(Stack, usize)>, Self) {
        let mut seen = Vec::new();
        let halved = self.map_ffn(|layer, inner| {
            seen.push((Stack::Decoder, layer));
            Halved { inner }
        });
        let (_, logits) = halved.forward(&input.decoder);
        (logits, seen, halved.map_ffn(|_, block| block.inner))
    }

    fn with_last_layer_of(mut self, other: &Self) -> Self {
        self.model.layers[LAYERS - 1] = other.model.layers[LAYERS - 1].clone();
        self
    }
}
