//! BART against transformers.

use burn::module::Module;
use burn::tensor::{Int, Tensor};
use plm_core::models::{
    BartForConditionalGeneration, BartForQuestionAnswering, BartForSequenceClassification,
    Seq2SeqInput, loss,
};
use plm_core::nn::Taps;

use super::decoder_support::{both_inputs, check_generation, check_visible, load};
use super::fixture::{Fixture, devices};
use super::gradients::check_loss;

/// Whether files hold this weight transposed.
fn transposed(path: &str) -> bool {
    let tables = ["shared.", "position.", "lm_head."];
    path.ends_with(".weight") && !tables.iter().any(|table| path.contains(table))
}

fn language_model(name: &str) {
    let fixture = Fixture::open(name);
    for (device_name, device) in devices() {
        let pretrained = load::<BartForConditionalGeneration>(&fixture, &device);
        let model = pretrained.model.valid();
        for prefix in ["", "long."] {
            let check = |key: &str, x| check_visible::<3>(&fixture, prefix, key, x, device_name);
            let mut input = both_inputs(&fixture, prefix, &device);
            for stack in [&mut input.encoder, &mut input.decoder] {
                stack.taps = Taps {
                    hidden_states: (0..8).collect(),
                    ..Taps::default()
                };
            }
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
        let (_, logits) = pretrained
            .model
            .forward(&both_inputs(&fixture, "", &device));
        let loss = pretrained
            .model
            .loss(logits, fixture.ints("labels", &device));
        check_loss(&fixture, &pretrained, loss, device_name, transposed);
    }
}

#[test]
fn final_bias_and_scaled_embeddings() {
    language_model("bart-lm");
}

#[test]
fn without_prefix() {
    language_model("bart-noprefix");
}

#[test]
fn generation() {
    check_generation::<BartForConditionalGeneration>("bart-lm");
}

#[test]
fn sequence_classification() {
    let fixture = Fixture::open("bart-seqcls");
    for (device_name, device) in devices() {
        let pretrained = load::<BartForSequenceClassification>(&fixture, &device);
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
fn unequal_ends_of_sequence_are_refused() {
    let fixture = Fixture::open("bart-seqcls");
    let (_, device) = devices().remove(0);
    let model = load::<BartForSequenceClassification>(&fixture, &device)
        .model
        .valid();
    for ids in [[[5, 2, 2], [5, 6, 2]], [[5, 6, 7], [5, 6, 7]]] {
        let ids = Tensor::<2, Int>::from_data(ids, &device);
        let error = model
            .forward(&Seq2SeqInput::ids(ids.clone(), ids))
            .unwrap_err();
        assert!(error.to_string().contains("equally often"), "{error}");
    }
}

#[test]
fn question_answering() {
    let fixture = Fixture::open("bart-qa");
    for (device_name, device) in devices() {
        let pretrained = load::<BartForQuestionAnswering>(&fixture, &device);
        let model = pretrained.model.valid();
        for prefix in ["", "long."] {
            let (_, start, end) = model.forward(&both_inputs(&fixture, prefix, &device));
            fixture.check(&format!("{prefix}start_logits"), start, device_name);
            fixture.check(&format!("{prefix}end_logits"), end, device_name);
        }
        let input = both_inputs(&fixture, "", &device);
        let (_, start, end) = pretrained.model.forward(&input);
        let starts = fixture.ints("start_positions", &device);
        let ends = fixture.ints("end_positions", &device);
        let loss = loss::span_cross_entropy(start, end, starts, ends);
        check_loss(&fixture, &pretrained, loss, device_name, transposed);
    }
}
