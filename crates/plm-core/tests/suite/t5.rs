//! T5 against transformers.

use burn::module::Module;
use burn::tensor::Tensor;
use plm_core::models::{
    PretrainedModel, T5EncoderModel, T5ForConditionalGeneration, T5ForQuestionAnswering,
    T5ForSequenceClassification, T5ForTokenClassification,
};

use super::decoder_support::{
    all_states, both_inputs, check_generation, check_head, check_stacks, check_states,
    check_visible, class_loss, load, span_loss, stack_input, token_loss,
};
use super::fixture::{Fixture, devices};
use super::gradients::check_loss;

/// Whether files hold this weight transposed.
fn transposed(path: &str) -> bool {
    let tables = ["shared.", "relative_bias.", "lm_head."];
    path.ends_with(".weight") && !tables.iter().any(|table| path.contains(table))
}

fn language_model(name: &str) {
    let fixture = Fixture::open(name);
    for (device_name, device) in devices() {
        let pretrained = load::<T5ForConditionalGeneration>(&fixture, &device);
        let model = pretrained.model.valid();
        check_stacks(&fixture, (device_name, &device), |input| {
            model.forward(input)
        });
        let device = device.autodiff();
        let model = &pretrained.model;
        let labels = fixture.ints::<2>("labels", &device.clone().inner());
        let input = both_inputs(&fixture, "", &device.clone().inner());
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
fn tied_by_the_settings_and_not_by_the_file() {
    language_model("t5-lm-other-head");
}

#[test]
fn old_names() {
    language_model("t5-lm-oldkeys");
}

#[test]
fn attentions_of_both_stacks() {
    assert!(Fixture::open("t5-attentions").has("cross_attentions.0"));
    language_model("t5-attentions");
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
            check_states(
                &fixture,
                prefix,
                "hidden_states",
                output.tapped,
                device_name,
            );
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
    let run = |model: &T5ForSequenceClassification, fixture: &Fixture, prefix: &str, device: &_| {
        let (_, logits) = model
            .forward(&both_inputs(fixture, prefix, device))
            .unwrap();
        vec![("logits", logits)]
    };
    check_head("t5-seqcls", &["", "long."], transposed, run, class_loss);
}

#[test]
fn token_classification() {
    let run = |model: &T5ForTokenClassification, fixture: &Fixture, prefix: &str, device: &_| {
        let (_, logits) = model.forward(&stack_input(fixture, prefix, device));
        vec![("logits", logits)]
    };
    check_head("t5-tokcls", &["", "long."], transposed, run, token_loss);
}

#[test]
fn question_answering() {
    let run = |model: &T5ForQuestionAnswering, fixture: &Fixture, prefix: &str, device: &_| {
        let (_, start, end) = model.forward(&both_inputs(fixture, prefix, device));
        vec![("start_logits", start), ("end_logits", end)]
    };
    check_head("t5-qa", &["", "long."], transposed, run, span_loss);
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
