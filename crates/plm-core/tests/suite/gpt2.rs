//! GPT-2 against transformers.

use burn::module::Module;
use plm_core::models::{
    Gpt2ForQuestionAnswering, Gpt2ForSequenceClassification, Gpt2ForTokenClassification,
    Gpt2LmHeadModel, causal_cross_entropy, loss,
};
use plm_core::nn::Taps;

use super::decoder_support::{check_generation, check_visible, load, stack_input};
use super::fixture::{Fixture, check_close, devices};
use super::gradients::check_loss;

const SETS: [&str; 3] = ["", "long.", "left."];

/// Whether files hold this weight transposed: only those of heads, the layers' are `Conv1D`.
fn transposed(path: &str) -> bool {
    ["score.weight", "classifier.weight", "output.weight"].contains(&path)
}

fn language_model(name: &str) {
    let fixture = Fixture::open(name);
    for (device_name, device) in devices() {
        let pretrained = load::<Gpt2LmHeadModel>(&fixture, &device);
        let model = pretrained.model.valid();
        for prefix in SETS {
            let input = stack_input(&fixture, prefix, &device).with_taps(Taps {
                hidden_states: (0..8).collect(),
                ..Taps::default()
            });
            let (output, logits) = model.forward(&input);
            for (index, state) in output.tapped.own.hidden_states {
                let key = format!("hidden_states.{index}");
                check_visible(&fixture, prefix, &key, state, device_name);
            }
            let last = output.last_hidden_state;
            check_visible(&fixture, prefix, "last_hidden_state", last, device_name);
            check_visible(&fixture, prefix, "logits", logits.clone(), device_name);
            if prefix == "left." {
                let labels = fixture.ints("left.labels", &device);
                let value: f32 = causal_cross_entropy(logits, labels).into_scalar();
                check_close(&[value], &fixture.floats("left.loss").1, "left.loss");
            }
        }
        let (_, logits) = pretrained
            .model
            .forward(&stack_input(&fixture, "", &device));
        let loss = causal_cross_entropy(logits, fixture.ints("labels", &device));
        check_loss(&fixture, &pretrained, loss, device_name, transposed);
    }
}

#[test]
fn tied() {
    language_model("gpt2-lm");
}

#[test]
fn without_prefix() {
    language_model("gpt2-noprefix");
}

#[test]
fn generation() {
    check_generation::<Gpt2LmHeadModel>("gpt2-lm");
}

#[test]
fn sequence_classification() {
    let fixture = Fixture::open("gpt2-seqcls");
    for (device_name, device) in devices() {
        let pretrained = load::<Gpt2ForSequenceClassification>(&fixture, &device);
        let model = pretrained.model.valid();
        for prefix in SETS {
            let (_, logits) = model
                .forward(&stack_input(&fixture, prefix, &device))
                .unwrap();
            check_visible(&fixture, prefix, "logits", logits, device_name);
        }
        let input = stack_input(&fixture, "", &device);
        let (_, logits) = pretrained.model.forward(&input).unwrap();
        let loss = loss::cross_entropy(logits, fixture.ints("labels", &device));
        check_loss(&fixture, &pretrained, loss, device_name, transposed);
    }
}

#[test]
fn token_classification() {
    let fixture = Fixture::open("gpt2-tokcls");
    for (device_name, device) in devices() {
        let pretrained = load::<Gpt2ForTokenClassification>(&fixture, &device);
        let model = pretrained.model.valid();
        for prefix in SETS {
            let (_, logits) = model.forward(&stack_input(&fixture, prefix, &device));
            check_visible(&fixture, prefix, "logits", logits, device_name);
        }
        let (_, logits) = pretrained
            .model
            .forward(&stack_input(&fixture, "", &device));
        let loss = loss::token_cross_entropy(logits, fixture.ints("labels", &device));
        check_loss(&fixture, &pretrained, loss, device_name, transposed);
    }
}

#[test]
fn question_answering() {
    let fixture = Fixture::open("gpt2-qa");
    for (device_name, device) in devices() {
        let pretrained = load::<Gpt2ForQuestionAnswering>(&fixture, &device);
        let model = pretrained.model.valid();
        for prefix in SETS {
            let (_, start, end) = model.forward(&stack_input(&fixture, prefix, &device));
            check_visible(&fixture, prefix, "start_logits", start, device_name);
            check_visible(&fixture, prefix, "end_logits", end, device_name);
        }
        let (_, start, end) = pretrained
            .model
            .forward(&stack_input(&fixture, "", &device));
        let starts = fixture.ints("start_positions", &device);
        let ends = fixture.ints("end_positions", &device);
        let loss = loss::span_cross_entropy(start, end, starts, ends);
        check_loss(&fixture, &pretrained, loss, device_name, transposed);
    }
}
