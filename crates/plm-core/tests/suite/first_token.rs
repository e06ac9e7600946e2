//! The last layer for the first token alone against the whole layer.

use std::cell::RefCell;

use burn::module::Module;
use burn::tensor::{Bool, Device, Tensor, TensorData};
use plm_core::config::{EncoderConfig, EncoderFamily};
use plm_core::kernel::Activation;
use plm_core::models::{EncoderForSequenceClassification, EncoderInput, Pretrained};
use plm_core::nn::{
    AttentionMask, DropoutContext, DropoutMode, FeedForward, Ffn, FfnContext, Taps,
};
use plm_core::rng::Seed;

use super::fixture::devices;
use super::gradients::same_gradients;
use super::tensors::{differ, ids, padding, same};

const LAYERS: usize = 3;
const NEURONS: usize = 24;

pub(super) fn families() -> [EncoderConfig; 4] {
    [
        EncoderFamily::Bert,
        EncoderFamily::Roberta,
        EncoderFamily::Mpnet,
        EncoderFamily::DistilBert,
    ]
    .map(|family| EncoderConfig {
        pad_token_id: 1,
        hidden_size: 16,
        num_hidden_layers: LAYERS,
        num_attention_heads: 4,
        intermediate_size: NEURONS,
        hidden_act: Activation::Gelu,
        max_position_embeddings: 32,
        initializer_range: 0.3,
        ..EncoderConfig::of(family, 50)
    })
}

fn model(config: &EncoderConfig, device: &Device) -> EncoderForSequenceClassification {
    Pretrained::<EncoderForSequenceClassification>::new(config, Seed::new(4), device)
        .unwrap()
        .model
}

pub(super) fn batch(device: &Device) -> EncoderInput {
    let tokens = ids(&[&[2, 9, 8, 7, 3], &[2, 5, 3, 1, 1]], device);
    EncoderInput::ids(tokens).with_padding(padding(&[5, 3], 5, device))
}

/// Inputs that reach every branch.
pub(super) fn inputs(device: &Device) -> Vec<(&'static str, EncoderInput)> {
    let causal: Vec<bool> = (0..25).map(|at| at % 5 > at / 5 + 1).collect();
    let causal = Tensor::<3, Bool>::from_data(TensorData::new(causal, [1, 5, 5]), device);
    let named = DropoutContext {
        mode: DropoutMode::Mc { seed: 3, pass: 1 },
        example_ids: Some([40, 41].into()),
    };
    let factors = |length: usize| {
        let values: Vec<f32> = (0..length * NEURONS).map(|at| (at % 3) as f32).collect();
        Tensor::<3>::from_data(TensorData::new(values, [1, length, NEURONS]), device)
    };
    let taps = Taps {
        hidden_states: [LAYERS].into(),
        attentions: [LAYERS - 1].into(),
        ..Taps::default()
    };
    vec![
        ("padding", batch(device)),
        (
            "pairwise",
            batch(device).with_mask(AttentionMask::Pairwise(causal)),
        ),
        (
            "training",
            batch(device).with_dropout(DropoutMode::Train { seed: 9 }),
        ),
        ("named", batch(device).with_dropout_context(named)),
        (
            "a mask of neurons",
            batch(device).with_ffn_mask(LAYERS - 1, factors(1)),
        ),
        (
            "a mask of each token's neurons",
            batch(device).with_ffn_mask(LAYERS - 1, factors(5)),
        ),
        ("taps", batch(device).with_taps(taps)),
    ]
}

#[test]
fn scores_are_those_of_the_whole_layer() {
    for (name, device) in devices() {
        for config in families() {
            let model = model(&config, &device);
            let mut plain = None;
            for (what, input) in inputs(&device) {
                let what = format!("{what}, {:?} on {name}", config.family);
                let (output, expected) = model.forward(&input);
                same(model.logits(&input), expected.clone(), &what);
                let first = output.last_hidden_state.narrow(1, 0, 1);
                same(model.encoder.first_token(&input), first, &what);
                match &plain {
                    None => plain = Some(expected),
                    Some(_) if what.starts_with("taps") => {}
                    Some(plain) => differ(expected, plain.clone(), &what),
                }
            }
        }
    }
}

#[test]
fn gradients_are_those_of_the_whole_layer() {
    for (name, device) in devices() {
        let device = device.autodiff();
        for config in families() {
            let model = model(&config, &device);
            let input = batch(&device).with_dropout(DropoutMode::Train { seed: 5 });
            let loss = |logits: Tensor<2>| logits.powi_scalar(3).mean().backward();
            let whole = loss(model.forward(&input).1);
            let first = loss(model.logits(&input));
            let family = format!("{:?}", config.family);
            same_gradients(&model, &first, &whole, &family, name);
        }
    }
}

#[test]
fn a_model_without_layers_reads_its_embeddings() {
    for (_, device) in devices() {
        let mut model = model(&families()[0], &device);
        model.encoder.layers.clear();
        let input = batch(&device);
        same(model.logits(&input), model.forward(&input).1, "no layers");
    }
}

thread_local! {
    static TOKENS: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

/// Notes how many tokens it is asked about.
#[derive(Module, Debug)]
struct Counted {
    inner: FeedForward,
}

impl Ffn for Counted {
    fn forward(&self, x: Tensor<3>, context: &mut FfnContext<'_>) -> Tensor<3> {
        let [batch, length, _] = x.dims();
        TOKENS.with_borrow_mut(|tokens| tokens.push(batch * length));
        self.inner.forward(x, context)
    }
}

#[test]
fn the_last_block_is_asked_about_one_token_of_each_example() {
    for (_, device) in devices() {
        let model = model(&families()[0], &device).map_ffn(|_, inner| Counted { inner });
        let input = batch(&device);
        TOKENS.with_borrow_mut(Vec::clear);
        let _ = model.forward(&input);
        let _ = model.logits(&input);
        assert_eq!(TOKENS.take(), [10, 10, 10, 10, 10, 2]);
    }
}
