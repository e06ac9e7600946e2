//! T5 against transformers.

use burn::module::Module;
use burn::tensor::Tensor;
use plm_core::models::{
    PretrainedModel, T5EncoderModel, T5ForConditionalGeneration, T5ForSequenceClassification,
    T5ForTokenClassification, loss,
};
use plm_core::nn::Taps;

use super::decoder_support::{both_inputs, check_generation, check_visible, load, stack_input};
use super::fixture::{Fixture, devices};
use super::gradients::check_loss;

/// Whether files hold this weight transposed.
fn transposed(path: &str) -> bool {
    let tables = ["shared.", "relative_bias.", "lm_head."];
    path.ends_with(".weight") && !tables.iter().any(|table| path.contains(table))
}

fn all_states() -> Taps {
    Taps {
        hidden_states: (0..8).collect(),
        ..Taps::default()
    }
}

fn language_model(name: &str) {
    let fixture = Fixture::open(name);
    for (device_name, device) in devices() {
        let pretrained = load::<T5ForConditionalGeneration>(&fixture, &device);
        let model = pretrained.model.valid();
        for prefix in ["", "long."] {
            let check = |key: &str, x| check_visible::<3>(&fixture, prefix, key, x, device_name);
            let mut input = both_inputs(&fixture, prefix, &device);
            input.encoder.taps = all_states();
            input.decoder.taps = all_states();
            let (output, logits) = model.forward(&input);
            for (index, state) in output.encoder.tapped.hidden_states {
                check(&format!("encoder_hidden_states.{index}"), state);
            }
            for (index, state) in output.decoder.tapped.own.hidden_states {
                check(&format!("decoder_hidden_states.{index}"), state);
            }
            check(
                "encoder_last_hidden_state",
                output.encoder.last_hidden_state,
            );
            check("logits", logits);
        }
        let device = device.autodiff();
        let model = &pretrained.model;
        let labels = fixture.ints::<2>("labels", &device.clone().inner());
        let mut input = both_inputs(&fixture, "", &device.clone().inner());
        let ids = model.decoder_ids(labels.clone());
        let (shape, expected) = fixture.integers("decoder_input_ids");
        assert_eq!(ids.dims().to_vec(), shape);
        // The label inside a sequence that is ignored has no id to come back to.
        let found = ids.to_data().convert::<i64>().try_to_vec::<i64>().unwrap();
        let (_, targets) = fixture.integers("labels");
        for (at, (found, expected)) in found.iter().zip(&expected).enumerate() {
            if at % shape[1] == 0 || targets[at - 1] >= 0 {
                assert_eq!(found, expected);
            } else {
                assert_eq!(*found, 0);
            }
        }
        input.decoder.taps = Taps::default();
        let (_, logits) = model.forward(&input);
        let loss = model.loss(logits, labels);
        check_loss(&fixture, &pretrained, loss, device_name, transposed);
    }
}

#[test]
fn relu_tied() {
    language_model("t5-lm");
}

#[test]
fn gated_untied() {
    language_model("t5-gated-lm");
}

#[test]
fn old_names() {
    language_model("t5-lm-oldkeys");
}

#[test]
fn generation() {
    check_generation::<T5ForConditionalGeneration>("t5-lm");
    check_generation::<T5ForConditionalGeneration>("t5-gated-lm");
}

#[test]
fn encoder() {
    let fixture = Fixture::open("t5-encoder");
    for (device_name, device) in devices() {
        let pretrained = load::<T5EncoderModel>(&fixture, &device);
        let model = pretrained.model.valid();
        for prefix in ["", "long."] {
            let input = stack_input(&fixture, prefix, &device).with_taps(all_states());
            let output = model.forward(&input);
            for (index, state) in output.tapped.hidden_states {
                let key = format!("hidden_states.{index}");
                check_visible(&fixture, prefix, &key, state, device_name);
            }
            let last = output.last_hidden_state;
            check_visible(&fixture, prefix, "last_hidden_state", last, device_name);
        }
        let output = pretrained
            .model
            .forward(&stack_input(&fixture, "", &device));
        let weights: Tensor<3> = fixture.tensor("cotangent.last_hidden_state", &device);
        let batch = weights.dims()[0] as f64;
        let weights = Tensor::from_inner(weights);
        let loss = (output.last_hidden_state * weights).sum() / batch;
        check_loss(&fixture, &pretrained, loss, device_name, transposed);
    }
}

#[test]
fn sequence_classification() {
    let fixture = Fixture::open("t5-seqcls");
    for (device_name, device) in devices() {
        let pretrained = load::<T5ForSequenceClassification>(&fixture, &device);
        let model = pretrained.model.valid();
        for prefix in ["", "long."] {
            let input = both_inputs(&fixture, prefix, &device);
            let (_, logits) = model.forward(&input).unwrap();
            fixture.check(&format!("{prefix}logits"), logits, device_name);
        }
        let input = both_inputs(&fixture, "", &device);
        let (_, logits) = pretrained.model.forward(&input).unwrap();
        let loss = loss::cross_entropy(logits, fixture.ints("labels", &device));
        check_loss(&fixture, &pretrained, loss, device_name, transposed);
    }
}

#[test]
fn token_classification() {
    let fixture = Fixture::open("t5-tokcls");
    for (device_name, device) in devices() {
        let pretrained = load::<T5ForTokenClassification>(&fixture, &device);
        let model = pretrained.model.valid();
        for prefix in ["", "long."] {
            let (_, logits) = model.forward(&stack_input(&fixture, prefix, &device));
            fixture.check(&format!("{prefix}logits"), logits, device_name);
        }
        let (_, logits) = pretrained
            .model
            .forward(&stack_input(&fixture, "", &device));
        let loss = loss::token_cross_entropy(logits, fixture.ints("labels", &device));
        check_loss(&fixture, &pretrained, loss, device_name, transposed);
    }
}

#[test]
fn the_head_of_a_new_model_follows_the_settings() {
    use plm_core::config::{ConfigFile, ModelConfig, T5Config};
    let fixture = Fixture::open("t5-gated-lm");
    let text = std::fs::read(fixture.dir.join("config.v5.json")).unwrap();
    let fields: serde_json::Map<_, _> = serde_json::from_slice(&text).unwrap();
    let config = T5Config::from_file(&ConfigFile::from_fields("config.v5.json", fields)).unwrap();
    assert!(!config.tie_word_embeddings && !config.scale_decoder_outputs);
    let (_, device) = devices().remove(0);
    let model = T5ForConditionalGeneration::from_config(&config, &[], &device);
    assert!(model.lm_head.is_some());
    let tied = ["shared.weight".to_owned()];
    let model = T5ForConditionalGeneration::from_config(&config, &tied, &device);
    assert!(model.lm_head.is_none());
}
