//! What the suites share: small models with distinct weights, and inputs.

use burn::tensor::{Device, Int, Tensor, TensorData};
use plm_core::config::{BartConfig, EncoderConfig, EncoderFamily, Gpt2Config, T5Config};
use plm_core::kernel::Activation;
use plm_core::models::{EncoderForSequenceClassification, EncoderInput, Pretrained, Stack};
use plm_core::nn::{FeedForward, FeedForwardConfig, Ffn, FfnContext, Tapped, Taps, init};
use plm_core::rng::Seed;
use plm_moe::{Capture, FfnInputs, Metric, MoeConfig, RouterKind};
use rand::RngExt;

pub(crate) const WIDTH: usize = 16;
pub(crate) const NEURONS: usize = 32;
pub(crate) const LAYERS: usize = 2;
pub(crate) const VOCABULARY: usize = 20;

/// Every compiled device under its name.
pub(crate) fn devices() -> Vec<(&'static str, Device)> {
    plm_core::device::available()
        .into_iter()
        .map(|name| (name, plm_core::device::parse(name).unwrap()))
        .collect()
}

/// How far results may differ on a device, relative to the largest.
pub(crate) fn tolerance(device: &str) -> f64 {
    match device {
        "flex" | "ndarray" => 1e-5,
        // GPUs may multiply in tf32.
        _ => 2e-3,
    }
}

pub(crate) fn encoder_config(family: EncoderFamily) -> EncoderConfig {
    EncoderConfig {
        hidden_size: WIDTH,
        num_hidden_layers: LAYERS,
        num_attention_heads: 4,
        intermediate_size: NEURONS,
        hidden_act: Activation::Relu,
        max_position_embeddings: 32,
        initializer_range: 0.3,
        num_labels: 3,
        ..EncoderConfig::of(family, VOCABULARY)
    }
}

pub(crate) fn t5_config(gated: bool) -> T5Config {
    T5Config {
        d_model: WIDTH,
        d_kv: 4,
        d_ff: NEURONS,
        num_layers: LAYERS,
        num_decoder_layers: LAYERS,
        num_heads: 4,
        gated,
        activation: if gated {
            Activation::GeluTanh
        } else {
            Activation::Relu
        },
        tie_word_embeddings: !gated,
        scale_decoder_outputs: !gated,
        ..T5Config::t5(VOCABULARY)
    }
}

pub(crate) fn bart_config() -> BartConfig {
    BartConfig {
        max_position_embeddings: 32,
        d_model: WIDTH,
        encoder_layers: LAYERS,
        encoder_attention_heads: 4,
        encoder_ffn_dim: NEURONS,
        decoder_layers: LAYERS,
        decoder_attention_heads: 4,
        decoder_ffn_dim: NEURONS,
        init_std: 0.3,
        ..BartConfig::bart(VOCABULARY)
    }
}

pub(crate) fn gpt2_config() -> Gpt2Config {
    Gpt2Config {
        n_positions: 32,
        n_embd: WIDTH,
        n_layer: LAYERS,
        n_head: 4,
        n_inner: NEURONS,
        initializer_range: 0.3,
        pad_token_id: Some(0),
        ..Gpt2Config::gpt2(VOCABULARY)
    }
}

/// A BERT classifier with ReLU.
pub(crate) fn classifier(device: &Device) -> Pretrained<EncoderForSequenceClassification> {
    Pretrained::new(&encoder_config(EncoderFamily::Bert), Seed::new(1), device).unwrap()
}

/// `rows` sequences of `length` tokens.
pub(crate) fn ids(rows: usize, length: usize, device: &Device) -> Tensor<2, Int> {
    let values: Vec<i64> = (0..rows * length)
        .map(|place| ((place * 7 + place / length * 3) % (VOCABULARY - 5) + 5) as i64)
        .collect();
    Tensor::<1, Int>::from_data(values.as_slice(), device).reshape([rows, length])
}

/// What a classifier's layers read over 40 sequences of 6 tokens.
pub(crate) fn captured(model: &EncoderForSequenceClassification, device: &Device) -> Capture {
    let mut capture = Capture::new(1_000);
    let input = EncoderInput::ids(ids(40, 6, device)).with_taps(Capture::taps(LAYERS));
    let (output, _) = model.forward(&input);
    capture
        .add(Stack::Encoder, &output.tapped, &[true; 240])
        .unwrap();
    capture
}

/// A feed-forward layer with normal weights.
pub(crate) fn layer(activation: Activation, gated: bool, device: &Device) -> FeedForward {
    let layer = FeedForwardConfig {
        hidden_size: WIDTH,
        intermediate_size: NEURONS,
        activation,
        gated,
        bias: true,
    }
    .init(device);
    init::initialize(layer, Seed::new(3), |_| init::Init::Normal(0.4))
}

/// Normal-like rows.
pub(crate) fn rows(tokens: usize, seed: u64) -> FfnInputs {
    let mut rng = Seed::new(seed).stream("rows");
    let mut normal = || (0..4).map(|_| rng.random::<f32>() - 0.5).sum::<f32>();
    FfnInputs {
        width: WIDTH,
        rows: (0..tokens * WIDTH).map(|_| normal() * 1.7).collect(),
    }
}

pub(crate) fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// Asserts that two lists agree, relative to the largest of the second.
pub(crate) fn assert_close(actual: &[f32], expected: &[f32], tolerance: f64, what: &str) {
    assert_eq!(actual.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(1e-6_f32, |max, x| max.max(x.abs()));
    for (place, (a, e)) in actual.iter().zip(expected).enumerate() {
        let gap = f64::from((a - e).abs());
        assert!(
            gap <= tolerance * f64::from(scale),
            "{what}[{place}]: {a}, expected {e}"
        );
    }
}

/// Runs a block over rows as one sequence.
pub(crate) fn run<F: Ffn>(block: &F, rows: &FfnInputs, device: &Device) -> Vec<f32> {
    let shape = [1, rows.tokens(), rows.width];
    let x = Tensor::from_data(TensorData::new(rows.rows.clone(), shape), device);
    numbers(forward(block, x))
}

/// A block's output without taps, masks and dropout.
pub(crate) fn forward<F: Ffn>(block: &F, x: Tensor<3>) -> Tensor<3> {
    let masks = Default::default();
    let mut context = FfnContext {
        layer: 0,
        taps: &Taps::default(),
        tapped: &mut Tapped::default(),
        masks: &masks,
        dropout: None,
    };
    block.forward(x, &mut context)
}

/// Experts of four neurons, half of them taken by similarity.
pub(crate) fn config() -> MoeConfig {
    MoeConfig {
        expert_size: 4,
        router: RouterKind::Similarity(Metric::Cosine),
        share: 0.5,
        ..MoeConfig::default()
    }
}
