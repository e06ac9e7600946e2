//! The way from another activation to ReLU.

use std::collections::BTreeSet;

use burn::module::Module as _;
use burn::tensor::Tensor;
use plm_core::config::EncoderFamily;
use plm_core::kernel::Activation;
use plm_core::models::{
    BartForConditionalGeneration, EncoderForSequenceClassification, EncoderInput, Gpt2LmHeadModel,
    Pretrained, PretrainedModel, T5ForConditionalGeneration,
};
use plm_core::nn::{Ffn, Taps};
use plm_core::rng::Seed;
use plm_core::train::{AdamWConfig, Gradients, Optimizer};
use plm_moe::FeedForwards as _;
use plm_moe::relufy::{Blend, SparsityPenalty, blend_activations, set_relu, to_relu};

use super::support::{
    assert_close, bart_config, devices, encoder_config, gpt2_config, ids, numbers, t5_config,
    tolerance,
};

type Model = EncoderForSequenceClassification;

fn gelu(device: &burn::tensor::Device) -> Pretrained<Model> {
    let mut config = encoder_config(EncoderFamily::Bert);
    config.hidden_act = Activation::Gelu;
    Pretrained::new(&config, Seed::new(1), device).unwrap()
}

fn logits<F: Ffn>(
    model: &EncoderForSequenceClassification<F>,
    device: &burn::tensor::Device,
) -> Vec<f32> {
    numbers(model.forward(&EncoderInput::ids(ids(3, 6, device))).1)
}

#[test]
fn blending_begins_at_the_own_activation_and_ends_at_relu() {
    for (name, device) in devices() {
        let dense = gelu(&device).model;
        let blend = Blend::default();
        let blended = blend_activations(dense.clone(), &blend);
        let t = 10.0 * tolerance(name);
        let start = logits(&blended, &device);
        assert_close(&start, &logits(&dense, &device), t, name);
        blend.set(0.5);
        assert_ne!(logits(&blended, &device), start, "{name}");
        blend.set(7.0);
        assert_eq!(blend.get(), 1.0);
        let end = logits(&blended, &device);
        let relu = to_relu(blended, false);
        assert!(
            relu.ffns()
                .iter()
                .all(|(_, ffn)| ffn.activation == Activation::Relu)
        );
        assert_close(&logits(&relu, &device), &end, t, name);
    }
}

#[test]
#[should_panic(expected = "not a number")]
fn a_share_of_relu_must_be_a_number() {
    Blend::default().set(f64::NAN);
}

#[test]
fn biases_are_dropped_as_zeros() {
    let (_, device) = devices().remove(0);
    let mut pretrained = gelu(&device);
    let blended = blend_activations(pretrained.model, &Blend::default());
    pretrained.model = to_relu(blended, true);
    for (_, ffn) in pretrained.model.ffns() {
        let bias = numbers(ffn.inner.bias.as_ref().unwrap().val());
        assert!(bias.iter().all(|value| *value == 0.0));
    }
    let model = pretrained.model.clone().train();
    let input = EncoderInput::ids(ids(3, 6, &device.clone().autodiff()));
    let gradients = Gradients::of(&model.forward(&input).1.square().mean(), &model).unwrap();
    let mut optimizer = Optimizer::adamw(AdamWConfig::default(), 0.1);
    let trained = optimizer.step(model, gradients, 1.0).valid();
    for ((_, old), (_, new)) in pretrained.model.ffns().iter().zip(trained.ffns()) {
        let bias = numbers(new.inner.bias.as_ref().unwrap().val());
        assert!(bias.iter().all(|value| *value == 0.0), "{bias:?}");
        let (old, new) = (&old.inner.weight, &new.inner.weight);
        assert_ne!(numbers(old.val()), numbers(new.val()));
    }
    set_relu(&mut pretrained.config).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("relu");
    pretrained.save(&dir, &Default::default()).unwrap();
    let again = Pretrained::<Model>::load(&dir, &device).unwrap();
    let own = logits(&pretrained.model, &device);
    assert_close(&logits(&again.model, &device), &own, 1e-6, "saved");
}

#[test]
fn every_family_is_told_in_its_own_words() {
    fn check<M: PretrainedModel>(config: &M::Config, key: &str, value: &str) {
        let (_, device) = devices().remove(0);
        let mut file = Pretrained::<M>::new(config, Seed::new(1), &device)
            .unwrap()
            .config;
        set_relu(&mut file).unwrap();
        assert_eq!(file.fields()[key], value);
        use plm_core::config::ModelConfig as _;
        M::Config::from_file(&file).unwrap();
    }
    check::<Model>(&encoder_config(EncoderFamily::Bert), "hidden_act", "relu");
    check::<Model>(
        &encoder_config(EncoderFamily::DistilBert),
        "activation",
        "relu",
    );
    check::<BartForConditionalGeneration>(&bart_config(), "activation_function", "relu");
    check::<Gpt2LmHeadModel>(&gpt2_config(), "activation_function", "relu");
    let (plain, gated) = (t5_config(false), t5_config(true));
    check::<T5ForConditionalGeneration>(&plain, "feed_forward_proj", "relu");
    check::<T5ForConditionalGeneration>(&gated, "feed_forward_proj", "gated-relu");
}

#[test]
fn penalties_by_hand_and_with_gradients() {
    for (name, device) in devices() {
        let hidden: Tensor<3> = Tensor::from_data([[[1.0, -2.0, 3.0], [0.0, 2.0, 0.0]]], &device);
        let mut tapped = plm_core::nn::Tapped::default();
        assert!(SparsityPenalty::L1.value(&tapped).is_none());
        tapped.ffn_activations.insert(0, hidden);
        let value = |penalty: SparsityPenalty| numbers(penalty.value(&tapped).unwrap())[0];
        // The sign does not matter. Sums 6 and 2; squares of sums over sums of squares 36 / 14 and 1.
        assert!((value(SparsityPenalty::L1) - 4.0).abs() < 1e-5, "{name}");
        let hoyer: f32 = (36.0 / 14.0 + 1.0) / 2.0;
        assert!(
            (value(SparsityPenalty::SquareHoyer) - hoyer).abs() < 1e-5,
            "{name}"
        );

        let model = gelu(&device).model.train();
        let taps = Taps {
            ffn_activations: BTreeSet::from([0, 1]),
            ..Taps::default()
        };
        let tracked = device.clone().autodiff();
        let input = EncoderInput::ids(ids(3, 6, &tracked)).with_taps(taps);
        let (output, _) = model.forward(&input);
        let loss = SparsityPenalty::L1.value(&output.tapped).unwrap();
        let gradients = Gradients::of(&loss, &model).unwrap();
        assert!(
            gradients
                .paths()
                .any(|path| path.contains("layers.1.ffn.inner")),
            "{name}"
        );
    }
}
